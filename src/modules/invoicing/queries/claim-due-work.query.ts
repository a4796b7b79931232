import type { EntityManager } from 'typeorm';
import { In } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { Subscription } from '../../subscriptions/index.js';

/** After this many failures in a row billing waits for a person. The number is part of subscriptions_due_idx. */
export const MAX_BILLING_FAILURES = 3;

const IS_TRIED = `billing_failures < ${MAX_BILLING_FAILURES}`;

export interface TenantKey {
  organizationId: string;
  id: string;
}

interface KeyRow {
  organization_id: string;
  id: string;
}

/**
 * A process that dies gives its claims back with its connection. One that is frozen keeps its connection: after a minute in which it
 * asks for nothing Postgres ends that, the claims are free, and whatever it does when it wakes up comes to nothing.
 */
export const giveBackWhenFrozen = (tx: EntityManager): Promise<unknown> =>
  tx.query(`SET LOCAL idle_in_transaction_session_timeout = '60s'`);

/**
 * Locks up to `limit` subscriptions that are due, the longest due first, leaving out what another process has locked.
 * `only`: of these. Served by subscriptions_due_idx.
 */
export async function claimDueSubscriptions(
  tx: EntityManager,
  now: Date,
  limit: number,
  only: readonly string[] | null = null,
): Promise<Subscription[]> {
  const claimed = await tx.query<KeyRow[]>(
    `SELECT organization_id, id FROM subscriptions
      WHERE test_clock_id IS NULL AND due_at <= $1 AND ${IS_TRIED} AND (retry_at IS NULL OR retry_at <= $1)
        AND ($3::uuid[] IS NULL OR id = ANY ($3))
      ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
    [now, limit, only],
  );
  return loadSubscriptions(tx, claimed);
}

/** As `claimDueSubscriptions`, for the customers of one test clock. Served by subscriptions_test_clock_due_idx. */
export async function claimDueOnTestClock(
  tx: EntityManager,
  testClockId: string,
  now: Date,
  limit: number,
  only: readonly string[] | null = null,
): Promise<Subscription[]> {
  const claimed = await tx.query<KeyRow[]>(
    `SELECT organization_id, id FROM subscriptions
      WHERE organization_id = $1 AND test_clock_id = $2 AND due_at <= $3 AND ${IS_TRIED} AND (retry_at IS NULL OR retry_at <= $3)
        AND ($5::uuid[] IS NULL OR id = ANY ($5))
      ORDER BY due_at LIMIT $4 FOR NO KEY UPDATE`,
    [organizationOf(tx), testClockId, now, limit, only],
  );
  return loadSubscriptions(tx, claimed);
}

async function loadSubscriptions(tx: EntityManager, keys: readonly KeyRow[]): Promise<Subscription[]> {
  if (keys.length === 0) return [];
  const organizationId = In([...new Set(keys.map((key) => key.organization_id))]);
  return tx.findBy(Subscription, { organizationId, id: In(keys.map((key) => key.id)) });
}

/**
 * Whether the draft is left to another, which it shares an invoice with: the first of those of its customer, currency and instant that
 * are to share one. Served by invoices_consolidation_idx.
 */
const IS_LED = `(consolidate AND EXISTS (
  SELECT FROM invoices leader WHERE leader.organization_id = invoices.organization_id AND leader.customer_id = invoices.customer_id
     AND leader.billed_at = invoices.billed_at AND leader.currency = invoices.currency AND leader.consolidate AND leader.status = 'DRAFT'
     AND leader.finalize_at IS NOT NULL AND leader.billing_failures < ${MAX_BILLING_FAILURES} AND leader.id < invoices.id))`;

/** The order that numbers follow: as the periods end, then as the drafts were made (ids sort by creation). */
const IN_ORDER_OF_NUMBERS = 'ORDER BY organization_id, coalesce(period_end, created_at), id';

/** Drafts whose review window is over, organization by organization, in the order of their numbers. Served by invoices_finalize_idx. */
export const findDueDrafts = (tx: EntityManager, now: Date, limit: number): Promise<TenantKey[]> =>
  tx.query<TenantKey[]>(
    `SELECT organization_id AS "organizationId", id FROM invoices
      WHERE status = 'DRAFT' AND finalize_at <= $1 AND test_clock_id IS NULL AND ${IS_TRIED} AND (retry_at IS NULL OR retry_at <= $1)
        AND NOT ${IS_LED} ${IN_ORDER_OF_NUMBERS} LIMIT $2`,
    [now, limit],
  );

/** As `findDueDrafts`, for one test clock. Served by invoices_test_clock_idx. */
export async function findDueDraftsOnTestClock(tx: EntityManager, testClockId: string, now: Date): Promise<string[]> {
  const rows = await tx.query<{ id: string }[]>(
    `SELECT id FROM invoices
      WHERE organization_id = $1 AND test_clock_id = $2 AND status = 'DRAFT' AND finalize_at <= $3 AND ${IS_TRIED}
        AND (retry_at IS NULL OR retry_at <= $3) AND NOT ${IS_LED} ${IN_ORDER_OF_NUMBERS}`,
    [organizationOf(tx), testClockId, now],
  );
  return rows.map(({ id }) => id);
}

/** OPEN invoices whose due date has passed, and that no run has seen so. Served by invoices_open_idx. */
export const findNewlyOverdue = (tx: EntityManager, now: Date, limit: number): Promise<TenantKey[]> =>
  tx.query<TenantKey[]>(
    `SELECT organization_id AS "organizationId", id FROM invoices
      WHERE status = 'OPEN' AND overdue_at IS NULL AND due_at <= $1 AND test_clock_id IS NULL ORDER BY organization_id, due_at LIMIT $2`,
    [now, limit],
  );

/** As `findNewlyOverdue`, for one test clock. Served by invoices_test_clock_idx. */
export async function findNewlyOverdueOnTestClock(tx: EntityManager, testClockId: string, now: Date): Promise<string[]> {
  const rows = await tx.query<{ id: string }[]>(
    `SELECT id FROM invoices
      WHERE organization_id = $1 AND test_clock_id = $2 AND status = 'OPEN' AND overdue_at IS NULL AND due_at <= $3 ORDER BY due_at`,
    [organizationOf(tx), testClockId, now],
  );
  return rows.map(({ id }) => id);
}

/**
 * The next instant, up to `to`, at which something falls due on a test clock, or is tried again. Served by
 * subscriptions_test_clock_due_idx and invoices_test_clock_idx.
 */
export async function nextOnTestClock(tx: EntityManager, testClockId: string, to: Date): Promise<Date | null> {
  const [row] = await tx.query<{ next: Date | null }[]>(
    `SELECT least(
       (SELECT min(greatest(due_at, retry_at)) FROM subscriptions
         WHERE organization_id = $1 AND test_clock_id = $2 AND due_at IS NOT NULL AND ${IS_TRIED}),
       (SELECT min(greatest(finalize_at, retry_at)) FROM invoices
         WHERE organization_id = $1 AND test_clock_id = $2 AND status = 'DRAFT' AND finalize_at IS NOT NULL AND ${IS_TRIED} AND NOT ${IS_LED}),
       (SELECT min(due_at) FROM invoices WHERE organization_id = $1 AND test_clock_id = $2 AND status = 'OPEN' AND overdue_at IS NULL)) AS next`,
    [organizationOf(tx), testClockId],
  );
  return row.next !== null && row.next <= to ? row.next : null;
}
