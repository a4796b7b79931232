import type { TransitionTable } from '../../../shared/transitions.js';

export type InvoiceStatus = 'DRAFT' | 'OPEN' | 'PAID' | 'VOID' | 'UNCOLLECTIBLE';

/** Invoice states (docs/billing-rules.md §8). */
export const INVOICE_TRANSITIONS: TransitionTable<InvoiceStatus> = {
  DRAFT: ['OPEN', 'VOID'],
  OPEN: ['PAID', 'VOID', 'UNCOLLECTIBLE'],
  UNCOLLECTIBLE: ['PAID', 'VOID'],
  PAID: [],
  VOID: [],
};

/** `INV-2026-0001`: gapless per organization and issue year, at least four digits. */
export const invoiceNumber = (year: number, sequence: number): string => `INV-${year}-${String(sequence).padStart(4, '0')}`;
