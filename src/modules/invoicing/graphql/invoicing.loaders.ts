import { organizationOf } from '../../../platform/database/database.js';
import {
  byPageArgs,
  childCounts,
  childPages,
  idPage,
  type ChildPageKey,
  type PageArgs,
} from '../../../platform/graphql/connection.js';
import { byId, byParent, type LoaderDefinition } from '../../../platform/graphql/loader.js';
import { countCountedEvents, loadCountedEvents, type CountedEventsRequest, type UsageEventRow } from '../../metering/index.js';
import { BalanceEntry } from '../balance-entry.entity.js';
import { CreditNote, CreditNoteLine } from '../credit-note.entity.js';
import { Invoice, InvoiceLine, Payment } from '../invoice.entity.js';
import {
  countInvoicesOfSubscriptions,
  loadInvoicesOfSubscriptions,
  loadSubscriptionIds,
} from '../queries/load-invoices-of-subscriptions.query.js';
import { Refund } from '../refund.entity.js';

const allLinesOfInvoice = byParent(InvoiceLine, 'invoiceId', (a, b) => a.position - b.position);
/** Without those that were taken off by hand. */
export const linesOfInvoice: LoaderDefinition<string, InvoiceLine[]> = {
  batch: async (tx, ids) => (await allLinesOfInvoice.batch(tx, ids)).map((lines) => lines.filter(({ removed }) => !removed)),
};
export const paymentsOfInvoice = byParent(Payment, 'invoiceId', (a, b) => (a.id < b.id ? -1 : 1));
export const invoicesOfCustomer = childPages(Invoice, 'customerId');
export const invoiceCountOfCustomer = childCounts(Invoice, 'customerId');
export const invoicesOfSubscription: LoaderDefinition<ChildPageKey, Invoice[]> = {
  cacheKey: (key) => `${key.parentId} ${key.first ?? ''} ${key.after ?? ''}`,
  batch: (tx, keys) =>
    byPageArgs(keys, async (group) => {
      const parents = group.map(({ parentId }) => parentId);
      const invoices = await loadInvoicesOfSubscriptions(tx, parents, idPage('Invoice', group[0]));
      return parents.map((parentId) => invoices.get(parentId) ?? []);
    }),
};
export const invoiceCountOfSubscription: LoaderDefinition<string, number> = {
  batch: (tx, ids) => countInvoicesOfSubscriptions(tx, ids),
};
/** Of invoices that name none themselves. */
export const subscriptionIdsOfInvoice: LoaderDefinition<string, string[]> = {
  async batch(tx, ids) {
    const found = await loadSubscriptionIds(
      tx,
      ids.map((id) => ({ id, subscriptionId: null })),
    );
    return ids.map((id) => found.get(id) ?? []);
  },
};

/** Credit left of customers, by customer and currency, with one statement. Served by balance_entries_customer_idx. */
export const balanceOfCustomer: LoaderDefinition<{ customerId: string; currency: string }, string> = {
  cacheKey: ({ customerId, currency }) => `${customerId} ${currency}`,
  async batch(tx, keys) {
    const rows = await tx.query<{ balance: string }[]>(
      `SELECT (SELECT coalesce(sum(e.amount), 0) FROM balance_entries e
                WHERE e.organization_id = $1 AND e.customer_id = w.customer_id AND e.currency = w.currency)::text AS balance
         FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS w (customer_id, currency, place) ORDER BY place`,
      [organizationOf(tx), keys.map(({ customerId }) => customerId), keys.map(({ currency }) => currency)],
    );
    return rows.map(({ balance }) => balance);
  },
};

/** What was paid back of payments, with one statement. Served by refunds_invoice_idx. */
export const refundedOfPayment: LoaderDefinition<{ id: string; invoiceId: string }, string> = {
  cacheKey: ({ id }) => id,
  async batch(tx, keys) {
    const rows = await tx.query<{ refunded: string }[]>(
      `SELECT (SELECT coalesce(sum(r.amount), 0) FROM refunds r
                WHERE r.organization_id = $1 AND r.invoice_id = w.invoice_id AND r.payment_id = w.id)::text AS refunded
         FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS w (id, invoice_id, place) ORDER BY place`,
      [organizationOf(tx), keys.map(({ id }) => id), keys.map(({ invoiceId }) => invoiceId)],
    );
    return rows.map(({ refunded }) => refunded);
  },
};

export const invoiceById = byId(Invoice);
export const creditNoteById = byId(CreditNote);
const byAge = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
export const creditNotesOfInvoice = byParent(CreditNote, 'invoiceId', byAge);
export const refundsOfInvoice = byParent(Refund, 'invoiceId', byAge);
export const linesOfCreditNote = byParent(CreditNoteLine, 'creditNoteId', (a, b) => a.position - b.position);
export const balanceEntriesOfCustomer = childPages(BalanceEntry, 'customerId');
export const balanceEntryCountOfCustomer = childCounts(BalanceEntry, 'customerId');

interface LineEventsKey extends PageArgs {
  window: CountedEventsRequest;
}

/** Pages of the events behind many lines, with one statement. */
export const eventsOfLine: LoaderDefinition<LineEventsKey, UsageEventRow[]> = {
  cacheKey: (key) => JSON.stringify(key),
  batch: (tx, keys) =>
    byPageArgs(keys, (group) =>
      loadCountedEvents(
        tx,
        group.map(({ window }) => window),
        idPage('UsageEvent', group[0]),
      ),
    ),
};

export const eventCountOfLine: LoaderDefinition<CountedEventsRequest, number> = {
  cacheKey: (window) => JSON.stringify(window),
  batch: countCountedEvents,
};
