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
