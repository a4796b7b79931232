import type { EntityManager } from 'typeorm';

/** Chosen once, for ever: two processes must not both make the same partition. */
const PARTITION_LOCK = 7_215_002;

/** Months that have a partition, as `YYYY-MM`, oldest first. Served by the system catalog. */
export async function loadPartitionMonths(tx: EntityManager): Promise<string[]> {
  const rows = await tx.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'usage_events'::regclass AND c.relname ~ '^usage_events_[0-9]{4}_[0-9]{2}$' ORDER BY 1`,
  );
  return rows.map(({ name }) => name.slice(-7).replace('_', '-'));
}

/**
 * Makes the partitions of these months (`YYYY-MM`) that are missing. Each is built beside the table and attached: that locks
 * out neither readers nor writers, as creating it in place would.
 */
export async function createPartitions(tx: EntityManager, months: string[]): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
  const present = new Set(await loadPartitionMonths(tx));
  for (const month of months.filter((candidate) => !present.has(candidate)).sort()) {
    const table = partitionOf(month);
    await tx.query(`CREATE TABLE ${table} (LIKE usage_events INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS)`);
    await tx.query(
      `ALTER TABLE usage_events ATTACH PARTITION ${table} FOR VALUES FROM ('${month}-01 00:00:00+00') TO ('${monthAfter(month)}-01 00:00:00+00')`,
    );
  }
}

/** Removes a month's events at once. */
export async function dropPartition(tx: EntityManager, month: string): Promise<void> {
  await tx.query(`DROP TABLE ${partitionOf(month)}`);
}

function partitionOf(month: string): string {
  if (!/^\d{4}-\d{2}$/.test(month)) throw new Error(`Not a month: ${month}`);
  return `usage_events_${month.replace('-', '_')}`;
}

export function monthAfter(month: string): string {
  const [year, number] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}
