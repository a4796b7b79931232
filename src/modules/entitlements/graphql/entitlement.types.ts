import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { BillingAlignment } from '../../../shared/calendar.js';
import { BillingAlignmentEnum, FeatureType, FeatureTypeEnum, ResetPeriodEnum, type FeatureKind } from '../../catalog/index.js';
import type { Instant } from '../../../shared/instant.js';
import type { Decimal } from '../../../shared/decimal.js';
import type { ResetPeriod } from '../domain/index.js';

export const AlertKindEnum = enumOf('EntitlementAlertKind', 'THRESHOLD_REACHED', 'LIMIT_REACHED');

const decimalField = { nullable: true } as const;

@ObjectType('Entitlement')
export class EntitlementType {
  @Field(() => FeatureType) feature: FeatureType;
  @Field(() => FeatureTypeEnum) type: FeatureKind;
  @Field() enabled: boolean;
  @Field(() => String, { nullable: true, description: 'CUSTOM features.' }) value: string | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'The same, where it is a number.' }) numericValue: string | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'METER features; null is unlimited.' }) limit: Decimal | null;
  @Field(() => DecimalScalarType, decimalField) used: Decimal | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'Null where the limit is.' }) remaining: Decimal | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'Of what remains, held by reservations.' })
  reserved: Decimal | null;
  @Field(() => Boolean, decimalField) softLimit: boolean | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'When the present window ends; null: never.' })
  resetsAt: Date | null;
}

@ObjectType('EntitlementCheck')
export class EntitlementCheckType {
  @Field() allowed: boolean;
  @Field({ description: 'A code: GRANTED, SOFT_LIMIT_EXCEEDED, LIMIT_REACHED, FEATURE_NOT_IN_PLAN, …' }) reason: string;
  @Field(() => EntitlementType, { nullable: true }) entitlement: EntitlementType | null;
  @Field(() => ID, { nullable: true, description: 'Of what consuming recorded.' }) eventId?: string | null;
}

@ObjectType('CustomerEntitlementCheck')
export class CustomerEntitlementCheckType extends EntitlementCheckType {
  @Field() customerExternalId: string;
  @Field() featureLookupKey: string;
}

@ObjectType('Grant')
export class GrantType {
  @Field(() => ID) id: string;
  @Field(() => DecimalScalarType) amount: string;
  @Field(() => Int, { description: 'Lower is used first.' }) priority: number;
  @Field(() => DateTimeScalarType) effectiveAt: Date;
  @Field(() => DateTimeScalarType, { nullable: true }) expiresAt: Date | null;
  @Field(() => ResetPeriodEnum, { nullable: true }) recurrence: ResetPeriod | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Null: recurrences are counted from effectiveAt.' })
  recurrenceAnchor: Date | null;
  @Field(() => DecimalScalarType, decimalField) rolloverMinimum: string | null;
  @Field(() => DecimalScalarType, decimalField) rolloverMaximum: string | null;
  @Field(() => DateTimeScalarType, { nullable: true }) voidedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
  featureId: string;
}

@ObjectType('GrantBurn')
export class GrantBurnType {
  @Field(() => ID) grantId: string;
  @Field(() => DecimalScalarType) balanceBefore: Decimal;
  @Field(() => DecimalScalarType) balanceAfter: Decimal;
}

@ObjectType('EntitlementBurn', {
  description: 'A stretch of time in which neither limits nor grants changed, and what usage did to them.',
})
export class EntitlementBurnType {
  @Field(() => DateTimeScalarType) start: Date;
  @Field(() => DateTimeScalarType) end: Date;
  @Field(() => DateTimeScalarType, { description: 'Of the window that it belongs to.' }) windowStart: Date;
  @Field(() => DecimalScalarType, { description: 'In the stretch.' }) usage: Decimal;
  @Field(() => DecimalScalarType, { description: 'In the window so far.' }) used: Decimal;
  @Field(() => DecimalScalarType, { nullable: true, description: 'Of the plan, or override; null is unlimited.' })
  limit: Decimal | null;
  @Field(() => DecimalScalarType, { description: 'What neither the limit nor a grant has covered, in the window so far.' })
  overage: Decimal;
  @Field(() => DecimalScalarType, { description: 'Left of all grants in force.' }) balance: Decimal;
  @Field(() => [GrantBurnType], { description: 'In the order they burn.' }) grants: GrantBurnType[];
}

@ObjectType('EntitlementAlert')
export class EntitlementAlertType {
  @Field(() => ID) id: string;
  @Field(() => AlertKindEnum) kind: 'THRESHOLD_REACHED' | 'LIMIT_REACHED';
  @Field(() => Int, { description: 'Percentage of the limit.' }) threshold: number;
  @Field(() => DateTimeScalarType) windowStart: Date;
  @Field(() => DateTimeScalarType, { nullable: true }) windowEnd: Date | null;
  @Field(() => DecimalScalarType) used: string;
  @Field(() => DecimalScalarType) limit: string;
  @Field(() => DateTimeScalarType) raisedAt: Date;
  customerId: string;
  featureId: string;
}
export const EntitlementAlertConnectionType = connectionOf(EntitlementAlertType, 'EntitlementAlert');

@ObjectType('EntitlementReservation')
export class ReservationType {
  @Field(() => ID) id: string;
  @Field(() => DecimalScalarType) quantity: string;
  @Field(() => DateTimeScalarType) reservedAt: Date;
  @Field(() => DateTimeScalarType) expiresAt: Date;
  @Field(() => DecimalScalarType, { nullable: true, description: 'The true quantity.' }) committedQuantity: string | null;
  @Field(() => ID, { nullable: true }) eventId: string | null;
  status: 'HELD' | 'COMMITTED' | 'RELEASED';
  customerId: string;
  featureId: string;
}

@ObjectType('EntitlementReservationCheck')
export class ReservationCheckType extends EntitlementCheckType {
  @Field(() => ReservationType, { nullable: true, description: 'Null where it is not allowed.' })
  reservation: ReservationType | null;
}

@InputType()
export class ConsumeEntitlementInput {
  @Field() customerExternalId: string;
  @Field() featureLookupKey: string;
  @Field(() => DecimalScalarType) quantity: string;
  @Field(() => String, { nullable: true }) idempotencyKey?: string | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Default: now.' }) timestamp?: Instant | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) properties?: Record<string, unknown> | null;
}

@InputType()
export class ReserveEntitlementInput {
  @Field() customerExternalId: string;
  @Field() featureLookupKey: string;
  @Field(() => DecimalScalarType) quantity: string;
  @Field(() => Int, { nullable: true, defaultValue: 300, description: '1 to 86,400.' }) expiresInSeconds?: number | null;
  @Field(() => String, { nullable: true }) idempotencyKey?: string | null;
}

@InputType()
export class CreateGrantInput {
  @Field(() => ID) customerId: string;
  @Field(() => ID) featureId: string;
  @Field(() => DecimalScalarType) amount: string;
  @Field(() => Int, { nullable: true, defaultValue: 1 }) priority?: number | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Default: now.' }) effectiveAt?: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) expiresAt?: Date | null;
  @Field(() => ResetPeriodEnum, { nullable: true, description: 'DAY, WEEK, MONTH or YEAR: filled up again so often.' })
  recurrence?: ResetPeriod | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Recurrences are counted from it; default: effectiveAt.' })
  recurrenceAnchor?: Date | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'What it holds at least after a reset; default 0.' })
  rolloverMinimum?: string | null;
  @Field(() => DecimalScalarType, {
    nullable: true,
    description: 'What it holds at most after a reset; default: all that is left.',
  })
  rolloverMaximum?: string | null;
}

@ObjectType('EntitlementOverride')
export class EntitlementOverrideType {
  @Field(() => ID) id: string;
  @Field() enabled: boolean;
  @Field(() => DecimalScalarType, { nullable: true, description: 'METER features; null is unlimited.' }) limit: string | null;
  @Field(() => ResetPeriodEnum, { nullable: true }) resetPeriod: ResetPeriod | null;
  @Field(() => BillingAlignmentEnum) resetAlignment: BillingAlignment;
  @Field() softLimit: boolean;
  @Field(() => DecimalScalarType, decimalField) gracePercentage: string | null;
  @Field(() => String, { nullable: true }) value: string | null;
  @Field(() => DateTimeScalarType) effectiveAt: Date;
  @Field(() => DateTimeScalarType, { nullable: true }) expiresAt: Date | null;
  featureId: string;
}

@InputType()
export class SetEntitlementOverrideInput {
  @Field(() => ID) customerId: string;
  @Field(() => ID) featureId: string;
  @Field(() => Boolean, { nullable: true, defaultValue: true }) enabled?: boolean | null;
  @Field(() => DecimalScalarType, decimalField) limit?: string | null;
  @Field(() => ResetPeriodEnum, { nullable: true }) resetPeriod?: ResetPeriod | null;
  @Field(() => BillingAlignmentEnum, { nullable: true, defaultValue: 'ANNIVERSARY' }) resetAlignment?: BillingAlignment | null;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) softLimit?: boolean | null;
  @Field(() => DecimalScalarType, decimalField) gracePercentage?: string | null;
  @Field(() => String, { nullable: true }) value?: string | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'The plan’s word holds again from then on.' })
  expiresAt?: Date | null;
}
