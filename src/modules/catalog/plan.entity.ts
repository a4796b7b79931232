import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { duplicateOf } from '../../platform/database/constraint-errors.js';
import type { BillingAlignment, BillingInterval } from '../../shared/calendar.js';
import { Meter } from '../metering/index.js';
import { Organization } from '../organizations/index.js';
import type { BillingTiming, ChargeType, PlanType, PricingModel, ResetPeriod, RoundingMode } from './domain/index.js';
import { Feature } from './feature.entity.js';

/** One version of a plan: what it costs and what it unlocks. Versions never change; a change is version n + 1. */
@Entity('plans')
@Unique('plans_version_key', ['organizationId', 'lookupKey', 'version'])
@Check('plans_type_check', `type IN ('FIXED', 'USAGE', 'HYBRID')`)
@Check('plans_interval_check', `billing_interval IN ('DAY', 'WEEK', 'MONTH', 'YEAR') AND interval_count >= 1`)
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'plans_organization_fkey' })
export class Plan {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'plans_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'plans_pkey' }) id: string;
  @Column('text') lookupKey: string;
  @Column('int') version: number;
  @Column('text') name: string;
  @Column('text') type: PlanType;
  @Column('text', { nullable: true }) description: string | null;
  @Column('text') billingInterval: BillingInterval;
  @Column('int') intervalCount: number;
  @Column('text') currency: string;
  @Column('int') trialDays: number;
  @Column('timestamptz', { nullable: true }) archivedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}

/** A tier as it is stored: decimals as text. */
export interface StoredTier {
  upTo: string | null;
  unitAmount: string;
  flatAmount: string;
}

/** A price of a plan version (billing-rules §5). */
@Entity('charges')
@Index('charges_plan_idx', ['organizationId', 'planId', 'position'])
@Check('charges_type_check', `(type = 'FIXED' AND meter_id IS NULL) OR (type = 'USAGE' AND meter_id IS NOT NULL)`)
@ForeignKey(() => Plan, ['organizationId', 'planId'], ['organizationId', 'id'], { name: 'charges_plan_fkey' })
@ForeignKey(() => Meter, ['organizationId', 'meterId'], ['organizationId', 'id'], { name: 'charges_meter_fkey' })
export class Charge {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'charges_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'charges_pkey' }) id: string;
  @Column('uuid') planId: string;
  /** Order within the plan. */
  @Column('int') position: number;
  @Column('text') displayName: string;
  @Column('text') type: ChargeType;
  @Column('text') model: PricingModel;
  @Column('uuid', { nullable: true }) meterId: string | null;
  @Column('text') billingTiming: BillingTiming;
  @Column('numeric', { nullable: true }) amount: string | null;
  @Column('numeric', { nullable: true }) unitAmount: string | null;
  @Column('numeric', { nullable: true }) packageSize: string | null;
  @Column('numeric', { nullable: true }) packageAmount: string | null;
  @Column('numeric', { nullable: true }) rate: string | null;
  @Column('numeric', { nullable: true }) fixedAmountPerEvent: string | null;
  @Column('jsonb', { nullable: true }) tiers: StoredTier[] | null;
  @Column('numeric') includedUnits: string;
  @Column('numeric', { nullable: true }) minimumAmount: string | null;
  @Column('numeric', { nullable: true }) maximumAmount: string | null;
  @Column('text') quantityRounding: RoundingMode;
  @Column('int') quantityPrecision: number;
  @Column('boolean', { default: true }) active: boolean;
}

/** What a plan version unlocks of one feature. */
@Entity('plan_features')
@Check('plan_features_reset_alignment_check', `reset_alignment IN ('ANNIVERSARY', 'CALENDAR')`)
@Unique('plan_features_feature_key', ['organizationId', 'planId', 'featureId'])
@ForeignKey(() => Plan, ['organizationId', 'planId'], ['organizationId', 'id'], { name: 'plan_features_plan_fkey' })
@ForeignKey(() => Feature, ['organizationId', 'featureId'], ['organizationId', 'id'], { name: 'plan_features_feature_fkey' })
export class PlanFeature {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'plan_features_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'plan_features_pkey' }) id: string;
  @Column('uuid') planId: string;
  @Column('uuid') featureId: string;
  @Column('boolean') enabled: boolean;
  /** METER: null is unlimited. */
  @Column('numeric', { name: 'usage_limit', nullable: true }) limit: string | null;
  @Column('text', { nullable: true }) resetPeriod: ResetPeriod | null;
  /** ANNIVERSARY: windows are counted from the subscription's anchor. */
  @Column('text', { default: 'ANNIVERSARY' }) resetAlignment: BillingAlignment;
  @Column('boolean', { default: false }) softLimit: boolean;
  /** Soft limits: how far beyond the limit use is let through, as a percentage of it; null: without end. */
  @Column('numeric', { nullable: true }) gracePercentage: string | null;
  /** CUSTOM. */
  @Column('text', { nullable: true }) value: string | null;
}

duplicateOf('plans_version_key', 'lookupKey', 'A plan with this lookupKey exists already. Make a new version of it instead.');
duplicateOf('plan_features_feature_key', 'features', 'A plan carries each feature at most once.');
