import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { BillingAlignment, BillingInterval } from '../../../shared/calendar.js';
import { CreateMeterInput } from '../../metering/index.js';
import type {
  BillingTiming,
  ChargeType as ChargeKind,
  PlanType as PlanKind,
  PricingModel,
  ResetPeriod,
  RoundingMode,
} from '../domain/index.js';
import type { FeatureType as FeatureKind } from '../feature.entity.js';
import type { StoredTier } from '../plan.entity.js';

export const FeatureTypeEnum = enumOf('FeatureType', 'METER', 'SWITCH', 'CUSTOM');
export const PlanTypeEnum = enumOf('PlanType', 'FIXED', 'USAGE', 'HYBRID');
export const BillingIntervalEnum = enumOf('BillingInterval', 'DAY', 'WEEK', 'MONTH', 'YEAR');
export const ResetPeriodEnum = enumOf('ResetPeriod', 'DAY', 'WEEK', 'MONTH', 'YEAR', 'BILLING_PERIOD', 'NEVER');
export const BillingAlignmentEnum = enumOf('BillingAlignment', 'ANNIVERSARY', 'CALENDAR');
export const ChargeTypeEnum = enumOf('ChargeType', 'FIXED', 'USAGE');
export const PricingModelEnum = enumOf('PricingModel', 'FLAT', 'PER_UNIT', 'PACKAGE', 'GRADUATED', 'VOLUME', 'PERCENTAGE');
export const BillingTimingEnum = enumOf('BillingTiming', 'IN_ARREARS', 'IN_ADVANCE');
export const RoundingModeEnum = enumOf('RoundingMode', 'NONE', 'UP', 'DOWN', 'NEAREST');

const decimalField = { nullable: true } as const;

@ObjectType('Feature')
export class FeatureType {
  @Field(() => ID) id: string;
  @Field() lookupKey: string;
  @Field() name: string;
  @Field(() => FeatureTypeEnum) type: FeatureKind;
  @Field(() => String, { nullable: true }) description: string | null;
  @Field(() => [Int], { description: 'METER features: percentages of the limit that are told when use reaches them.' })
  alertThresholds: number[];
  @Field(() => DateTimeScalarType, { nullable: true }) archivedAt: Date | null;
  meterId: string | null;
}
export const FeatureConnectionType = connectionOf(FeatureType, 'Feature');

@InputType()
export class CreateFeatureInput {
  @Field() lookupKey: string;
  @Field() name: string;
  @Field(() => FeatureTypeEnum) type: FeatureKind;
  @Field(() => String, { nullable: true }) description?: string | null;
  @Field(() => ID, { nullable: true, description: 'METER features: an existing meter …' }) meterId?: string | null;
  @Field(() => CreateMeterInput, { nullable: true, description: '… or one created with it.' }) meter?: CreateMeterInput | null;
  @Field(() => [Int], { nullable: true, description: 'METER features: percentages of the limit, 1 to 1,000.' })
  alertThresholds?: number[] | null;
}

@ObjectType('PriceTier')
export class PriceTierType {
  @Field(() => DecimalScalarType, { nullable: true, description: 'Inclusive; the last tier has none.' }) upTo: string | null;
  @Field(() => DecimalScalarType) unitAmount: string;
  @Field(() => DecimalScalarType) flatAmount: string;
}

@ObjectType('Charge')
export class ChargeType {
  @Field(() => ID) id: string;
  @Field() displayName: string;
  @Field(() => ChargeTypeEnum) type: ChargeKind;
  @Field(() => PricingModelEnum) model: PricingModel;
  @Field(() => BillingTimingEnum) billingTiming: BillingTiming;
  @Field(() => DecimalScalarType, decimalField) amount: string | null;
  @Field(() => DecimalScalarType, decimalField) unitAmount: string | null;
  @Field(() => DecimalScalarType, decimalField) packageSize: string | null;
  @Field(() => DecimalScalarType, decimalField) packageAmount: string | null;
  @Field(() => DecimalScalarType, decimalField) rate: string | null;
  @Field(() => DecimalScalarType, decimalField) fixedAmountPerEvent: string | null;
  @Field(() => [PriceTierType], { nullable: true }) tiers: StoredTier[] | null;
  @Field(() => DecimalScalarType, decimalField) includedUnits: string;
  @Field(() => DecimalScalarType, decimalField) minimumAmount: string | null;
  @Field(() => DecimalScalarType, decimalField) maximumAmount: string | null;
  @Field() active: boolean;
  @Field(() => RoundingModeEnum) quantityRounding: RoundingMode;
  @Field(() => Int, { description: 'Decimal places kept; may be negative (-3: thousands).' }) quantityPrecision: number;
  meterId: string | null;
}

@ObjectType('PlanFeature')
export class PlanFeatureType {
  @Field(() => ID) id: string;
  @Field() enabled: boolean;
  @Field(() => DecimalScalarType, { nullable: true, description: 'METER features; null is unlimited.' }) limit: string | null;
  @Field(() => ResetPeriodEnum, { nullable: true }) resetPeriod: ResetPeriod | null;
  @Field(() => BillingAlignmentEnum) resetAlignment: BillingAlignment;
  @Field() softLimit: boolean;
  @Field(() => DecimalScalarType, {
    nullable: true,
    description: 'Soft limits: how far beyond the limit use is let through, in percent of it; null: without end.',
  })
  gracePercentage: string | null;
  @Field(() => String, { nullable: true, description: 'CUSTOM features.' }) value: string | null;
  featureId: string;
}

@ObjectType('Plan')
export class PlanType {
  @Field(() => ID) id: string;
  @Field() lookupKey: string;
  @Field(() => Int) version: number;
  @Field() name: string;
  @Field(() => PlanTypeEnum) type: PlanKind;
  @Field(() => String, { nullable: true }) description: string | null;
  @Field(() => BillingIntervalEnum) billingInterval: BillingInterval;
  @Field(() => Int) intervalCount: number;
  @Field() currency: string;
  @Field(() => Int) trialDays: number;
  @Field(() => DateTimeScalarType, { nullable: true }) archivedAt: Date | null;
}
export const PlanConnectionType = connectionOf(PlanType, 'Plan');

@InputType()
export class PriceTierInput {
  @Field(() => DecimalScalarType, { nullable: true }) upTo?: string | null;
  @Field(() => DecimalScalarType) unitAmount: string;
  @Field(() => DecimalScalarType, { nullable: true, defaultValue: '0' }) flatAmount?: string | null;
}

@InputType()
export class ChargeInput {
  @Field() displayName: string;
  @Field(() => ChargeTypeEnum) type: ChargeKind;
  @Field(() => PricingModelEnum) model: PricingModel;
  @Field(() => ID, { nullable: true }) meterId?: string | null;
  @Field(() => BillingTimingEnum, { nullable: true, defaultValue: 'IN_ARREARS' }) billingTiming?: BillingTiming | null;
  @Field(() => DecimalScalarType, decimalField) amount?: string | null;
  @Field(() => DecimalScalarType, decimalField) unitAmount?: string | null;
  @Field(() => DecimalScalarType, decimalField) packageSize?: string | null;
  @Field(() => DecimalScalarType, decimalField) packageAmount?: string | null;
  @Field(() => DecimalScalarType, decimalField) rate?: string | null;
  @Field(() => DecimalScalarType, decimalField) fixedAmountPerEvent?: string | null;
  @Field(() => [PriceTierInput], { nullable: true }) tiers?: PriceTierInput[] | null;
  @Field(() => DecimalScalarType, { nullable: true, defaultValue: '0' }) includedUnits?: string | null;
  @Field(() => DecimalScalarType, decimalField) minimumAmount?: string | null;
  @Field(() => DecimalScalarType, decimalField) maximumAmount?: string | null;
  @Field(() => RoundingModeEnum, { nullable: true, defaultValue: 'NONE' }) quantityRounding?: RoundingMode | null;
  @Field(() => Int, { nullable: true, defaultValue: 0 }) quantityPrecision?: number | null;
}

@InputType()
export class PlanFeatureInput {
  @Field(() => ID) featureId: string;
  @Field(() => Boolean, { nullable: true, defaultValue: true }) enabled?: boolean | null;
  @Field(() => DecimalScalarType, decimalField) limit?: string | null;
  @Field(() => ResetPeriodEnum, { nullable: true }) resetPeriod?: ResetPeriod | null;
  @Field(() => BillingAlignmentEnum, { nullable: true, defaultValue: 'ANNIVERSARY' }) resetAlignment?: BillingAlignment | null;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) softLimit?: boolean | null;
  @Field(() => DecimalScalarType, decimalField) gracePercentage?: string | null;
  @Field(() => String, { nullable: true }) value?: string | null;
}

@InputType()
export class CreatePlanInput {
  @Field() lookupKey: string;
  @Field() name: string;
  @Field(() => PlanTypeEnum) type: PlanKind;
  @Field(() => String, { nullable: true }) description?: string | null;
  @Field(() => BillingIntervalEnum) billingInterval: BillingInterval;
  @Field(() => Int, { nullable: true, defaultValue: 1 }) intervalCount?: number | null;
  @Field() currency: string;
  @Field(() => Int, { nullable: true, defaultValue: 0 }) trialDays?: number | null;
  @Field(() => [ChargeInput], { nullable: true }) charges?: ChargeInput[] | null;
  @Field(() => [PlanFeatureInput], { nullable: true }) features?: PlanFeatureInput[] | null;
}
