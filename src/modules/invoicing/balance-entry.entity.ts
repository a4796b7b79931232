import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from '../customers/index.js';
import { CreditNote } from './credit-note.entity.js';
import { Invoice } from './invoice.entity.js';
import { Refund } from './refund.entity.js';

/**
 * Why a customer's credit changed. OVERPAYMENT: more was paid than was due; NEGATIVE_INVOICE: lines that add up to a credit; APPLIED: used
 * up by an invoice; VOIDED: given back by a voided one; ADJUSTMENT: by hand.
 */
export const BALANCE_REASONS = [
  'OVERPAYMENT',
  'NEGATIVE_INVOICE',
  'APPLIED',
  'VOIDED',
  'CREDIT_NOTE',
  'REFUND',
  'ADJUSTMENT',
] as const;
export type BalanceReason = (typeof BALANCE_REASONS)[number];

/** A customer's credit as an append-only ledger: what was credited (positive) and what was used (negative). */
@Entity('balance_entries')
@Index('balance_entries_customer_idx', ['organizationId', 'customerId', 'id'])
@Check('balance_entries_reason_check', `reason IN (${BALANCE_REASONS.map((reason) => `'${reason}'`).join(', ')})`)
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'balance_entries_customer_fkey' })
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], { name: 'balance_entries_invoice_fkey' })
@ForeignKey(() => CreditNote, ['organizationId', 'creditNoteId'], ['organizationId', 'id'], {
  name: 'balance_entries_credit_note_fkey',
})
@ForeignKey(() => Refund, ['organizationId', 'refundId'], ['organizationId', 'id'], { name: 'balance_entries_refund_fkey' })
export class BalanceEntry {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'balance_entries_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'balance_entries_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('text') currency: string;
  @Column('numeric') amount: string;
  @Column('text') reason: BalanceReason;
  @Column('text', { nullable: true }) memo: string | null;
  /** Who adjusted it; null: it follows from what the other columns name. */
  @Column('text', { nullable: true }) actor: string | null;
  @Column('uuid', { nullable: true }) invoiceId: string | null;
  @Column('uuid', { nullable: true }) creditNoteId: string | null;
  @Column('uuid', { nullable: true }) refundId: string | null;
  @Column('timestamptz') createdAt: Date;
}
