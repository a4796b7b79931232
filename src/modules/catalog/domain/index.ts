export type { ResetPeriod } from './reset-period.js';
export type { BillingTiming, ChargeType, Price, PriceTier, PricingModel, RoundingMode } from './charge.js';
export type { PlanType } from './validate-plan.js';
export { rateUsage, type RatedUsage, type TierSlice, type UsageReading } from './rate-usage.js';
