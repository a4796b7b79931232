import type { Entitlement } from './entitlement.js';

export interface AlertDraft {
  kind: 'THRESHOLD_REACHED' | 'LIMIT_REACHED';
  /** Percentage of the limit. */
  threshold: number;
}

/** What is to be told of a METER entitlement: thresholds that use has reached, and the limit itself. */
export function alertsOf({ limit, used }: Pick<Entitlement, 'limit' | 'used'>, thresholds: readonly number[]): AlertDraft[] {
  if (limit === null || limit.lte(0)) return [];
  const reached = thresholds.filter((threshold) => used.times(100).gte(limit.times(threshold)));
  const alerts = reached.map((threshold): AlertDraft => ({ kind: 'THRESHOLD_REACHED', threshold }));
  return used.gte(limit) ? [...alerts, { kind: 'LIMIT_REACHED', threshold: 100 }] : alerts;
}
