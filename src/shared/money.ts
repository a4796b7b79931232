import { data as currencies } from 'currency-codes';
import { Decimal, ONE, sum, ZERO } from './decimal.js';
import { invalid } from './errors.js';

/** Every line that is rounded asks for its currency. */
const DIGITS_BY_CURRENCY: ReadonlyMap<string, number> = new Map(currencies.map(({ code, digits }) => [code, digits]));

/** Minor-unit digits of an ISO 4217 currency (JPY 0, USD 2, KWD 3), or null when there is no such currency. */
export function minorUnitDigits(currency: string): number | null {
  return DIGITS_BY_CURRENCY.get(currency) ?? null;
}

/** The one rounding of a line: to the currency's minor unit, half away from zero (billing-rules §1.4). */
export function roundToMinorUnit(amount: Decimal, currency: string): Decimal {
  const digits = minorUnitDigits(currency);
  if (digits === null) throw new Error(`not an ISO 4217 currency: ${currency}`);
  return amount.toDecimalPlaces(digits, Decimal.ROUND_HALF_UP);
}

/** Checks an amount of money from outside: no finer than its currency. */
export function requireMinorUnits(field: string, amount: Decimal, currency: string): void {
  if (amount.decimalPlaces() > (minorUnitDigits(currency) ?? 0))
    throw invalid(field, `${field} has more decimals than ${currency} has.`);
}

/**
 * Splits a total of whole minor units in proportion to `weights`, by largest remainder (billing-rules §1.4): every part is a
 * whole number of minor units, less than one unit away from its exact share, and the parts sum to the total. Of equal
 * remainders the earlier part gets the unit; a negative total splits as the mirror image of the positive one. Weights may be
 * negative (credits among lines) as long as they do not cancel out.
 *
 * Throws for a total finer than the minor unit, and for one that is not 0 when the weights sum to 0.
 */
export function splitByLargestRemainder(total: Decimal, weights: readonly Decimal[], currency: string): Decimal[] {
  if (!roundToMinorUnit(total, currency).eq(total))
    throw new Error(`not a whole number of minor units: ${total.toFixed()} ${currency}`);
  if (total.isZero()) return weights.map(() => ZERO);
  if (total.isNegative()) return splitByLargestRemainder(total.negated(), weights, currency).map((part) => part.negated());
  const weightSum = sum(weights);
  if (weightSum.isZero()) throw new Error('a total cannot be split by weights that sum to 0');

  const minorUnit = new Decimal(`1e-${minorUnitDigits(currency)}`);
  const units = total.div(minorUnit);
  const shares = weights.map((weight, index) => {
    // Share = dividend / divisor with a positive divisor; whole and remainder are exact where the quotient would not be.
    const dividend = units.times(weightSum.isNegative() ? weight.negated() : weight);
    const divisor = weightSum.abs();
    const truncated = dividend.divToInt(divisor);
    const whole = truncated.times(divisor).gt(dividend) ? truncated.minus(ONE) : truncated;
    return { index, whole, remainder: dividend.minus(whole.times(divisor)) };
  });
  return byLargestRemainder(units, shares).map((part) => part.times(minorUnit));
}

/**
 * Rounds an amount to the minor unit, once, and each of its exact parts up or down to a whole minor unit so that they add up to
 * it, by largest remainder. Of equal remainders the earlier part gets the unit; an amount below 0 is the mirror image of the
 * positive one.
 */
export function roundParts(amount: Decimal, parts: readonly Decimal[], currency: string): Decimal[] {
  const total = roundToMinorUnit(amount, currency);
  if (total.isNegative()) {
    const negated = parts.map((part) => part.negated());
    return roundParts(amount.negated(), negated, currency).map((part) => part.negated());
  }
  const minorUnit = new Decimal(`1e-${minorUnitDigits(currency)}`);
  const shares = parts.map((part, index) => {
    const units = part.div(minorUnit);
    const whole = units.floor();
    return { index, whole, remainder: units.minus(whole) };
  });
  return byLargestRemainder(total.div(minorUnit), shares).map((part) => part.times(minorUnit));
}

/** Gives the units that are left over once every share is rounded down to those with the largest remainders. */
function byLargestRemainder(units: Decimal, shares: { index: number; whole: Decimal; remainder: Decimal }[]): Decimal[] {
  const unitsLeft = units.minus(sum(shares.map((share) => share.whole)));
  const roundedUp = new Set(
    [...shares]
      .sort((a, b) => b.remainder.cmp(a.remainder))
      .filter((_, position) => unitsLeft.gt(position))
      .map((share) => share.index),
  );
  return shares.map(({ index, whole }) => (roundedUp.has(index) ? whole.plus(ONE) : whole));
}
