import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { BillingAlignment } from '../../../shared/calendar.js';
import { BillingAlignmentEnum } from '../../catalog/index.js';
import type { Proration } from '../../../shared/proration.js';
import { ProrationEnum } from '../../organizations/index.js';
import type { SubscriptionStatus } from '../domain/index.js';
import type { ChangeTiming } from '../domain/index.js';

export const SubscriptionStatusEnum = enumOf(
  'SubscriptionStatus',
  'PENDING',
  'TRIAL',
  'ACTIVE',
  'PAST_DUE',
  'PAUSED',
  'CANCELED',
);
export const ChangeTimingEnum = enumOf('ChangeTiming', 'IMMEDIATE', 'PERIOD_END');

@ObjectType('SubscriptionTransition')
export class SubscriptionTransitionType {
  @Field(() => SubscriptionStatusEnum, { nullable: true }) from: SubscriptionStatus | null;
  @Field(() => SubscriptionStatusEnum) to: SubscriptionStatus;
  @Field(() => DateTimeScalarType) at: Date;
  @Field(() => String, { nullable: true }) reason: string | null;
  @Field() actor: string;
}

@ObjectType('Subscription')
export class SubscriptionType {
  @Field(() => ID) id: string;
  @Field(() => SubscriptionStatusEnum) status: SubscriptionStatus;
  @Field(() => BillingAlignmentEnum) alignment: BillingAlignment;
  @Field(() => ProrationEnum) proration: Proration;
  @Field({ description: 'The IANA zone of its calendar.' }) timeZone: string;
  @Field(() => DateTimeScalarType, { nullable: true }) billingAnchor: Date | null;
  @Field(() => DateTimeScalarType) startedAt: Date;
  @Field(() => DateTimeScalarType, { nullable: true }) trialEnd: Date | null;
  @Field(() => DateTimeScalarType) currentPeriodStart: Date;
  @Field(() => DateTimeScalarType) currentPeriodEnd: Date;
  @Field() cancelAtPeriodEnd: boolean;
  @Field(() => DateTimeScalarType, { nullable: true }) canceledAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) endedAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) pausedAt: Date | null;
  customerId: string;
  planId: string;
}

export const SubscriptionConnectionType = connectionOf(SubscriptionType, 'Subscription');

@InputType()
export class CreateSubscriptionInput {
  @Field(() => ID, { nullable: true, description: 'One of customerId and customerExternalId.' }) customerId?: string | null;
  @Field(() => String, { nullable: true }) customerExternalId?: string | null;
  @Field(() => ID, { nullable: true, description: 'One of planId and planLookupKey.' }) planId?: string | null;
  @Field(() => String, { nullable: true, description: 'Means the newest version.' }) planLookupKey?: string | null;
  @Field(() => DateTimeScalarType, { nullable: true }) startAt?: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) trialEnd?: Date | null;
  @Field(() => BillingAlignmentEnum, { nullable: true, defaultValue: 'ANNIVERSARY' }) alignment?: BillingAlignment | null;
  @Field(() => ProrationEnum, { nullable: true }) proration?: Proration | null;
  @Field(() => DateTimeScalarType, {
    nullable: true,
    description: 'ANNIVERSARY only: boundaries fall on it ± n intervals; a start off the boundary makes a stub.',
  })
  billingAnchor?: Date | null;
}

@InputType()
export class CancelSubscriptionInput {
  @Field(() => ChangeTimingEnum) timing: ChangeTiming;
  @Field(() => String, { nullable: true }) reason?: string | null;
}
