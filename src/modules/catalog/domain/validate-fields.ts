import { type Decimal, ZERO } from '../../../shared/decimal.js';
import { invalid } from '../../../shared/errors.js';

const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** Text of 1 to 255 characters that is not blank and holds no control character or half a surrogate pair. */
export function requireText(field: string, text: string): void {
  const length = Array.from(text).length;
  if (text.trim() === '' || length > 255) throw invalid(field, `${field} must have 1 to 255 characters.`);
  if (UNPRINTABLE.test(text)) throw invalid(field, `${field} must not contain control characters.`);
}

export function requireWhole(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(field, `${field} must be a whole number from ${least} to ${most}.`);
  }
}

export function requireNotNegative(field: string, value: Decimal | null): void {
  if (value?.lt(ZERO)) throw invalid(field, `${field} must not be negative.`);
}

export function requirePositive(field: string, value: Decimal): void {
  if (value.lte(ZERO)) throw invalid(field, `${field} must be greater than 0.`);
}

const LOOKUP_KEY = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

export function requireLookupKey(field: string, text: string): void {
  if (LOOKUP_KEY.test(text)) return;
  throw invalid(field, `${field} must have 1 to 128 letters, digits and _ . : -, and begin with a letter or digit.`);
}
