import type { EntityManager } from 'typeorm';
import { In } from 'typeorm';
import { Subscription } from '../../subscriptions/index.js';

/** After this many failures in a row a subscription's billing waits for a person. */
export const MAX_BILLING_FAILURES = 3;

/**
 * Locks up to `limit` subscriptions that are due, the longest due first, leaving out what another process has locked: a
 * process that dies gives its claim back with its connection. `only`: just this one. Served by subscriptions_due_idx.
 */
export async function claimDueSubscriptions(
  tx: EntityManager,
  now: Date,
  limit: number,
  only: string | null = null,
): Promise<Subscription[]> {
  const claimed = await tx.query<{ id: string; organization_id: string }[]>(
    `SELECT organization_id, id FROM subscriptions
      WHERE test_clock_id IS NULL AND due_at <= $1 AND billing_failures < $3 AND (retry_at IS NULL OR retry_at <= $1)
        AND ($4::uuid IS NULL OR id = $4)
      ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
    [now, limit, MAX_BILLING_FAILURES, only],
  );
  return loadSubscriptions(tx, claimed);
}

/** As `claimDueSubscriptions`, for the customers of one test clock. Served by subscriptions_test_clock_due_idx. */
export async function claimDueOnTestClock(
  tx: EntityManager,
  testClockId: string,
  now: Date,
  limit: number,
): Promise<Subscription[]> {
  const claimed = await tx.query<{ id: string; organization_id: string }[]>(
    `SELECT organization_id, id FROM subscriptions WHERE test_clock_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 FOR NO KEY UPDATE`,
    [testClockId, now, limit],
  );
  return loadSubscriptions(tx, claimed);
}

async function loadSubscriptions(tx: EntityManager, keys: { id: string; organization_id: string }[]): Promise<Subscription[]> {
  if (keys.length === 0) return [];
  const organizationId = In([...new Set(keys.map((key) => key.organization_id))]);
  return tx.findBy(Subscription, { organizationId, id: In(keys.map((key) => key.id)) });
}

/** Notes a failure: the next attempt waits 5, then 30 minutes; the third failure parks the billing. */
export async function recordBillingFailure(
  tx: EntityManager,
  key: { organizationId: string; id: string },
  now: Date,
): Promise<void> {
  await tx.query(
    `UPDATE subscriptions SET billing_failures = billing_failures + 1,
            retry_at = $3::timestamptz + CASE WHEN billing_failures = 0 THEN interval '5 minutes' ELSE interval '30 minutes' END
      WHERE organization_id = $1 AND id = $2`,
    [key.organizationId, key.id, now],
  );
}

export interface InvoiceKey {
  organizationId: string;
  id: string;
}

/** Drafts whose review window is over, oldest first. Served by invoices_finalize_idx. */
export const findDraftsToFinalize = (tx: EntityManager, now: Date, limit: number): Promise<InvoiceKey[]> =>
  tx.query<InvoiceKey[]>(
    `SELECT organization_id AS "organizationId", id FROM invoices
      WHERE status = 'DRAFT' AND finalize_at <= $1 AND test_clock_id IS NULL ORDER BY finalize_at LIMIT $2`,
    [now, limit],
  );

export const findDraftsOnTestClock = (tx: EntityManager, testClockId: string, now: Date): Promise<InvoiceKey[]> =>
  tx.query<InvoiceKey[]>(
    `SELECT organization_id AS "organizationId", id FROM invoices
      WHERE status = 'DRAFT' AND finalize_at <= $2 AND test_clock_id = $1 ORDER BY finalize_at, id`,
    [testClockId, now],
  );

/** ACTIVE subscriptions with an OPEN invoice whose due date has passed. Served by invoices_open_idx. */
export const findNewlyOverdue = (tx: EntityManager, testClockId: string | null, now: Date): Promise<InvoiceKey[]> =>
  tx.query<InvoiceKey[]>(
    `SELECT DISTINCT s.organization_id AS "organizationId", s.id
       FROM invoices i JOIN subscriptions s ON s.organization_id = i.organization_id AND s.id = i.subscription_id
      WHERE i.status = 'OPEN' AND i.due_at <= $2 AND s.status = 'ACTIVE' AND i.test_clock_id IS NOT DISTINCT FROM $1::uuid`,
    [testClockId, now],
  );

/** The next instant, up to `to`, at which something falls due on a test clock. */
export async function nextOnTestClock(tx: EntityManager, testClockId: string, to: Date): Promise<Date | null> {
  const [row] = await tx.query<{ next: Date | null }[]>(
    `SELECT least(
       (SELECT min(due_at) FROM subscriptions WHERE test_clock_id = $1),
       (SELECT min(finalize_at) FROM invoices WHERE test_clock_id = $1 AND status = 'DRAFT'),
       (SELECT min(i.due_at) FROM invoices i JOIN subscriptions s ON s.organization_id = i.organization_id AND s.id = i.subscription_id
         WHERE i.test_clock_id = $1 AND i.status = 'OPEN' AND s.status = 'ACTIVE')) AS next`,
    [testClockId],
  );
  return row.next !== null && row.next <= to ? row.next : null;
}
