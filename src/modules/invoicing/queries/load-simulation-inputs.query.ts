import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Span } from '../../../shared/calendar.js';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import { Customer } from '../../customers/index.js';
import type { Window } from '../domain/simulation.js';

/** A customer with subscriptions in the window of a simulation. */
export interface SimulationCandidate {
  customerId: string;
  /** In the currency of the simulated plan. */
  subscriptionIds: string[];
  /** Subscriptions in other currencies, which are not compared. */
  otherCurrencies: number;
}

/**
 * Customers, by id, who had a subscription in the window; `customerIds` null: of all customers. A subscription keeps its
 * currency whatever plan it changes to. Served by subscriptions_customer_idx.
 */
export async function loadCandidates(
  tx: EntityManager,
  customerIds: readonly string[] | null,
  currency: string,
  { from, to }: Window,
  limit: number,
): Promise<SimulationCandidate[]> {
  const chosen = customerIds === null ? '' : 'AND s.customer_id = ANY($6::uuid[])';
  const rows = await tx.query<{ customer_id: string; subscription_ids: string[]; other_currencies: number }[]>(
    `SELECT s.customer_id, coalesce(array_agg(s.id ORDER BY s.id) FILTER (WHERE p.currency = $4), '{}') AS subscription_ids,
            (count(*) FILTER (WHERE p.currency <> $4))::int AS other_currencies
       FROM subscriptions s JOIN plans p ON p.organization_id = s.organization_id AND p.id = s.plan_id
      WHERE s.organization_id = $1 AND s.started_at < $3 AND (s.ended_at IS NULL OR s.ended_at > $2) ${chosen}
      GROUP BY s.customer_id ORDER BY s.customer_id LIMIT $5`,
    [organizationOf(tx), from, to, currency, limit, ...(customerIds === null ? [] : [customerIds])],
  );
  return rows.map((row) => ({
    customerId: row.customer_id,
    subscriptionIds: row.subscription_ids,
    otherCurrencies: row.other_currencies,
  }));
}

/** How many of these the organization has. Served by the primary key of customers. */
export const countCustomersOf = (tx: EntityManager, ids: readonly string[]): Promise<number> =>
  tx.countBy(Customer, { organizationId: organizationOf(tx), id: In([...ids]) });

/**
 * What was billed to each subscription for spans that begin in its time: the lines of charges, credits and corrections
 * included, of drafts and invoices that are not void. No row where nothing was. Served by invoice_lines_subscription_idx.
 */
export async function loadBilledAmounts(
  tx: EntityManager,
  compared: { subscription: { id: string }; time: Span }[],
): Promise<Map<string, Decimal>> {
  const rows = await tx.query<{ id: string; amount: string }[]>(
    `SELECT w.id, sum(l.amount)::text AS amount
       FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS w (id, start_at, end_at)
       JOIN invoice_lines l ON l.organization_id = $1 AND l.subscription_id = w.id AND l.period_end > w.start_at
                           AND l.key_start >= w.start_at AND l.key_start < w.end_at
       JOIN invoices i ON i.organization_id = l.organization_id AND i.id = l.invoice_id
      WHERE l.charge_id IS NOT NULL AND i.status <> 'VOID'
      GROUP BY w.id`,
    [
      organizationOf(tx),
      compared.map(({ subscription }) => subscription.id),
      compared.map(({ time }) => time.start),
      compared.map(({ time }) => time.end),
    ],
  );
  return new Map(rows.map((row) => [row.id, decimal(row.amount)]));
}
