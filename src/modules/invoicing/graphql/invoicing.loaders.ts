import { In } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { byPageArgs, childCounts, childPages, idPage, type PageArgs } from '../../../platform/graphql/connection.js';
import { byId, byParent, type LoaderDefinition } from '../../../platform/graphql/loader.js';
import { countCountedEvents, loadCountedEvents, type CountedEventsRequest, type UsageEventRow } from '../../metering/index.js';
import { BalanceEntry, Invoice, InvoiceLine, Payment } from '../invoice.entity.js';
import { decimal, decimalText, sum } from '../../../shared/decimal.js';

export const invoiceById = byId(Invoice);
export const linesOfInvoice = byParent(InvoiceLine, 'invoiceId', (a, b) => a.position - b.position);
export const paymentsOfInvoice = byParent(Payment, 'invoiceId', (a, b) => (a.id < b.id ? -1 : 1));
export const invoicesOfCustomer = childPages(Invoice, 'customerId');
export const invoiceCountOfCustomer = childCounts(Invoice, 'customerId');
export const invoicesOfSubscription = childPages(Invoice, 'subscriptionId');
export const invoiceCountOfSubscription = childCounts(Invoice, 'subscriptionId');

/** Credit left of customers, by customer and currency, with one statement. */
export const balanceOfCustomer: LoaderDefinition<{ customerId: string; currency: string }, string> = {
  cacheKey: ({ customerId, currency }) => `${customerId} ${currency}`,
  async batch(tx, keys) {
    const entries = await tx.findBy(BalanceEntry, {
      organizationId: organizationOf(tx),
      customerId: In(keys.map((key) => key.customerId)),
    });
    return keys.map(({ customerId, currency }) =>
      decimalText(
        sum(
          entries
            .filter((entry) => entry.customerId === customerId && entry.currency === currency)
            .map((entry) => decimal(entry.amount)),
        ),
      ),
    );
  },
};

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
