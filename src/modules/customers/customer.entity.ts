import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { duplicateOf } from '../../platform/database/constraint-errors.js';
import type { Address } from '../../shared/address.js';
import { Organization, TestClock } from '../organizations/index.js';

@Entity('customers')
@Unique('customers_external_id_key', ['organizationId', 'externalId'])
@Index('customers_test_clock_idx', ['organizationId', 'testClockId'], { where: 'test_clock_id IS NOT NULL' })
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'customers_organization_fkey' })
@ForeignKey(() => TestClock, ['organizationId', 'testClockId'], ['organizationId', 'id'], { name: 'customers_test_clock_fkey' })
export class Customer {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' }) id: string;
  @Column('text') externalId: string;
  @Column('text', { nullable: true }) name: string | null;
  @Column('text', { nullable: true }) email: string | null;
  @Column('text', { nullable: true }) phone: string | null;
  @Column('text', { nullable: true }) timeZone: string | null;
  @Column('text', { nullable: true }) currency: string | null;
  /** BCP 47: how documents write numbers and dates; null: as the organization's. */
  @Column('text', { nullable: true }) locale: string | null;
  @Column('jsonb', { nullable: true }) billingAddress: Address | null;
  @Column('text', { nullable: true }) taxId: string | null;
  @Column('boolean', { default: false }) taxExempt: boolean;
  /** The customer owes the tax themselves, under their tax id. */
  @Column('boolean', { default: false }) reverseCharge: boolean;
  /** Their own review window of drafts and payment terms; null: the organization's. */
  @Column('int', { nullable: true }) graceMinutes: number | null;
  @Column('int', { nullable: true }) paymentTermsDays: number | null;
  /** Subscriptions that are billed at the same instant share an invoice. */
  @Column('boolean', { default: false }) consolidate: boolean;
  @Column('jsonb', { default: {} }) metadata: object;
  /** Created by usage that named an unknown customer. */
  @Column('boolean', { default: false }) provisional: boolean;
  @Column('uuid', { nullable: true }) testClockId: string | null;
  /** Counts changes, so that none is made on top of one that its maker has not seen. */
  @Column('int', { default: 1 }) revision: number;
  @Column('timestamptz', { nullable: true }) archivedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
  @Column('timestamptz') updatedAt: Date;
}

duplicateOf('customers_external_id_key', 'externalId', 'A customer with this externalId exists already.');
