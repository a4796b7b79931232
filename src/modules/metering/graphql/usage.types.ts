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
  meterId: string;
  customerId: string;
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
