import { decimal, ONE, type Decimal } from '../../shared/decimal.js';
import { invalid, notFound } from '../../shared/errors.js';
import type { Check, CheckRequest } from './entitlements.service.js';

const MAX_PAIRS = 10_000;

/** How much more is asked about; 1 when nothing is said. */
export function checkedQuantity(quantity: string | null): Decimal {
  const value = quantity === null ? ONE : decimal(quantity);
  if (value.isNegative()) throw invalid('quantity', 'quantity must not be negative.');
  return value;
}

/** Each customer with each feature. `fields`: what the caller calls them. */
export function crossed(
  customers: readonly string[],
  features: readonly string[],
  quantity: Decimal,
  fields: readonly [string, string],
): CheckRequest[] {
  if (customers.length === 0) throw invalid(fields[0], `${fields[0]} must not be empty.`);
  if (features.length === 0) throw invalid(fields[1], `${fields[1]} must not be empty.`);
  if (customers.length * features.length > MAX_PAIRS)
    throw invalid(fields[0], `Ask about at most ${MAX_PAIRS} pairs of customer and feature.`);
  return customers.flatMap((customerExternalId) =>
    features.map((featureLookupKey) => ({ customerExternalId, featureLookupKey, quantity })),
  );
}

/** Single checks name a customer and a feature that exist. */
export function requireKnown<C extends Check>(check: C): Extract<C, { known: true }> {
  if (!check.known) throw notFound(check.reason === 'CUSTOMER_NOT_FOUND' ? 'Customer' : 'Feature');
  return check as Extract<C, { known: true }>;
}
