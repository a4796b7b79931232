import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Customer } from '../customers/index.js';
import { Organization } from '../organizations/index.js';
import { Invoice, InvoiceLine } from './invoice.entity.js';

/** Takes back part of an issued invoice, or all of it. Never changed once it is there. */
@Entity('credit_notes')
@Unique('credit_notes_number_key', ['organizationId', 'number'])
@Index('credit_notes_invoice_idx', ['organizationId', 'invoiceId', 'id'])
@Index('credit_notes_customer_idx', ['organizationId', 'customerId', 'id'])
@Check(
  'credit_notes_total_check',
  `total = subtotal + tax AND total > 0 AND total = amount_applied + amount_to_balance + amount_refunded
     AND amount_applied >= 0 AND amount_to_balance >= 0 AND amount_refunded >= 0`,
)
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], { name: 'credit_notes_invoice_fkey' })
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'credit_notes_customer_fkey' })
export class CreditNote {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'credit_notes_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'credit_notes_pkey' }) id: string;
  @Column('uuid') invoiceId: string;
  @Column('uuid') customerId: string;
  @Column('text') number: string;
  @Column('text') currency: string;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('numeric') subtotal: string;
  @Column('numeric') tax: string;
  @Column('numeric') total: string;
  /** Where the total went: it lowered what was due, became customer balance, or was paid back. */
  @Column('numeric') amountApplied: string;
  @Column('numeric') amountToBalance: string;
  @Column('numeric') amountRefunded: string;
  @Column('timestamptz') issuedAt: Date;
  @Column('timestamptz') createdAt: Date;
}

@Entity('credit_note_lines')
@Unique('credit_note_lines_position_key', ['organizationId', 'creditNoteId', 'position'])
@Index('credit_note_lines_line_idx', ['organizationId', 'invoiceLineId'])
@ForeignKey(() => CreditNote, ['organizationId', 'creditNoteId'], ['organizationId', 'id'], {
  name: 'credit_note_lines_credit_note_fkey',
})
@ForeignKey(() => InvoiceLine, ['organizationId', 'invoiceLineId'], ['organizationId', 'id'], {
  name: 'credit_note_lines_line_fkey',
})
export class CreditNoteLine {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'credit_note_lines_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'credit_note_lines_pkey' }) id: string;
  @Column('uuid') creditNoteId: string;
  @Column('uuid') invoiceLineId: string;
  @Column('int') position: number;
  @Column('text') description: string;
  /** As of the invoice's line: with its tax where the rate is inclusive. */
  @Column('numeric') amount: string;
  @Column('numeric') tax: string;
  @Column('numeric', { nullable: true }) taxRate: string | null;
  @Column('boolean', { default: false }) taxInclusive: boolean;
}

/** The last number given, per organization and issue year. */
@Entity('credit_note_counters')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'credit_note_counters_organization_fkey' })
export class CreditNoteCounter {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'credit_note_counters_pkey' }) organizationId: string;
  @PrimaryColumn('int', { name: 'issue_year', primaryKeyConstraintName: 'credit_note_counters_pkey' }) year: number;
  @Column('int') last: number;
}
