import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { BillingStep } from '../billing-failure.entity.js';
import { MAX_BILLING_FAILURES } from './claim-due-work.query.js';

export interface NotedFailure {
  subscriptionId: string | null;
  attempt: number;
  /** Null: parked. */
  retryAt: Date | null;
}

const TABLES: Record<BillingStep, { table: string; subscriptionId: string }> = {
  BILL: { table: 'subscriptions', subscriptionId: 'id' },
  FINALIZE: { table: 'invoices', subscriptionId: 'subscription_id' },
};

/** Notes that a step failed: the next attempt waits 5, then 30 minutes; the third failure parks it. Null: it is there no more. */
export async function noteFailure(tx: EntityManager, step: BillingStep, id: string, now: Date): Promise<NotedFailure | null> {
  const { table, subscriptionId } = TABLES[step];
  const [rows] = await tx.query<[NotedFailure[], number]>(
    `UPDATE ${table} SET billing_failures = billing_failures + 1,
            retry_at = CASE billing_failures WHEN 0 THEN $3::timestamptz + interval '5 minutes' WHEN 1 THEN $3::timestamptz + interval '30 minutes' END
      WHERE organization_id = $1 AND id = $2 ${step === 'FINALIZE' ? `AND status = 'DRAFT'` : ''}
      RETURNING ${subscriptionId} AS "subscriptionId", billing_failures AS attempt, retry_at AS "retryAt"`,
    [organizationOf(tx), id, now],
  );
  return rows[0] ?? null;
}

/**
 * How many subscriptions and drafts are parked, in all organizations, by the worker that leaves them alone. Served by
 * subscriptions_parked_idx and invoices_parked_idx.
 */
export async function countParked(tx: EntityManager): Promise<{ invoice_generator: number; invoice_finalizer: number }> {
  const [row] = await tx.query<{ invoice_generator: number; invoice_finalizer: number }[]>(
    `SELECT (SELECT count(*)::int FROM subscriptions WHERE billing_failures >= ${MAX_BILLING_FAILURES} AND test_clock_id IS NULL) AS invoice_generator,
            (SELECT count(*)::int FROM invoices WHERE status = 'DRAFT' AND billing_failures >= ${MAX_BILLING_FAILURES} AND test_clock_id IS NULL) AS invoice_finalizer`,
  );
  return row;
}

/** Takes up a subscription's billing again, and that of its drafts. Served by the primary key and invoices_subscription_idx. */
export async function forgetFailures(tx: EntityManager, subscriptionId: string): Promise<void> {
  const key = [organizationOf(tx), subscriptionId];
  await tx.query(
    'UPDATE subscriptions SET billing_failures = 0, retry_at = NULL WHERE organization_id = $1 AND id = $2 AND billing_failures > 0',
    key,
  );
  await tx.query(
    `UPDATE invoices SET billing_failures = 0, retry_at = NULL
      WHERE organization_id = $1 AND subscription_id = $2 AND status = 'DRAFT' AND billing_failures > 0`,
    key,
  );
}
