import { decimalText, parseDecimal } from '../../../shared/decimal.js';
import type { Check, FeatureEntitlement } from '../entitlements.service.js';
import type { EntitlementCheckType, EntitlementType } from './entitlement.types.js';

/** An entitlement as clients see it: limits of METER features, values of CUSTOM ones. */
export function entitlementView(entitlement: FeatureEntitlement): EntitlementType {
  const { feature, enabled, value, limit, used, remaining, softLimit, window } = entitlement;
  const isMeter = feature.type === 'METER';
  return {
    feature,
    type: feature.type,
    enabled,
    value,
    numericValue: numberIn(value),
    limit,
    used: isMeter ? used : null,
    remaining,
    reserved: isMeter ? entitlement.reserved : null,
    softLimit: isMeter ? softLimit : null,
    resetsAt: window?.end ?? null,
  };
}

/** The number that a value is, in plain notation; null: it is text. */
export function numberIn(value: string | null): string | null {
  const number = value === null ? null : parseDecimal(value.trim());
  return number && decimalText(number);
}

export const checkView = (check: Check): EntitlementCheckType =>
  check.known
    ? { ...check.verdict, entitlement: entitlementView(check.entitlement) }
    : { allowed: false, reason: check.reason, entitlement: null };
