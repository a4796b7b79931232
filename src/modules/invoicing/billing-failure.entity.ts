import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Subscription } from '../subscriptions/index.js';
import { Invoice } from './invoice.entity.js';

export const BILLING_STEPS = ['BILL', 'FINALIZE'] as const;
export type BillingStep = (typeof BILLING_STEPS)[number];

/** A step of billing that failed. Rows are only ever added. */
@Entity('billing_failures')
@Index('billing_failures_subscription_idx', ['organizationId', 'subscriptionId', 'id'])
@Check('billing_failures_step_check', `step IN ('BILL', 'FINALIZE')`)
@ForeignKey(() => Subscription, ['organizationId', 'subscriptionId'], ['organizationId', 'id'], {
  name: 'billing_failures_subscription_fkey',
})
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], {
  name: 'billing_failures_invoice_fkey',
  onDelete: 'CASCADE',
})
export class BillingFailure {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'billing_failures_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'billing_failures_pkey' }) id: string;
  @Column('uuid', { nullable: true }) subscriptionId: string | null;
  /** FINALIZE: the draft. */
  @Column('uuid', { nullable: true }) invoiceId: string | null;
  @Column('text') step: BillingStep;
  /** Of how many failures in a row this is the last. */
  @Column('int') attempt: number;
  @Column('text') message: string;
  @Column('timestamptz') failedAt: Date;
  /** When it is tried again; null: parked, until somebody asks for it. */
  @Column('timestamptz', { nullable: true }) retryAt: Date | null;
}
