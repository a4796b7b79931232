import { Decimal as DecimalJs } from 'decimal.js';

/**
 * The one decimal type of the product: a private copy of decimal.js whose precision is far above what limits on input
 * allow, so that sums and products are exact and only a division is ever cut (at the 120th significant digit).
 */
export const Decimal = DecimalJs.clone({ precision: 120, rounding: DecimalJs.ROUND_HALF_UP, toExpNeg: -200, toExpPos: 200 });
export type Decimal = InstanceType<typeof DecimalJs>;
/** What `decimal` reads: text, or a decimal. JavaScript numbers are left out on purpose. */
export type DecimalInput = string | Decimal;

export const ZERO: Decimal = new Decimal(0);
export const ONE: Decimal = new Decimal(1);

/** Digits that an input may have before and after the point. */
export const MAX_INTEGER_DIGITS = 24;
export const MAX_FRACTION_DIGITS = 15;

const DECIMAL_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;

export const decimal = (value: DecimalInput): Decimal => new Decimal(value);

/** Reads a decimal from the outside. Returns null for what is not a number or exceeds the limits on digits. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > 64 || !DECIMAL_TEXT.test(text)) return null;
  const value = new Decimal(text);
  if (value.isZero()) return ZERO;
  if (value.decimalPlaces() > MAX_FRACTION_DIGITS || value.e >= MAX_INTEGER_DIGITS) return null;
  return value;
}

/** Plain notation without an exponent: "0.001", "1500000000000000000000"; never "-0". */
export const decimalText = (value: Decimal): string => (value.isZero() ? '0' : value.toFixed());

/** Plain notation within the limits and without superfluous zeros: what `decimalText` would make of it. */
const PLAIN_TEXT = /^(?!-0$)-?(?:0|[1-9]\d{0,23})(?:\.\d{0,14}[1-9])?$/;

/** As `parseDecimal`, but to the plain text, and at once for what is plain already: the hot path computes nothing. */
export function plainDecimalText(text: string): string | null {
  if (PLAIN_TEXT.test(text)) return text;
  const value = parseDecimal(text);
  return value && decimalText(value);
}

export const sum = (values: Iterable<Decimal>): Decimal => {
  let total = ZERO;
  for (const value of values) total = total.plus(value);
  return total;
};

export const max = (a: Decimal, b: Decimal): Decimal => (a.gte(b) ? a : b);
export const min = (a: Decimal, b: Decimal): Decimal => (a.lte(b) ? a : b);

/** Divides and rounds towards +infinity to an integer: ceil(a / b), exactly (no division digit is lost). */
export function ceilingOfQuotient(a: Decimal, b: Decimal): Decimal {
  const quotient = a.divToInt(b);
  return quotient.times(b).lt(a) ? quotient.plus(ONE) : quotient;
}
