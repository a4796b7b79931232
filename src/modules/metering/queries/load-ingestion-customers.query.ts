import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { newId } from '../../../platform/database/ids.js';

export interface IngestionCustomer {
  id: string;
  externalId: string;
  /** The time of the customer's test clock; null: real time. */
  clockNow: Date | null;
}

/** Customers by external id, with their clock's time. Served by the unique key customers_external_id_key. */
export async function loadIngestionCustomers(tx: EntityManager, externalIds: string[]): Promise<Map<string, IngestionCustomer>> {
  const rows = await tx.query<IngestionCustomer[]>(
    `SELECT c.id, c.external_id AS "externalId", t.clock_now AS "clockNow"
       FROM customers c LEFT JOIN test_clocks t ON t.organization_id = c.organization_id AND t.id = c.test_clock_id
      WHERE c.organization_id = $1 AND c.external_id = ANY ($2::text[])`,
    [organizationOf(tx), externalIds],
  );
  return new Map(rows.map((row) => [row.externalId, row]));
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
