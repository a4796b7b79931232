import type { EntityManager } from 'typeorm';
import { organizationOf, type PreparedStatement } from '../../../platform/database/database.js';
import { newId } from '../../../platform/database/ids.js';

export interface IngestionCustomer {
  id: string;
  externalId: string;
  /** Null: the customer lives in real time. */
  testClockId: string | null;
}

/** Customers by external id. Served by the unique key customers_external_id_key. */
export const lookUpCustomers = (organizationId: string, externalIds: string[]): PreparedStatement => ({
  name: 'look_up_customers',
  text: `SELECT id, external_id AS "externalId", test_clock_id AS "testClockId" FROM customers
          WHERE organization_id = $1 AND external_id = ANY ($2::text[])`,
  values: [organizationId, externalIds],
});

/** Which of these customers the transaction's actor may see. Served by the primary key. */
export async function findOpenCustomers(tx: EntityManager, ids: string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }[]>('SELECT id FROM customers WHERE organization_id = $1 AND id = ANY ($2::uuid[])', [
    organizationOf(tx),
    ids,
  ]);
  return new Set(rows.map(({ id }) => id));
}

/** The present time of test clocks. Served by the primary key. */
export async function loadClockTimes(tx: EntityManager, clockIds: string[]): Promise<Map<string, Date>> {
  const rows = await tx.query<{ id: string; now: Date }[]>(
    'SELECT id, clock_now AS now FROM test_clocks WHERE organization_id = $1 AND id = ANY ($2::uuid[])',
    [organizationOf(tx), clockIds],
  );
  return new Map(rows.map(({ id, now }) => [id, now]));
}

/**
 * Creates the customers that usage named and nobody knew, in one order, so that two batches never deadlock. Returns the ids of
 * those that it made: another batch may have been first.
 */
export async function createProvisionalCustomers(tx: EntityManager, externalIds: string[], now: Date): Promise<string[]> {
  const sorted = [...externalIds].sort();
  const rows = await tx.query<{ id: string }[]>(
    `INSERT INTO customers (organization_id, id, external_id, provisional, created_at, updated_at)
     SELECT $1, i.id, i.external_id, true, $4, $4 FROM unnest($2::uuid[], $3::text[]) AS i (id, external_id)
     ON CONFLICT ON CONSTRAINT customers_external_id_key DO NOTHING RETURNING id`,
    [organizationOf(tx), sorted.map(() => newId()), sorted, now],
  );
  return rows.map((row) => row.id);
}

/** Deletes customers that this transaction has made. Served by the primary key. */
export async function deleteCustomers(tx: EntityManager, ids: string[]): Promise<void> {
  await tx.query('DELETE FROM customers WHERE organization_id = $1 AND id = ANY ($2::uuid[])', [organizationOf(tx), ids]);
}
