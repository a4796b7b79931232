import { invalid } from './errors.js';

/** Checks a whole number within bounds. */
export function requireWhole(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(field, `${field} must be a whole number from ${least} to ${most}.`);
  }
}
