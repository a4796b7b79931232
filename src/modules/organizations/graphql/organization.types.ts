import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { Proration } from '../../../shared/proration.js';
import { AddressInput, AddressType } from './address.types.js';
import type { LateUsagePolicy, OrganizationMode } from '../organization.entity.js';

export const ProrationEnum = enumOf('Proration', 'DAY', 'SECOND', 'NONE');
const LateUsagePolicyEnum = enumOf('LateUsagePolicy', 'NEXT_INVOICE', 'IGNORE');
const OrganizationModeEnum = enumOf('OrganizationMode', 'TEST', 'LIVE');

@ObjectType('Organization')
export class OrganizationType {
  @Field(() => ID) id: string;
  @Field() name: string;
  @Field(() => OrganizationModeEnum) mode: OrganizationMode;
  @Field() timeZone: string;
  @Field(() => String, { nullable: true, description: 'Of balance adjustments that name none, of customers without one.' })
  currency: string | null;
  @Field(() => ProrationEnum) proration: Proration;
  @Field(() => Int, { description: 'Review window of drafts in minutes.' }) graceMinutes: number;
  @Field(() => Int) paymentTermsDays: number;
  @Field(() => LateUsagePolicyEnum) lateUsage: LateUsagePolicy;
  @Field(() => Int, { description: 'Closed periods that late usage is looked for in.' }) lateUsagePeriods: number;
  @Field(() => Int, { description: 'Days that usage may be old without the scope usage.backfill.' }) backfillDays: number;
  @Field({ description: 'Whether usage of an unknown customer creates the customer.' }) createsCustomersFromUsage: boolean;
  @Field(() => Int, { nullable: true, description: 'Days that raw events are kept; null: for ever.' })
  eventsRetentionDays: number | null;
  @Field(() => String, { nullable: true, description: 'On documents, as the others that follow; answers to mail go there.' })
  email: string | null;
  @Field(() => AddressType, { nullable: true }) address: AddressType | null;
  @Field(() => String, { nullable: true }) taxId: string | null;
  @Field(() => String, { nullable: true, description: '#rrggbb; null: a dark grey.' }) brandColor: string | null;
  @Field({ description: 'BCP 47: how documents write numbers and dates for customers without a locale of their own.' })
  locale: string;
  @Field(() => [Int], { description: 'Days relative to the due date on which an open invoice is brought to mind.' })
  reminderDays: number[];
  @Field(() => DateTimeScalarType) createdAt: Date;
}

@InputType({ description: 'What is left out stays as it is. Drafts that exist keep the dates they have.' })
export class UpdateOrganizationInput {
  @Field(() => String, { nullable: true }) name?: string | null;
  @Field(() => String, { nullable: true }) timeZone?: string | null;
  @Field(() => String, { nullable: true }) currency?: string | null;
  @Field(() => ProrationEnum, { nullable: true, description: 'Of subscriptions to come.' }) proration?: Proration | null;
  @Field(() => Int, { nullable: true, description: '0 to 43,200 (30 days).' }) graceMinutes?: number | null;
  @Field(() => Int, { nullable: true, description: '0 to 365.' }) paymentTermsDays?: number | null;
  @Field(() => LateUsagePolicyEnum, { nullable: true }) lateUsage?: LateUsagePolicy | null;
  @Field(() => Int, { nullable: true, description: '0 to 36.' }) lateUsagePeriods?: number | null;
  @Field(() => Int, { nullable: true, description: '0 to 3,650.' }) backfillDays?: number | null;
  @Field(() => Boolean, { nullable: true }) createsCustomersFromUsage?: boolean | null;
  @Field(() => Int, { nullable: true, description: '31 to 36,500, and no fewer than backfillDays; null: for ever.' })
  eventsRetentionDays?: number | null;
  @Field(() => String, { nullable: true }) email?: string | null;
  @Field(() => AddressInput, { nullable: true }) address?: AddressInput | null;
  @Field(() => String, { nullable: true }) taxId?: string | null;
  @Field(() => String, { nullable: true, description: '#rrggbb.' }) brandColor?: string | null;
  @Field(() => String, { nullable: true, description: 'BCP 47, of a language in Latin, Greek or Cyrillic letters: de-AT.' })
  locale?: string | null;
  @Field(() => [Int], { nullable: true, description: 'At most 10, from -60 (before the due date) to 60; empty: no reminders.' })
  reminderDays?: number[] | null;
}
