import { ceilingOfQuotient, Decimal, decimal, max, min, sum, ZERO } from '../../../shared/decimal.js';
import type { Fraction } from '../../../shared/proration.js';
import type { Price, PriceTier, RoundingMode } from './charge.js';

/** What a meter counted over the billed span. */
export interface UsageReading {
  value: Decimal;
  /** Events behind the value; PERCENTAGE may charge a fee for each. */
  eventCount: number;
}

/** The part of the billable quantity that one tier prices. `amount` = quantity × unitAmount + flatAmount. */
export interface TierSlice {
  /** Exclusive lower bound of the tier. */
  from: Decimal;
  /** Inclusive upper bound of the tier; null: open. */
  upTo: Decimal | null;
  quantity: Decimal;
  unitAmount: Decimal;
  flatAmount: Decimal;
  amount: Decimal;
}

/** How a usage charge came to its amount, step by step; nothing in it is rounded to the currency. */
export interface RatedUsage {
  /** The reading after `quantityRounding`. */
  roundedQuantity: Decimal;
  /** Free units actually taken off: never more than the rounded quantity has. */
  includedUnits: Decimal;
  /** The q of the price table, ≥ 0. */
  billableQuantity: Decimal;
  /** PACKAGE: packages started; otherwise null. */
  packages: Decimal | null;
  /** GRADUATED: the tiers reached, lowest first. VOLUME: the one tier. None for q = 0. Otherwise null. */
  slices: TierSlice[] | null;
  /** PERCENTAGE with a fee per event: the fees together, part of `unboundedAmount`; otherwise null. */
  eventFees: Decimal | null;
  /** What the model alone charges. */
  unboundedAmount: Decimal;
  /** The (prorated) minimum, where it raised the amount; otherwise null. */
  appliedMinimum: Decimal | null;
  /** The maximum, where it lowered the amount; otherwise null. */
  appliedMaximum: Decimal | null;
  /** After minimum and maximum, before the one rounding of the line. */
  exactAmount: Decimal;
}

interface ModelAmount {
  amount: Decimal;
  packages?: Decimal;
  slices?: TierSlice[];
  eventFees?: Decimal;
}

/** A model's amount for a quantity q > 0. */
type ModelRating = (price: Price, quantity: Decimal, eventCount: Decimal) => ModelAmount;

const MODEL_RATINGS: Readonly<Record<Price['model'], ModelRating>> = {
  FLAT: rateFlat,
  PER_UNIT: ratePerUnit,
  PACKAGE: ratePackages,
  GRADUATED: rateGraduated,
  VOLUME: rateVolume,
  PERCENTAGE: ratePercentage,
};

/**
 * Rates one reading under a USAGE charge (`docs/billing-rules.md §5`): rounds the reading, takes the included units off, asks
 * the model, bounds the amount. A reading below zero (corrections) is billed as 0, never credited.
 *
 * `proration` is the billed span's share of the full period. Only `minimumAmount` shrinks with it; quantity, included units
 * and `maximumAmount` do not.
 *
 * Throws a plain Error for a price that `validatePlan` refuses.
 */
export function rateUsage(price: Price, reading: UsageReading, proration?: Fraction): RatedUsage {
  const roundedQuantity = roundQuantity(reading.value, price.quantityRounding, price.quantityPrecision);
  const includedUnits = min(price.includedUnits, max(roundedQuantity, ZERO));
  const billableQuantity = max(roundedQuantity.minus(includedUnits), ZERO);
  const rated = rateQuantity(price, billableQuantity, decimal(String(reading.eventCount)));
  return {
    roundedQuantity,
    includedUnits,
    billableQuantity,
    packages: rated.packages ?? null,
    slices: rated.slices ?? null,
    eventFees: rated.eventFees ?? null,
    unboundedAmount: rated.amount,
    ...boundAmount(price, rated.amount, proration),
  };
}

function rateQuantity(price: Price, quantity: Decimal, eventCount: Decimal): ModelAmount {
  const rate = MODEL_RATINGS[price.model];
  if (quantity.gt(ZERO)) return rate(price, quantity, eventCount);
  // q = 0 charges nothing under any model: no package, no tier's flat amount, no fee per event.
  return {
    amount: ZERO,
    packages: price.model === 'PACKAGE' ? ZERO : undefined,
    slices: price.model === 'GRADUATED' || price.model === 'VOLUME' ? [] : undefined,
    eventFees: price.fixedAmountPerEvent ? ZERO : undefined,
  };
}

/** Rounds a quantity to `precision` decimal places. UP is away from zero, DOWN towards it, ties of NEAREST away from it. */
export function roundQuantity(value: Decimal, mode: RoundingMode, precision: number): Decimal {
  if (mode === 'NONE') return value;
  const step = decimal(`1e${-precision}`);
  return value.toNearest(step, DECIMAL_ROUNDING[mode]);
}

const DECIMAL_ROUNDING = { UP: Decimal.ROUND_UP, DOWN: Decimal.ROUND_DOWN, NEAREST: Decimal.ROUND_HALF_UP } as const;

function rateFlat(): ModelAmount {
  throw new Error('FLAT is the model of FIXED charges and prices no usage.');
}

function ratePerUnit(price: Price, quantity: Decimal): ModelAmount {
  return { amount: quantity.times(given(price.unitAmount, 'unitAmount')) };
}

function ratePackages(price: Price, quantity: Decimal): ModelAmount {
  const packages = ceilingOfQuotient(quantity, given(price.packageSize, 'packageSize'));
  return { amount: packages.times(given(price.packageAmount, 'packageAmount')), packages };
}

function rateGraduated(price: Price, quantity: Decimal): ModelAmount {
  const slices = tiersReached(price, quantity).map(({ tier, from }) => {
    const top = tier.upTo === null ? quantity : min(quantity, tier.upTo);
    return sliceOf(tier, from, top.minus(from));
  });
  return { amount: sum(slices.map((slice) => slice.amount)), slices };
}

function rateVolume(price: Price, quantity: Decimal): ModelAmount {
  const reached = tiersReached(price, quantity);
  const { tier, from } = reached[reached.length - 1];
  const slice = sliceOf(tier, from, quantity);
  return { amount: slice.amount, slices: [slice] };
}

function ratePercentage(price: Price, quantity: Decimal, eventCount: Decimal): ModelAmount {
  const share = quantity.times(given(price.rate, 'rate'));
  if (price.fixedAmountPerEvent === null) return { amount: share };
  const eventFees = price.fixedAmountPerEvent.times(eventCount);
  return { amount: share.plus(eventFees), eventFees };
}

/** The tiers whose lower bound lies below the quantity, with that bound; the last of them is the one it falls in. */
function tiersReached(price: Price, quantity: Decimal): { tier: PriceTier; from: Decimal }[] {
  const tiers = given(price.tiers, 'tiers');
  const reached = tiers
    .map((tier, index) => ({ tier, from: index === 0 ? ZERO : given(tiers[index - 1].upTo, 'upTo') }))
    .filter(({ from }) => quantity.gt(from));
  const top = reached.at(-1)?.tier;
  if (!top || (top.upTo !== null && quantity.gt(top.upTo))) throw new Error('The tiers do not cover every quantity.');
  return reached;
}

function sliceOf(tier: PriceTier, from: Decimal, quantity: Decimal): TierSlice {
  const { upTo, unitAmount, flatAmount } = tier;
  return { from, upTo, quantity, unitAmount, flatAmount, amount: quantity.times(unitAmount).plus(flatAmount) };
}

function boundAmount(price: Price, amount: Decimal, proration?: Fraction) {
  const minimum = price.minimumAmount && prorate(price.minimumAmount, proration);
  const appliedMinimum = minimum?.gt(amount) ? minimum : null;
  const raised = appliedMinimum ?? amount;
  const appliedMaximum = price.maximumAmount?.lt(raised) ? price.maximumAmount : null;
  return { appliedMinimum, appliedMaximum, exactAmount: appliedMaximum ?? raised };
}

/** Multiplies before it divides, so that the only digits cut are those of a quotient without an end. */
function prorate(amount: Decimal, proration?: Fraction): Decimal {
  if (!proration) return amount;
  return amount.times(decimal(String(proration.numerator))).div(decimal(String(proration.denominator)));
}

function given<T>(value: T | null, field: string): T {
  if (value === null) throw new Error(`The price lacks ${field}.`);
  return value;
}
