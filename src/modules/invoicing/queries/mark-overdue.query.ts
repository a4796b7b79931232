import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

/**
 * Marks those of these invoices that are overdue by `now` and were not marked yet; which. What somebody else has in hand is left out.
 * Served by the primary key.
 */
export async function markInvoicesOverdue(
  tx: EntityManager,
  ids: readonly string[],
  now: Date,
): Promise<{ id: string; subscriptionId: string | null }[]> {
  const [rows] = await tx.query<[{ id: string; subscriptionId: string | null }[], number]>(
    `UPDATE invoices i SET overdue_at = $3
       FROM (SELECT id FROM invoices WHERE organization_id = $1 AND id = ANY ($2::uuid[]) AND status = 'OPEN' AND due_at <= $3 AND overdue_at IS NULL
              ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS w
      WHERE i.organization_id = $1 AND i.id = w.id RETURNING i.id, i.subscription_id AS "subscriptionId"`,
    [organizationOf(tx), ids, now],
  );
  return rows;
}

/** ACTIVE → PAST_DUE; which of them. Served by the primary key. */
export async function makePastDue(tx: EntityManager, subscriptionIds: readonly string[]): Promise<string[]> {
  const [rows] = await tx.query<[{ id: string }[], number]>(
    `UPDATE subscriptions s SET status = 'PAST_DUE'
       FROM (SELECT id FROM subscriptions WHERE organization_id = $1 AND id = ANY ($2::uuid[]) AND status = 'ACTIVE' ORDER BY id FOR NO KEY UPDATE) AS w
      WHERE s.organization_id = $1 AND s.id = w.id RETURNING s.id`,
    [organizationOf(tx), subscriptionIds],
  );
  return rows.map(({ id }) => id);
}
