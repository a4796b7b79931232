import { decimal, max, ZERO, type Decimal } from '../../../shared/decimal.js';
import type { InvoiceStatus } from './invoice-status.js';

export interface InvoiceAmounts {
  status: InvoiceStatus;
  total: string;
  creditsApplied: string;
  amountPaid: string;
  amountCredited: string;
}

/** What is left to pay of an invoice; nothing once it is void. */
export const amountDue = ({ status, total, creditsApplied, amountPaid, amountCredited }: InvoiceAmounts): Decimal =>
  status === 'VOID' ? ZERO : max(ZERO, decimal(total).minus(creditsApplied).minus(amountPaid).minus(amountCredited));
