import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';
import type { Instant } from '../../../shared/instant.js';
import type { UsageVerdict } from '../usage.service.js';
import { MeterType } from './meter.types.js';

export const UsageWindowEnum = enumOf('UsageWindow', 'HOUR', 'DAY', 'WEEK', 'MONTH');
export const UsageVerdictEnum = enumOf('UsageVerdict', 'ACCEPTED', 'DUPLICATE', 'CONFLICT', 'REJECTED');

@InputType('UsageEventInput')
export class UsageEventInputType {
  @Field(() => ID, { nullable: true, description: 'One of meterToken and meterName.' }) meterToken?: string | null;
  @Field(() => String, { nullable: true }) meterName?: string | null;
  @Field() customerExternalId: string;
  @Field(() => DecimalScalarType, { nullable: true }) quantity?: string | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) properties?: Record<string, unknown> | null;
  @Field(() => DateTimeScalarType, { nullable: true }) timestamp?: Date | null;
  @Field(() => String, { nullable: true }) idempotencyKey?: string | null;
}

/** Inputs of GraphQL are plain objects; their instants come from the DateTime scalar. */
export type ParsedUsageEventInput = UsageEventInputType & { timestamp?: Instant | null };

@ObjectType('UsageEvent')
export class UsageEventType {
  @Field(() => ID) id: string;
  @Field(() => DecimalScalarType, { nullable: true }) quantity: string | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) properties: string | null;
  @Field(() => DateTimeScalarType) timestamp: string;
  @Field(() => DateTimeScalarType) receivedAt: string;
  @Field(() => String, { nullable: true }) idempotencyKey: string | null;
  @Field(() => DateTimeScalarType, { nullable: true }) voidedAt: string | null;
  @Field(() => ID, { nullable: true, description: 'The event that this one replaced.' }) amendsId: string | null;
  @Field(() => ID, { nullable: true, description: 'The event that replaced this one.' }) amendedById: string | null;
  meterId: string;
  customerId: string;
}

@InputType({ description: 'What is left out stays as it was.' })
export class AmendUsageEventInput {
  @Field(() => DecimalScalarType, { nullable: true }) quantity?: string | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) properties?: Record<string, unknown> | null;
  @Field(() => DateTimeScalarType, { nullable: true }) timestamp?: Date | null;
  @Field(() => String, { nullable: true }) reason?: string | null;
}

export type ParsedAmendUsageEventInput = AmendUsageEventInput & { timestamp?: Instant | null };

@ObjectType('CustomerUsage')
export class CustomerUsageType {
  @Field(() => DecimalScalarType) value: string;
  @Field(() => Int) eventCount: number;
  customerId: string;
}

@ObjectType('CounterState', { description: 'What a counter holds; what its meter does not need is null.' })
export class CounterStateType {
  @Field(() => Int) eventCount: number;
  @Field(() => DecimalScalarType, { nullable: true }) total: string | null;
  @Field(() => DecimalScalarType, { nullable: true }) highest: string | null;
  @Field(() => DecimalScalarType, { nullable: true }) latest: string | null;
  @Field(() => Int, { description: 'Distinct members.' }) members: number;
}

@ObjectType('CounterDifference')
export class CounterDifferenceType {
  @Field({ description: 'A day in UTC, YYYY-MM-DD.' }) day: string;
  @Field(() => ID) meterId: string;
  @Field(() => ID) customerId: string;
  @Field(() => CounterStateType, { nullable: true }) counted: CounterStateType | null;
  @Field(() => CounterStateType, { nullable: true }) recounted: CounterStateType | null;
}

@ObjectType('UsageReconciliation')
export class UsageReconciliationType {
  @Field(() => Int, { description: 'Counters compared: one a customer, meter and day.' }) checked: number;
  @Field(() => [CounterDifferenceType], { description: 'Up to 100 of them; none is how it should be.' })
  differences: CounterDifferenceType[];
}

export const UsageEventConnectionType = connectionOf(UsageEventType, 'UsageEvent');

@ObjectType('UsageEventResult')
export class UsageEventResultType {
  @Field(() => Int) index: number;
  @Field(() => UsageVerdictEnum) verdict: UsageVerdict;
  @Field(() => ID, { nullable: true }) eventId: string | null;
  @Field(() => String, { nullable: true }) code: string | null;
  @Field(() => String, { nullable: true }) message: string | null;
}

@ObjectType('RecordUsageResult')
export class RecordUsageResultType {
  @Field(() => Int) accepted: number;
  @Field(() => Int) duplicates: number;
  @Field(() => Int) conflicts: number;
  @Field(() => Int) rejected: number;
  @Field(() => [UsageEventResultType]) results: UsageEventResultType[];
}

@ObjectType('UsageBucket')
export class UsageBucketType {
  @Field(() => DateTimeScalarType) start: Date | string;
  @Field(() => DateTimeScalarType) end: Date | string;
  @Field(() => DecimalScalarType) value: string;
  @Field(() => Int) eventCount: number;
  @Field(() => JsonObjectScalarType, { nullable: true }) group: Record<string, string | null> | null;
}

@ObjectType('UsageReport')
export class UsageReportType {
  @Field(() => MeterType) meter: MeterType;
  @Field(() => DecimalScalarType) value: string;
  @Field(() => Int) eventCount: number;
  @Field(() => DateTimeScalarType) from: Date | string;
  @Field(() => DateTimeScalarType) to: Date | string;
  @Field(() => [UsageBucketType]) buckets: UsageBucketType[];
}
