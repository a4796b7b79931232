import { DomainEvent } from '../../platform/events/domain-events.js';

export interface InvoicesOf {
  organizationId: string;
  invoiceIds: string[];
}

/** Drafts have become invoices: numbered, OPEN, or PAID at once. */
export const invoicesFinalized = new DomainEvent<InvoicesOf>('invoices.finalized');

/** Invoices have become PAID. */
export const invoicesPaid = new DomainEvent<InvoicesOf>('invoices.paid');

/** OPEN invoices have passed their due date. */
export const invoicesOverdue = new DomainEvent<InvoicesOf>('invoices.overdue');

export interface ParkedBilling {
  organizationId: string;
  /** Null: of an invoice that belongs to none. */
  subscriptionId: string | null;
  /** The draft that could not be finalized; null: the subscription could not be billed. */
  invoiceId: string | null;
  message: string;
}

/** Billing has failed so often in a row that it waits for a person (`retryBilling`). */
export const billingParked = new DomainEvent<ParkedBilling>('billing.parked');
