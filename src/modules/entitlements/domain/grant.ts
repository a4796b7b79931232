import { boundary, periodAt, type Cadence } from '../../../shared/calendar.js';
import type { Decimal } from '../../../shared/decimal.js';
import { invalid } from '../../../shared/errors.js';

/** How often a grant is filled up again. */
export type GrantRecurrence = 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';

/** A grant as it burns down (docs/billing-rules.md §6). */
export interface GrantTerms {
  id: string;
  amount: Decimal;
  priority: number;
  effectiveAt: Date;
  expiresAt: Date | null;
  voidedAt: Date | null;
  /** When it is filled up again; null: never. */
  refills: Cadence | null;
  rolloverMinimum: Decimal | null;
  rolloverMaximum: Decimal | null;
  createdAt: Date;
}

/** When it ends: it expires, or is voided. Null: never. */
export const endOf = ({ expiresAt, voidedAt }: GrantTerms): Date | null =>
  expiresAt && voidedAt ? (expiresAt < voidedAt ? expiresAt : voidedAt) : (expiresAt ?? voidedAt);

export const isInForce = (grant: GrantTerms, at: Date): boolean => {
  const end = endOf(grant);
  return grant.effectiveAt <= at && (end === null || at < end);
};

/** Priority (lower first), then earliest expiry, then creation. */
export function inBurnOrder(grants: readonly GrantTerms[]): GrantTerms[] {
  const expiry = ({ expiresAt }: GrantTerms): number => expiresAt?.getTime() ?? Infinity;
  return [...grants].sort((a, b) => {
    if (a.priority !== b.priority) return a.priority - b.priority;
    if (expiry(a) !== expiry(b)) return expiry(a) < expiry(b) ? -1 : 1;
    if (a.createdAt.getTime() !== b.createdAt.getTime()) return a.createdAt.getTime() - b.createdAt.getTime();
    return a.id < b.id ? -1 : 1;
  });
}

/** The next instant after `at` at which a grant begins, is filled up or ends. Null: nothing more. */
export function nextChangeOfGrant(grant: GrantTerms, at: Date): Date | null {
  if (at < grant.effectiveAt) return grant.effectiveAt;
  const end = endOf(grant);
  if (end && end <= at) return null;
  const refill = grant.refills ? boundary(grant.refills, periodAt(grant.refills, at).index + 1) : null;
  return refill && end ? (refill < end ? refill : end) : (refill ?? end);
}

/** Whether it is filled up at exactly this instant; at its beginning it is full anyway. */
export const refillsAt = ({ refills, effectiveAt }: GrantTerms, at: Date): boolean =>
  refills !== null && at > effectiveAt && periodAt(refills, at).start.getTime() === at.getTime();

export interface GrantDraft {
  amount: Decimal;
  priority: number;
  effectiveAt: Date;
  expiresAt: Date | null;
  recurrence: GrantRecurrence | null;
  recurrenceAnchor: Date | null;
  rolloverMinimum: Decimal | null;
  rolloverMaximum: Decimal | null;
}

const MAX_PRIORITY = 1_000_000;

export function validateGrant(grant: GrantDraft): void {
  const { amount, priority, effectiveAt, expiresAt, rolloverMinimum, rolloverMaximum } = grant;
  if (amount.lte(0)) throw invalid('amount', 'amount must be greater than 0.');
  if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY)
    throw invalid('priority', `priority must be a whole number from 0 to ${MAX_PRIORITY}.`);
  if (expiresAt && expiresAt <= effectiveAt) throw invalid('expiresAt', 'expiresAt must be later than effectiveAt.');
  if (grant.recurrenceAnchor && !grant.recurrence) throw invalid('recurrenceAnchor', 'recurrenceAnchor needs a recurrence.');
  if (rolloverMinimum?.lt(0)) throw invalid('rolloverMinimum', 'rolloverMinimum must not be negative.');
  if (rolloverMaximum?.lt(0)) throw invalid('rolloverMaximum', 'rolloverMaximum must not be negative.');
  if (rolloverMinimum?.gt(amount)) throw invalid('rolloverMinimum', 'rolloverMinimum must not exceed the amount.');
  if (rolloverMinimum && rolloverMaximum?.lt(rolloverMinimum))
    throw invalid('rolloverMaximum', 'rolloverMaximum must not be less than rolloverMinimum.');
}
