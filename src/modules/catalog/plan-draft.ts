import { decimal, ZERO, type Decimal } from '../../shared/decimal.js';
import type { BillingAlignment, BillingInterval } from '../../shared/calendar.js';
import type { BillingTiming, ChargeType, PlanType, Price, PricingModel, ResetPeriod, RoundingMode } from './domain/index.js';
import type { ChargeDraft, PlanDraft } from './domain/validate-plan.js';
import type { Charge } from './plan.entity.js';

export interface ChargeInput {
  displayName: string;
  type: ChargeType;
  model: PricingModel;
  meterId?: string | null;
  billingTiming?: BillingTiming | null;
  amount?: string | null;
  unitAmount?: string | null;
  packageSize?: string | null;
  packageAmount?: string | null;
  rate?: string | null;
  fixedAmountPerEvent?: string | null;
  tiers?: { upTo?: string | null; unitAmount: string; flatAmount?: string | null }[] | null;
  includedUnits?: string | null;
  minimumAmount?: string | null;
  maximumAmount?: string | null;
  quantityRounding?: RoundingMode | null;
  quantityPrecision?: number | null;
}

export interface PlanFeatureInput {
  featureId: string;
  enabled?: boolean | null;
  limit?: string | null;
  resetPeriod?: ResetPeriod | null;
  resetAlignment?: BillingAlignment | null;
  softLimit?: boolean | null;
  gracePercentage?: string | null;
  value?: string | null;
}

export interface CreatePlanInput {
  lookupKey: string;
  name: string;
  type: PlanType;
  description?: string | null;
  billingInterval: BillingInterval;
  intervalCount?: number | null;
  currency: string;
  trialDays?: number | null;
  charges?: ChargeInput[] | null;
  features?: PlanFeatureInput[] | null;
}

const optional = (text: string | null | undefined): Decimal | null =>
  text === null || text === undefined ? null : decimal(text);

/** Parses the decimals of a plan and fills in the defaults. */
export const planDraft = (input: CreatePlanInput): PlanDraft => ({
  lookupKey: input.lookupKey,
  name: input.name,
  description: input.description ?? null,
  type: input.type,
  currency: input.currency,
  billingInterval: input.billingInterval,
  intervalCount: input.intervalCount ?? 1,
  trialDays: input.trialDays ?? 0,
  charges: (input.charges ?? []).map(chargeDraft),
});

const chargeDraft = (input: ChargeInput): ChargeDraft => ({
  displayName: input.displayName,
  type: input.type,
  meterId: input.meterId ?? null,
  billingTiming: input.billingTiming ?? 'IN_ARREARS',
  ...priceOf(input),
});

/** The price of a charge, whether stored or just sent: its decimals parsed. */
export const priceOf = (charge: ChargeInput | Charge): Price => ({
  model: charge.model,
  amount: optional(charge.amount),
  unitAmount: optional(charge.unitAmount),
  packageSize: optional(charge.packageSize),
  packageAmount: optional(charge.packageAmount),
  rate: optional(charge.rate),
  fixedAmountPerEvent: optional(charge.fixedAmountPerEvent),
  tiers:
    charge.tiers?.map((tier) => ({
      upTo: optional(tier.upTo),
      unitAmount: decimal(tier.unitAmount),
      flatAmount: optional(tier.flatAmount) ?? ZERO,
    })) ?? null,
  includedUnits: optional(charge.includedUnits) ?? ZERO,
  minimumAmount: optional(charge.minimumAmount),
  maximumAmount: optional(charge.maximumAmount),
  quantityRounding: charge.quantityRounding ?? 'NONE',
  quantityPrecision: charge.quantityPrecision ?? 0,
});
