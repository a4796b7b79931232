import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Customer } from '../customers/index.js';
import { Invoice } from '../invoicing/index.js';
import type { EmailKind, EmailReason, EmailStatus } from './domain/email.js';

/** One mail about one invoice on one occasion. The row is written in the transaction of what occasions it. */
@Entity('emails')
@Unique('emails_occasion_key', ['organizationId', 'invoiceId', 'kind', 'occasion'])
@Index('emails_customer_idx', ['organizationId', 'customerId', 'id'])
@Check('emails_kind_check', `kind IN ('INVOICE', 'REMINDER', 'PAYMENT_RECEIVED')`)
@Check('emails_status_check', `status IN ('PENDING', 'SENT', 'KEPT', 'SKIPPED', 'FAILED')`)
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], { name: 'emails_invoice_fkey' })
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'emails_customer_fkey' })
export class Email {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'emails_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'emails_pkey' }) id: string;
  @Column('uuid') invoiceId: string;
  @Column('uuid') customerId: string;
  @Column('text') kind: EmailKind;
  /** Tells mails of a kind apart: `finalized`, `paid`, `day 7` of a reminder, `by hand …`. Each happens once. */
  @Column('text') occasion: string;
  @Column('text') status: EmailStatus;
  /** Why it was kept, skipped or given up. */
  @Column('text', { nullable: true }) reason: EmailReason | null;
  @Column('text', { nullable: true }) recipient: string | null;
  @Column('text', { nullable: true }) subject: string | null;
  @Column('text', { nullable: true }) bodyText: string | null;
  @Column('text', { nullable: true }) bodyHtml: string | null;
  /** The same at every attempt, so that a receiver can tell a repetition. */
  @Column('text', { nullable: true }) messageId: string | null;
  @Column('int', { default: 0 }) attempts: number;
  @Column('text', { nullable: true }) lastError: string | null;
  /** The customer's time: of a test clock, where they live on one. */
  @Column('timestamptz') occurredAt: Date;
  /** Real times. */
  @Column('timestamptz', { nullable: true }) sentAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}
