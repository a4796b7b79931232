import { type Decimal, ZERO } from '../../../shared/decimal.js';
import { invalid } from '../../../shared/errors.js';

export function requireNotNegative(field: string, value: Decimal | null): void {
  if (value?.lt(ZERO)) throw invalid(field, `${field} must not be negative.`);
}

export function requirePositive(field: string, value: Decimal): void {
  if (value.lte(ZERO)) throw invalid(field, `${field} must be greater than 0.`);
}

/** Characters of a description. */
export const MAX_DESCRIPTION = 2_000;

const LOOKUP_KEY = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

export function requireLookupKey(field: string, text: string): void {
  if (LOOKUP_KEY.test(text)) return;
  throw invalid(field, `${field} must have 1 to 128 letters, digits and _ . : -, and begin with a letter or digit.`);
}
