import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from '../customers/index.js';
import { CreditNote } from './credit-note.entity.js';
import { Invoice, Payment } from './invoice.entity.js';

/** Money that was given back: of a payment, or (payment and invoice null) of a customer's balance. */
@Entity('refunds')
@Index('refunds_invoice_idx', ['organizationId', 'invoiceId', 'id'], { where: 'invoice_id IS NOT NULL' })
@Check('refunds_amount_check', 'amount > 0')
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'refunds_customer_fkey' })
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], { name: 'refunds_invoice_fkey' })
@ForeignKey(() => Payment, ['organizationId', 'paymentId'], ['organizationId', 'id'], { name: 'refunds_payment_fkey' })
@ForeignKey(() => CreditNote, ['organizationId', 'creditNoteId'], ['organizationId', 'id'], { name: 'refunds_credit_note_fkey' })
export class Refund {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'refunds_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'refunds_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('uuid', { nullable: true }) invoiceId: string | null;
  @Column('uuid', { nullable: true }) paymentId: string | null;
  @Column('uuid', { nullable: true }) creditNoteId: string | null;
  @Column('text') currency: string;
  @Column('numeric') amount: string;
  @Column('timestamptz') refundedAt: Date;
  @Column('text', { nullable: true }) method: string | null;
  @Column('text', { nullable: true }) reference: string | null;
  @Column('timestamptz') createdAt: Date;
}
