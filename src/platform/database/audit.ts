import type { EntityManager, QueryRunner } from 'typeorm';
import { newId } from './ids.js';

/** Where a change comes from. The operation is the mutation that runs; null: none yet. */
export interface Trail {
  requestId: string;
  operation: string | null;
}

/**
 * Tables whose changes are not noted: usage, and what is held for it (its rows are their own record, and it is the hot path), what
 * counts and numbers, and the log itself.
 */
export const UNAUDITED = [
  'audit_entries',
  'credit_note_counters',
  'entitlement_reservations',
  'entitlement_versions',
  'invoice_counters',
  'usage_counter_members',
  'usage_counters',
  'usage_event_keys',
  'usage_events',
  'worker_run_shares',
];

/**
 * Lets the database note what a mutation changes, in whatever table: none can be forgotten. The trigger costs a look at a setting
 * where nothing is to be noted, as in billing runs. Run at every start, after the migrations.
 */
export async function applyAudit(runner: QueryRunner): Promise<void> {
  const tables = await runner.manager.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('organization_id', 'id')
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND (a.attname = 'organization_id' OR c.relname = 'organizations') AND c.relname <> ALL ($1)
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = c.relname || '_audit')
      GROUP BY c.relname ORDER BY 1`,
    [UNAUDITED],
  );
  for (const { name } of tables)
    await runner.query(
      `CREATE TRIGGER ${name}_audit AFTER INSERT OR UPDATE OR DELETE ON ${name} FOR EACH ROW
         WHEN (current_setting('fluxrate.audit', true) = 'on') EXECUTE FUNCTION note_change()`,
    );
}

/** Has the transaction note what it changes. */
export const BEGIN_AUDIT: readonly [name: string, value: string][] = [
  ['fluxrate.audit', 'on'],
  ['fluxrate.changes', ''],
];

/** Ends a transaction that notes its changes: one entry for all of them, none without any. */
export async function recordAudit(tx: EntityManager, actor: string, { requestId, operation }: Trail): Promise<void> {
  await tx.query(`SELECT record_audit($1, $2, $3, $4) WHERE current_setting('fluxrate.changes') <> ''`, [
    newId(),
    actor,
    requestId,
    operation,
  ]);
}

export interface Change {
  table: string;
  before: object | null;
  after: object | null;
}

/** Notes what the transaction sets in motion, where rows would say less or too much. */
export async function noteChange(tx: EntityManager, change: Change): Promise<void> {
  await tx.query(
    `SELECT set_config('fluxrate.changes', concat(current_setting('fluxrate.changes', true), ',', $1::text), true)`,
    [JSON.stringify(change)],
  );
}
