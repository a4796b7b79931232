import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { insertRows } from '../../../platform/database/insert-rows.js';
import { InvoiceSubscription } from '../invoice-subscription.entity.js';
import type { Invoice } from '../invoice.entity.js';
import { MAX_BILLING_FAILURES } from './claim-due-work.query.js';

interface Follower {
  id: string;
  leaderId: string;
  subscriptionId: string;
}

/**
 * Puts drafts that are to share an invoice on the first of them (docs/billing-rules.md §8): their lines become its lines, and they are
 * gone. `leaders` are locked, and each is the first of its group (`isLed`). Served by invoices_consolidation_idx and the primary keys.
 */
export async function consolidateDrafts(tx: EntityManager, leaders: readonly Invoice[]): Promise<void> {
  if (leaders.length === 0) return;
  const organizationId = organizationOf(tx);
  const followers = await tx.query<Follower[]>(
    `SELECT f.id, l.id AS "leaderId", f.subscription_id AS "subscriptionId" FROM invoices l
       JOIN invoices f ON f.organization_id = l.organization_id AND f.customer_id = l.customer_id AND f.billed_at = l.billed_at
            AND f.currency = l.currency AND f.consolidate AND f.status = 'DRAFT' AND f.finalize_at IS NOT NULL AND f.id > l.id
            AND f.billing_failures < ${MAX_BILLING_FAILURES}
      WHERE l.organization_id = $1 AND l.id = ANY ($2::uuid[]) ORDER BY f.id FOR NO KEY UPDATE OF f`,
    [organizationId, leaders.map(({ id }) => id)],
  );
  if (followers.length === 0) return;
  const led = new Set(followers.map(({ leaderId }) => leaderId));
  const own = leaders.flatMap(({ id, subscriptionId }) =>
    led.has(id) && subscriptionId !== null ? [{ leaderId: id, subscriptionId }] : [],
  );
  const pairs = new Map(
    [...own, ...followers].map(({ leaderId, subscriptionId }) => [`${leaderId} ${subscriptionId}`, { leaderId, subscriptionId }]),
  );
  await moveLines(tx, followers);
  await gatherPeriods(tx, followers, leaders);
  await insertRows(
    tx,
    InvoiceSubscription,
    [...pairs.values()].map(({ leaderId: invoiceId, subscriptionId }) => ({ organizationId, invoiceId, subscriptionId })),
  );
}

const keysOf = (tx: EntityManager, followers: readonly Follower[]): unknown[] => [
  organizationOf(tx),
  followers.map(({ leaderId }) => leaderId),
  followers.map(({ id }) => id),
];

/** Behind the lines that are there, invoice by invoice. */
const moveLines = (tx: EntityManager, followers: readonly Follower[]): Promise<unknown> =>
  tx.query(
    `WITH moved AS (
       SELECT l.id, w.leader_id, last.position + row_number() OVER (PARTITION BY w.leader_id ORDER BY w.id, l.position) AS position
         FROM unnest($2::uuid[], $3::uuid[]) AS w (leader_id, id)
         JOIN invoice_lines l ON l.organization_id = $1 AND l.invoice_id = w.id
        CROSS JOIN LATERAL (SELECT coalesce(max(position), -1) AS position FROM invoice_lines
                             WHERE organization_id = $1 AND invoice_id = w.leader_id) AS last
     )
     UPDATE invoice_lines l SET invoice_id = m.leader_id, position = m.position FROM moved m WHERE l.organization_id = $1 AND l.id = m.id`,
    keysOf(tx, followers),
  );

/** The invoice is of no one subscription any more, and for all their periods together. */
async function gatherPeriods(tx: EntityManager, followers: readonly Follower[], leaders: readonly Invoice[]): Promise<void> {
  const [rows] = await tx.query<[{ id: string; periodStart: Date | null; periodEnd: Date | null }[], number]>(
    `WITH gone AS (
       DELETE FROM invoices i USING unnest($2::uuid[], $3::uuid[]) AS w (leader_id, id) WHERE i.organization_id = $1 AND i.id = w.id
       RETURNING w.leader_id, i.period_start, i.period_end
     )
     UPDATE invoices l SET subscription_id = NULL, period_start = least(l.period_start, g.period_start), period_end = greatest(l.period_end, g.period_end)
       FROM (SELECT leader_id, min(period_start) AS period_start, max(period_end) AS period_end FROM gone GROUP BY leader_id) AS g
      WHERE l.organization_id = $1 AND l.id = g.leader_id RETURNING l.id, l.period_start AS "periodStart", l.period_end AS "periodEnd"`,
    keysOf(tx, followers),
  );
  const changes = new Map(rows.map((row) => [row.id, row]));
  for (const leader of leaders) {
    const change = changes.get(leader.id);
    if (change) Object.assign(leader, { ...change, subscriptionId: null });
  }
}
