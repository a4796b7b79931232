import type { Decimal } from '../../../shared/decimal.js';

export type ChargeType = 'FIXED' | 'USAGE';
export type PricingModel = 'FLAT' | 'PER_UNIT' | 'PACKAGE' | 'GRADUATED' | 'VOLUME' | 'PERCENTAGE';
export type BillingTiming = 'IN_ARREARS' | 'IN_ADVANCE';
export type RoundingMode = 'NONE' | 'UP' | 'DOWN' | 'NEAREST';

/** A price for the units above the tier below and up to `upTo`, inclusive; the last tier has no bound (null). */
export interface PriceTier {
  upTo: Decimal | null;
  unitAmount: Decimal;
  /** Charged once when the quantity reaches into the tier. */
  flatAmount: Decimal;
}

/**
 * The priced part of a charge (`docs/billing-rules.md §5`), all decimals parsed. Amounts are in the plan's currency. A model
 * reads its own fields only; the others are null (`validatePlan` sees to it).
 */
export interface Price {
  model: PricingModel;
  /** FLAT: the amount per full period. */
  amount: Decimal | null;
  /** PER_UNIT: the price of one unit. */
  unitAmount: Decimal | null;
  /** PACKAGE: units in one package. */
  packageSize: Decimal | null;
  /** PACKAGE: the price of one started package. */
  packageAmount: Decimal | null;
  /** PERCENTAGE: a fraction, 0.015 is 1.5 %. */
  rate: Decimal | null;
  /** PERCENTAGE: an optional fee for each event. */
  fixedAmountPerEvent: Decimal | null;
  /** GRADUATED and VOLUME: tiers in ascending order, the last one open. */
  tiers: PriceTier[] | null;
  /** Units that cost nothing in each billed span, however short it is. */
  includedUnits: Decimal;
  /** The least a full period's line comes to; prorated with the span. */
  minimumAmount: Decimal | null;
  /** The most a line comes to; never prorated. */
  maximumAmount: Decimal | null;
  /** How the reading is rounded before anything else. */
  quantityRounding: RoundingMode;
  /** Decimal places that the rounding keeps; negative: -3 rounds to thousands. */
  quantityPrecision: number;
}
