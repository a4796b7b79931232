import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Proration } from '../../shared/proration.js';

export type OrganizationMode = 'TEST' | 'LIVE';
export type LateUsagePolicy = 'NEXT_INVOICE' | 'IGNORE';

/** A tenant and its settings. Every other row belongs to one. */
@Entity('organizations')
@Check('organizations_mode_check', `mode IN ('TEST', 'LIVE')`)
@Check('organizations_events_retention_days_check', 'events_retention_days >= greatest(31, backfill_days)')
export class Organization {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'organizations_pkey' }) id: string;
  @Column('text') name: string;
  @Column('text') mode: OrganizationMode;
  @Column('text', { default: 'UTC' }) timeZone: string;
  @Column('text', { default: 'DAY' }) proration: Proration;
  /** Of what is credited by hand where nothing names a currency. */
  @Column('text', { nullable: true }) currency: string | null;
  /** Review window of drafts. A customer may have their own, as of the payment terms. */
  @Column('int', { default: 60 }) graceMinutes: number;
  @Column('int', { default: 30 }) paymentTermsDays: number;
  @Column('text', { default: 'NEXT_INVOICE' }) lateUsage: LateUsagePolicy;
  @Column('int', { default: 3 }) lateUsagePeriods: number;
  @Column('int', { default: 90 }) backfillDays: number;
  /** Raw events are kept this long; counters, invoices and idempotency keys stay. null: for ever. */
  @Column('int', { nullable: true }) eventsRetentionDays: number | null;
  @Column('boolean', { default: true }) createsCustomersFromUsage: boolean;
  @Column('timestamptz') createdAt: Date;
}
