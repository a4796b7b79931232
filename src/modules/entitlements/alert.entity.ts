import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Feature } from '../catalog/index.js';
import { Customer } from '../customers/index.js';

/** That use of a feature has reached a threshold, or its limit: once a window. */
@Entity('entitlement_alerts')
@Unique('entitlement_alerts_once_key', ['organizationId', 'customerId', 'featureId', 'windowStart', 'kind', 'threshold'])
@Check('entitlement_alerts_kind_check', `kind IN ('THRESHOLD_REACHED', 'LIMIT_REACHED')`)
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], {
  name: 'entitlement_alerts_customer_fkey',
})
@ForeignKey(() => Feature, ['organizationId', 'featureId'], ['organizationId', 'id'], { name: 'entitlement_alerts_feature_fkey' })
export class EntitlementAlert {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'entitlement_alerts_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'entitlement_alerts_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('uuid') featureId: string;
  @Column('text') kind: 'THRESHOLD_REACHED' | 'LIMIT_REACHED';
  /** Percentage of the limit. */
  @Column('int') threshold: number;
  @Column('timestamptz') windowStart: Date;
  @Column('timestamptz', { nullable: true }) windowEnd: Date | null;
  @Column('numeric') used: string;
  @Column('numeric', { name: 'usage_limit' }) limit: string;
  @Column('timestamptz') raisedAt: Date;
  /** When the product's listeners had it; null: not yet. */
  @Column('timestamptz', { nullable: true }) publishedAt: Date | null;
}
