import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { BillingAlignment } from '../../shared/calendar.js';
import type { Proration } from '../../shared/proration.js';
import { Plan } from '../catalog/index.js';
import { Customer } from '../customers/index.js';
import { TestClock } from '../organizations/index.js';
import type { SubscriptionStatus, TimelineEntry } from './domain/index.js';

/** Binds a customer to a plan. What it is at any instant follows from its entries (domain/timeline). */
@Entity('subscriptions')
@Index('subscriptions_customer_idx', ['organizationId', 'customerId', 'id'])
@Index('subscriptions_plan_idx', ['organizationId', 'planId', 'id'])
@Index('subscriptions_due_idx', ['dueAt'], {
  where: 'due_at IS NOT NULL AND test_clock_id IS NULL AND billing_failures < 3',
})
@Index('subscriptions_parked_idx', ['id'], { where: 'billing_failures >= 3' })
@Index('subscriptions_test_clock_due_idx', ['organizationId', 'testClockId', 'dueAt'], { where: 'test_clock_id IS NOT NULL' })
@Check('subscriptions_status_check', `status IN ('PENDING', 'TRIAL', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELED')`)
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'subscriptions_customer_fkey' })
@ForeignKey(() => Plan, ['organizationId', 'planId'], ['organizationId', 'id'], { name: 'subscriptions_plan_fkey' })
@ForeignKey(() => TestClock, ['organizationId', 'testClockId'], ['organizationId', 'id'], {
  name: 'subscriptions_test_clock_fkey',
})
export class Subscription {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscriptions_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscriptions_pkey' }) id: string;
  @Column('uuid') customerId: string;
  /** The plan version of the present. */
  @Column('uuid') planId: string;
  @Column('text') status: SubscriptionStatus;
  @Column('text') alignment: BillingAlignment;
  @Column('text') proration: Proration;
  @Column('text') timeZone: string;
  @Column('timestamptz', { nullable: true }) billingAnchor: Date | null;
  @Column('timestamptz') startedAt: Date;
  @Column('timestamptz', { nullable: true }) trialEnd: Date | null;
  @Column('timestamptz') currentPeriodStart: Date;
  @Column('timestamptz') currentPeriodEnd: Date;
  @Column('boolean', { default: false }) cancelAtPeriodEnd: boolean;
  @Column('timestamptz', { nullable: true }) canceledAt: Date | null;
  @Column('timestamptz', { nullable: true }) endedAt: Date | null;
  @Column('timestamptz', { nullable: true }) pausedAt: Date | null;
  /** Copied from the customer, so that due work is found by one index. */
  @Column('uuid', { nullable: true }) testClockId: string | null;
  /** The next instant at which something falls due; null: nothing ever will. */
  @Column('timestamptz', { nullable: true }) dueAt: Date | null;
  /** A draft of this span was deleted or reissued: the next run looks back as far as this. */
  @Column('timestamptz', { nullable: true }) rebillFrom: Date | null;
  /** Failures of billing in a row, and when to try again. */
  @Column('int', { default: 0 }) billingFailures: number;
  @Column('timestamptz', { nullable: true }) retryAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}

/** One decision about a subscription. Rows are only ever added, or revoked before they take effect. */
@Entity('subscription_entries')
@Unique('subscription_entries_sequence_key', ['organizationId', 'subscriptionId', 'sequence'])
@Check('subscription_entries_kind_check', `kind IN ('PLAN', 'PAUSE', 'RESUME', 'END')`)
@ForeignKey(() => Subscription, ['organizationId', 'subscriptionId'], ['organizationId', 'id'], {
  name: 'subscription_entries_subscription_fkey',
})
@ForeignKey(() => Plan, ['organizationId', 'planId'], ['organizationId', 'id'], { name: 'subscription_entries_plan_fkey' })
export class SubscriptionEntry implements TimelineEntry {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_entries_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_entries_pkey' }) id: string;
  @Column('uuid') subscriptionId: string;
  @Column('int') sequence: number;
  @Column('text') kind: TimelineEntry['kind'];
  @Column('timestamptz', { name: 'effective_at' }) at: Date;
  @Column('uuid', { nullable: true }) planId: string | null;
  @Column('text') proration: Proration;
  /** As the caller gave it; it goes with the transition when the decision takes effect. */
  @Column('text', { nullable: true }) reason: string | null;
  @Column('timestamptz') recordedAt: Date;
  @Column('timestamptz', { nullable: true }) revokedAt: Date | null;
}

/** A change of state, as it happened. */
@Entity('subscription_transitions')
@Index('subscription_transitions_subscription_idx', ['organizationId', 'subscriptionId', 'id'])
@ForeignKey(() => Subscription, ['organizationId', 'subscriptionId'], ['organizationId', 'id'], {
  name: 'subscription_transitions_subscription_fkey',
})
export class SubscriptionTransition {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_transitions_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_transitions_pkey' }) id: string;
  @Column('uuid') subscriptionId: string;
  @Column('text', { name: 'from_status', nullable: true }) from: SubscriptionStatus | null;
  @Column('text', { name: 'to_status' }) to: SubscriptionStatus;
  @Column('timestamptz', { name: 'effective_at' }) at: Date;
  @Column('text', { nullable: true }) reason: string | null;
  @Column('text') actor: string;
  @Column('timestamptz') recordedAt: Date;
}
