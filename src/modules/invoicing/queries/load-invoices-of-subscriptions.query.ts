import { In, Raw, type EntityManager, type FindOperator } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Page } from '../../../platform/graphql/connection.js';
import { groupBy } from '../../../platform/graphql/loader.js';
import { Invoice } from '../invoice.entity.js';

/** Its own, and those that it shares with others. Served by invoices_subscription_idx and invoice_subscriptions_subscription_idx. */
const OF_SUBSCRIPTION = `
  SELECT i.id FROM invoices i WHERE i.organization_id = $1 AND i.subscription_id = w.id
  UNION ALL SELECT m.invoice_id FROM invoice_subscriptions m WHERE m.organization_id = $1 AND m.subscription_id = w.id`;

/** Up to page size + 1 newest invoices of each subscription, with two statements. */
export async function loadInvoicesOfSubscriptions(
  tx: EntityManager,
  subscriptionIds: readonly string[],
  page: Page,
): Promise<Map<string, Invoice[]>> {
  const organizationId = organizationOf(tx);
  const rows = await tx.query<{ subscriptionId: string; id: string }[]>(
    `SELECT w.id AS "subscriptionId", i.id FROM unnest($2::uuid[]) AS w (id) CROSS JOIN LATERAL (
       SELECT id FROM (${OF_SUBSCRIPTION}) AS o WHERE $3::uuid IS NULL OR o.id < $3 ORDER BY o.id DESC LIMIT $4) AS i`,
    [organizationId, [...new Set(subscriptionIds)], page.after, page.size + 1],
  );
  if (rows.length === 0) return new Map();
  const found = await tx.findBy(Invoice, { organizationId, id: In([...new Set(rows.map(({ id }) => id))]) });
  const invoices = new Map(found.map((invoice) => [invoice.id, invoice]));
  return new Map(
    [...groupBy(rows, (row) => row.subscriptionId)].map(([subscriptionId, of]) => [
      subscriptionId,
      of.map(({ id }) => invoices.get(id) as Invoice).sort((a, b) => (a.id < b.id ? 1 : -1)),
    ]),
  );
}

/** As a condition on `subscriptionId`. */
export const ofSubscription = (organizationId: string, subscriptionId: string): FindOperator<string> =>
  Raw(
    (column) => `${column.replace('subscriptionId', 'id')} IN (
      SELECT i.id FROM invoices i WHERE i.organization_id = :organizationId AND i.subscription_id = :subscriptionId
      UNION ALL SELECT m.invoice_id FROM invoice_subscriptions m WHERE m.organization_id = :organizationId AND m.subscription_id = :subscriptionId)`,
    { organizationId, subscriptionId },
  );

export async function countInvoicesOfSubscriptions(tx: EntityManager, ids: readonly string[]): Promise<number[]> {
  const rows = await tx.query<{ count: number }[]>(
    `SELECT (SELECT count(*)::int FROM (${OF_SUBSCRIPTION}) AS o) AS count FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, place) ORDER BY place`,
    [organizationOf(tx), ids],
  );
  return rows.map(({ count }) => count);
}

/** The subscriptions that invoices are about: that of each, or those that share it, by invoice. Served by its primary key. */
export async function loadSubscriptionIds(
  tx: EntityManager,
  invoices: readonly { id: string; subscriptionId: string | null }[],
): Promise<Map<string, string[]>> {
  const ids = new Map(invoices.map(({ id, subscriptionId }) => [id, subscriptionId === null ? [] : [subscriptionId]]));
  const unnamed = invoices.filter(({ subscriptionId }) => subscriptionId === null);
  if (unnamed.length === 0) return ids;
  const rows = await tx.query<{ invoiceId: string; subscriptionId: string }[]>(
    `SELECT invoice_id AS "invoiceId", subscription_id AS "subscriptionId" FROM invoice_subscriptions
      WHERE organization_id = $1 AND invoice_id = ANY ($2::uuid[]) ORDER BY subscription_id`,
    [organizationOf(tx), unnamed.map(({ id }) => id)],
  );
  for (const { invoiceId, subscriptionId } of rows) ids.get(invoiceId)?.push(subscriptionId);
  return ids;
}
