import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { onConstraint } from '../../platform/database/constraint-errors.js';
import { conflict } from '../../shared/errors.js';
import { Charge } from '../catalog/index.js';
import { Customer } from '../customers/index.js';
import { Organization, TestClock } from '../organizations/index.js';
import { Subscription } from '../subscriptions/index.js';
import type { LineKind } from './domain/diff-lines.js';
import type { Explanation } from './domain/explanation.js';
import type { InvoiceStatus } from './domain/invoice-status.js';
import type { AppliedTaxRate, TaxTreatment } from './domain/tax.js';

export type InvoiceKind = 'SUBSCRIPTION' | 'ONE_OFF' | 'CREDIT';

@Entity('invoices')
@Index('invoices_number_key', ['organizationId', 'number'], { unique: true, where: 'number IS NOT NULL' })
@Unique('invoices_billing_key', ['organizationId', 'subscriptionId', 'billedAt', 'ordinal'])
@Index('invoices_customer_idx', ['organizationId', 'customerId', 'id'])
@Index('invoices_subscription_idx', ['organizationId', 'subscriptionId', 'id'])
@Index('invoices_finalize_idx', ['finalizeAt'], { where: `status = 'DRAFT' AND finalize_at IS NOT NULL` })
@Index('invoices_parked_idx', ['id'], { where: `status = 'DRAFT' AND billing_failures >= 3` })
@Index('invoices_open_idx', ['dueAt'], { where: `status = 'OPEN' AND overdue_at IS NULL` })
@Index('invoices_test_clock_idx', ['organizationId', 'testClockId', 'status'], {
  where: `test_clock_id IS NOT NULL AND status IN ('DRAFT', 'OPEN')`,
})
@Index('invoices_unpaid_idx', ['dueAt'], { where: `status = 'OPEN'` })
@Index('invoices_consolidation_idx', ['organizationId', 'customerId', 'billedAt'], { where: `consolidate AND status = 'DRAFT'` })
@Index('invoices_public_token_key', ['publicToken'], { unique: true, where: `status <> 'DRAFT'` })
@Check('invoices_status_check', `status IN ('DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')`)
@Check(
  'invoices_total_check',
  `total = subtotal + tax AND total >= 0 AND credits_applied >= 0 AND credits_applied <= total AND amount_credited >= 0 AND amount_credited <= total - credits_applied AND total_credited >= amount_credited AND total_credited <= total`,
)
@Check(
  'invoices_tax_check',
  `tax_treatment IN ('NONE', 'RATE', 'EXEMPT', 'REVERSE_CHARGE') AND (tax_treatment = 'RATE') = (tax_rate IS NOT NULL)`,
)
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'invoices_customer_fkey' })
@ForeignKey(() => Subscription, ['organizationId', 'subscriptionId'], ['organizationId', 'id'], {
  name: 'invoices_subscription_fkey',
})
@ForeignKey(() => TestClock, ['organizationId', 'testClockId'], ['organizationId', 'id'], { name: 'invoices_test_clock_fkey' })
export class Invoice {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoices_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoices_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('uuid', { nullable: true }) subscriptionId: string | null;
  /** Copied from the customer, so that due work is found by one index. */
  @Column('uuid', { nullable: true }) testClockId: string | null;
  @Column('text') kind: InvoiceKind;
  @Column('text', { nullable: true }) number: string | null;
  @Column('text') status: InvoiceStatus;
  @Column('text') currency: string;
  /** The instant as of which the subscription was billed. With `ordinal`, what forbids billing it twice. */
  @Column('timestamptz', { nullable: true }) billedAt: Date | null;
  @Column('int', { default: 0 }) ordinal: number;
  @Column('timestamptz', { nullable: true }) periodStart: Date | null;
  @Column('timestamptz', { nullable: true }) periodEnd: Date | null;
  @Column('timestamptz', { nullable: true }) issuedAt: Date | null;
  @Column('timestamptz', { nullable: true }) dueAt: Date | null;
  @Column('timestamptz', { nullable: true }) finalizeAt: Date | null;
  @Column('timestamptz', { nullable: true }) paidAt: Date | null;
  @Column('timestamptz', { nullable: true }) voidedAt: Date | null;
  @Column('timestamptz', { nullable: true }) uncollectibleAt: Date | null;
  @Column('text', { nullable: true }) statusReason: string | null;
  /** Voided for good: what it billed is not billed again. */
  @Column('boolean', { default: false }) waived: boolean;
  @Column('numeric') subtotal: string;
  @Column('numeric') tax: string;
  @Column('numeric') total: string;
  @Column('numeric') creditsApplied: string;
  @Column('numeric') amountPaid: string;
  /** By how much credit notes have lowered what is due. */
  @Column('numeric', { default: '0' }) amountCredited: string;
  /** What credit notes come to, wherever it went. */
  @Column('numeric', { default: '0' }) totalCredited: string;
  @Column('text', { default: 'NONE' }) taxTreatment: TaxTreatment;
  @Column('jsonb', { nullable: true }) taxRate: AppliedTaxRate | null;
  /** A draft whose lines were edited by hand: it stays as it is when its instant is billed once more. */
  @Column('boolean', { default: false }) edited: boolean;
  /** A draft that shares an invoice with others of its customer that are billed at the same instant. */
  @Column('boolean', { default: false }) consolidate: boolean;
  /** When a run saw that its due date had passed. */
  @Column('timestamptz', { nullable: true }) overdueAt?: Date | null;
  /** Failures of finalization in a row, and when to try again. */
  @Column('int', { default: 0 }) billingFailures?: number;
  @Column('timestamptz', { nullable: true }) retryAt?: Date | null;
  @Column('text', { nullable: true }) memo: string | null;
  /** What its public page is found by. Given by the database. */
  @Column('uuid', { default: () => 'uuidv4()' }) publicToken?: string;
  @Column('timestamptz') createdAt: Date;
}

@Entity('invoice_lines')
@Unique('invoice_lines_position_key', ['organizationId', 'invoiceId', 'position'])
@Index('invoice_lines_billed_once_key', ['organizationId', 'subscriptionId', 'chargeId', 'keyStart'], {
  unique: true,
  where: `kind = 'CHARGE' AND NOT reversed`,
})
@Index('invoice_lines_subscription_idx', ['organizationId', 'subscriptionId', 'periodEnd'])
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], {
  name: 'invoice_lines_invoice_fkey',
  onDelete: 'CASCADE',
})
@ForeignKey(() => Subscription, ['organizationId', 'subscriptionId'], ['organizationId', 'id'], {
  name: 'invoice_lines_subscription_fkey',
})
@ForeignKey(() => Charge, ['organizationId', 'chargeId'], ['organizationId', 'id'], { name: 'invoice_lines_charge_fkey' })
export class InvoiceLine {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_lines_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_lines_pkey' }) id: string;
  @Column('uuid') invoiceId: string;
  @Column('int') position: number;
  @Column('uuid', { nullable: true }) subscriptionId: string | null;
  @Column('uuid', { nullable: true }) chargeId: string | null;
  @Column('text') kind: LineKind | 'BALANCE' | 'ONE_OFF';
  @Column('text') description: string;
  @Column('numeric') quantity: string;
  @Column('numeric', { nullable: true }) unitAmount: string | null;
  @Column('numeric') amount: string;
  @Column('numeric') tax: string;
  @Column('timestamptz', { nullable: true }) periodStart: Date | null;
  @Column('timestamptz', { nullable: true }) periodEnd: Date | null;
  /** Start of the billed span: with the charge, what lines about the same thing have in common. */
  @Column('timestamptz', { nullable: true }) keyStart: Date | null;
  @Column('jsonb') explanation: Explanation;
  /** Usage lines: the cut-off, as a transaction snapshot and as the time of day it was taken. */
  @Column('text', { nullable: true }) knownSnapshot: string | null;
  @Column('timestamptz', { nullable: true }) knownAt: Date | null;
  /** Usage lines: tells the events behind the line from any others (`Reading.eventsHash`). */
  @Column('text', { nullable: true }) eventsHash: string | null;
  /** Its invoice was voided to be drafted again: what it billed may be billed once more. */
  @Column('boolean', { default: false }) reversed: boolean;
  /** Percentage that `tax` was computed with. */
  @Column('numeric', { nullable: true }) taxRate: string | null;
  /** `amount` contains `tax`. */
  @Column('boolean', { default: false }) taxInclusive: boolean;
  /** By hand: its usage is not read again, and nothing corrects it. */
  @Column('boolean', { default: false }) edited: boolean;
  /** Taken off the draft by hand: not shown, and counts as billed with 0. */
  @Column('boolean', { default: false }) removed: boolean;
}

@Entity('payments')
@Index('payments_invoice_idx', ['organizationId', 'invoiceId', 'id'])
@Check('payments_amount_check', 'amount > 0 AND to_balance >= 0 AND to_balance <= amount')
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], { name: 'payments_invoice_fkey' })
export class Payment {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'payments_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'payments_pkey' }) id: string;
  @Column('uuid') invoiceId: string;
  @Column('numeric') amount: string;
  @Column('timestamptz') paidAt: Date;
  @Column('text', { nullable: true }) method: string | null;
  @Column('text', { nullable: true }) reference: string | null;
  /** What exceeded the amount due. */
  @Column('numeric', { default: '0' }) toBalance: string;
  @Column('timestamptz') createdAt: Date;
}

/** The last number given, per organization and issue year. The row's lock orders finalizations. */
@Entity('invoice_counters')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'invoice_counters_organization_fkey' })
export class InvoiceCounter {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_counters_pkey' }) organizationId: string;
  @PrimaryColumn('int', { name: 'issue_year', primaryKeyConstraintName: 'invoice_counters_pkey' }) year: number;
  @Column('int') last: number;
}

onConstraint('invoice_lines_billed_once_key', () => conflict('This period has been billed already.'));
