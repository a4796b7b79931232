import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { BillingAlignment } from '../../shared/calendar.js';
import { Feature } from '../catalog/index.js';
import { Customer } from '../customers/index.js';
import type { ResetPeriod } from './domain/index.js';

/**
 * What one customer has of a feature, whatever the plans say. Never changed: another override, or its removal, ends it, so that
 * what held at any instant stays known.
 */
@Entity('entitlement_overrides')
@Index('entitlement_overrides_present_key', ['organizationId', 'customerId', 'featureId'], {
  unique: true,
  where: 'ended_at IS NULL',
})
@Index('entitlement_overrides_customer_idx', ['organizationId', 'customerId'])
@Check('entitlement_overrides_reset_alignment_check', `reset_alignment IN ('ANNIVERSARY', 'CALENDAR')`)
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], {
  name: 'entitlement_overrides_customer_fkey',
})
@ForeignKey(() => Feature, ['organizationId', 'featureId'], ['organizationId', 'id'], {
  name: 'entitlement_overrides_feature_fkey',
})
export class EntitlementOverride {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'entitlement_overrides_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'entitlement_overrides_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('uuid') featureId: string;
  @Column('boolean') enabled: boolean;
  @Column('numeric', { name: 'usage_limit', nullable: true }) limit: string | null;
  @Column('text', { nullable: true }) resetPeriod: ResetPeriod | null;
  @Column('text', { default: 'ANNIVERSARY' }) resetAlignment: BillingAlignment;
  @Column('boolean', { default: false }) softLimit: boolean;
  @Column('numeric', { nullable: true }) gracePercentage: string | null;
  @Column('text', { nullable: true }) value: string | null;
  @Column('timestamptz') effectiveAt: Date;
  @Column('timestamptz', { nullable: true }) expiresAt: Date | null;
  @Column('timestamptz', { nullable: true }) endedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}
