import type pg from 'pg';
import { LINES, NEXT_END, withClient, type BenchDatabase } from './billing-world.js';

const CHUNK = 200;

/** Rows as a run of ours has stored them: what the baselines write without having to work them out. */
export interface ReadyRows {
  invoices: Map<string, object>;
  lines: Map<string, object[]>;
}

/** Reads what a run has stored, by subscription. */
export async function readyRows(database: BenchDatabase): Promise<ReadyRows> {
  return withClient(database.url, async (db) => {
    const invoices = new Map<string, object>();
    const lines = new Map<string, object[]>();
    type Row = { subscription_id: string; row: object };
    for (const { subscription_id: id, row } of (await db.query<Row>('SELECT subscription_id, to_jsonb(i) AS row FROM invoices i'))
      .rows)
      invoices.set(id, row);
    for (const { subscription_id: id, row } of (
      await db.query<Row>('SELECT subscription_id, to_jsonb(l) AS row FROM invoice_lines l')
    ).rows) {
      const own = lines.get(id);
      if (own) own.push(row);
      else lines.set(id, [row]);
    }
    return { invoices, lines };
  });
}

interface Claimed {
  id: string;
  plan_id: string;
  customer_id: string;
}

const CLAIM = `SELECT id, plan_id, customer_id FROM subscriptions WHERE test_clock_id IS NULL AND due_at <= now() AND billing_failures < 3
                ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED`;
const INSERT_INVOICES = 'INSERT INTO invoices SELECT * FROM jsonb_populate_recordset(NULL::invoices, $1::jsonb)';
const INSERT_LINES = 'INSERT INTO invoice_lines SELECT * FROM jsonb_populate_recordset(NULL::invoice_lines, $1::jsonb)';
const ADVANCE = `UPDATE subscriptions SET current_period_start = current_period_end, current_period_end = $2, due_at = $2 WHERE id = ANY ($1::uuid[])`;

/** Bare chunks: claims, writes ready rows in bulk and moves the periods on. Reads no plan and no usage, and prices nothing. */
export const billBareChunks = (database: BenchDatabase, { invoices, lines }: ReadyRows): Promise<number> =>
  inTransactions(database, CHUNK, async (db, claimed) => {
    const ids = claimed.map(({ id }) => id);
    await db.query(INSERT_INVOICES, [JSON.stringify(ids.map((id) => invoices.get(id)))]);
    await db.query(INSERT_LINES, [JSON.stringify(ids.flatMap((id) => lines.get(id) ?? []))]);
    await db.query(ADVANCE, [ids, NEXT_END]);
  });

/**
 * A transaction a subscription, as it is usually written: the plan's charges, a sum a meter, an insert a line. Prices nothing
 * either: the lines are the ready ones.
 */
export const billOneByOne = (database: BenchDatabase, { invoices, lines }: ReadyRows): Promise<number> =>
  inTransactions(database, 1, async (db, [{ id, plan_id, customer_id }]) => {
    const charges = await db.query<{ meter_id: string | null }>('SELECT * FROM charges WHERE plan_id = $1 ORDER BY position', [
      plan_id,
    ]);
    if (charges.rows.length !== LINES) throw new Error(`Found ${charges.rows.length} charges.`);
    for (const { meter_id } of charges.rows) {
      if (meter_id === null) continue;
      await db.query(
        `SELECT sum(total), sum(event_count) FROM usage_counters c JOIN subscriptions s USING (organization_id, customer_id)
          WHERE s.id = $3 AND c.meter_id = $1 AND c.customer_id = $2 AND c.day >= s.current_period_start::date AND c.day < s.current_period_end::date`,
        [meter_id, customer_id, id],
      );
    }
    await db.query(INSERT_INVOICES, [JSON.stringify([invoices.get(id)])]);
    for (const line of lines.get(id) ?? []) await db.query(INSERT_LINES, [JSON.stringify([line])]);
    await db.query(ADVANCE, [[id], NEXT_END]);
  });

async function inTransactions(
  database: BenchDatabase,
  limit: number,
  work: (db: pg.Client, claimed: Claimed[]) => Promise<void>,
): Promise<number> {
  return withClient(database.url, async (db) => {
    for (let done = 0; ;) {
      await db.query('BEGIN');
      const { rows } = await db.query<Claimed>(CLAIM, [limit]);
      if (rows.length > 0) await work(db, rows);
      await db.query('COMMIT');
      if (rows.length === 0) return done;
      done += rows.length;
    }
  });
}
