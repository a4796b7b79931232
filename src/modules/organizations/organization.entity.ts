import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { onConstraint } from '../../platform/database/constraint-errors.js';
import type { Address } from '../../shared/address.js';
import { invalid } from '../../shared/errors.js';
import type { Proration } from '../../shared/proration.js';

export type OrganizationMode = 'TEST' | 'LIVE';
export type LateUsagePolicy = 'NEXT_INVOICE' | 'IGNORE';

/** A tenant and its settings. Every other row belongs to one. */
@Entity('organizations')
@Check('organizations_mode_check', `mode IN ('TEST', 'LIVE')`)
@Check('organizations_events_retention_days_check', 'events_retention_days >= greatest(31, backfill_days)')
@Check(
  'organizations_reminder_days_check',
  '-60 <= ALL (reminder_days) AND 60 >= ALL (reminder_days) AND cardinality(reminder_days) <= 10',
)
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
  /** What documents and mail show of the organization; answers to mail go to its address. */
  @Column('text', { nullable: true }) email: string | null;
  @Column('jsonb', { nullable: true }) address: Address | null;
  @Column('text', { nullable: true }) taxId: string | null;
  /** `#rrggbb`; null: a dark grey. */
  @Column('text', { nullable: true }) brandColor: string | null;
  /** BCP 47: how documents write numbers and dates for customers without a locale of their own. */
  @Column('text', { default: 'en-US' }) locale: string;
  /** Days relative to the due date on which an open invoice is brought to mind: −3 is three days before. */
  @Column('int', { array: true, default: [-3, 7] }) reminderDays: number[];
  @Column('timestamptz') createdAt: Date;
}

onConstraint('organizations_events_retention_days_check', () =>
  invalid(
    'eventsRetentionDays',
    'Events must be kept at least as long as usage may be late: eventsRetentionDays is less than backfillDays.',
  ),
);
