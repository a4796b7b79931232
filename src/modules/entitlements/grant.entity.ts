import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Feature } from '../catalog/index.js';
import { Customer } from '../customers/index.js';
import type { GrantRecurrence } from './domain/index.js';

/** Allowance of a METER feature for one customer, beside what plans give. What is left of it follows from usage alone. */
@Entity('entitlement_grants')
@Index('entitlement_grants_customer_idx', ['organizationId', 'customerId', 'id'])
@Check('entitlement_grants_amount_check', 'amount > 0')
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], {
  name: 'entitlement_grants_customer_fkey',
})
@ForeignKey(() => Feature, ['organizationId', 'featureId'], ['organizationId', 'id'], { name: 'entitlement_grants_feature_fkey' })
export class Grant {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'entitlement_grants_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'entitlement_grants_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('uuid') featureId: string;
  @Column('numeric') amount: string;
  /** Lower is used first. */
  @Column('int') priority: number;
  @Column('timestamptz') effectiveAt: Date;
  @Column('timestamptz', { nullable: true }) expiresAt: Date | null;
  @Column('text', { nullable: true }) recurrence: GrantRecurrence | null;
  /** Null: recurrences are counted from `effectiveAt`. */
  @Column('timestamptz', { nullable: true }) recurrenceAnchor: Date | null;
  /** The customer's when the grant was made: recurrences keep it. */
  @Column('text') timeZone: string;
  @Column('numeric', { nullable: true }) rolloverMinimum: string | null;
  @Column('numeric', { nullable: true }) rolloverMaximum: string | null;
  @Column('timestamptz', { nullable: true }) voidedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}
