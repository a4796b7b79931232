import { conflict, DomainError } from '../../../shared/errors.js';
import type { Proration } from '../../../shared/proration.js';
import { assertTransition } from '../../../shared/transitions.js';
import { SUBSCRIPTION_TRANSITIONS, type SubscriptionStatus } from './status.js';
import type { TimelineEntry } from './timeline.js';

export type ChangeTiming = 'IMMEDIATE' | 'PERIOD_END';

/** What of a subscription a decision about it depends on. */
export interface Standing {
  status: SubscriptionStatus;
  planId: string;
  startedAt: Date;
  currentPeriodEnd: Date;
  cancelAtPeriodEnd: boolean;
  proration: Proration;
}

/** What a decision does to the time line. */
export interface Decision {
  /** Entries that have not taken effect yet and give way. */
  revoked: TimelineEntry[];
  appended: Omit<TimelineEntry, 'sequence'> | null;
  /** When it takes effect. */
  effectiveAt: Date;
  /** False: nothing changes before `effectiveAt`. */
  atOnce: boolean;
}

/** Whether the subscription is inside a period (or trial) whose end can be waited for. */
const hasPeriod = ({ status }: Standing): boolean => status === 'TRIAL' || status === 'ACTIVE' || status === 'PAST_DUE';

/** Entries still to come. The first one is the subscription itself and stays. */
const scheduled = (entries: readonly TimelineEntry[], now: Date): TimelineEntry[] =>
  entries.filter(({ at, sequence }) => at > now && sequence > 1);

/**
 * Cancels now, or at the period's end, which leaves the state as it is until then. A plan change that was scheduled gives
 * way. Where there is no running period (PENDING, PAUSED) both mean now.
 */
export function decideCancellation(
  standing: Standing,
  entries: readonly TimelineEntry[],
  timing: ChangeTiming,
  now: Date,
): Decision {
  assertTransition('The subscription', SUBSCRIPTION_TRANSITIONS, standing.status, 'CANCELED');
  const atOnce = timing === 'IMMEDIATE' || !hasPeriod(standing);
  const effectiveAt = atOnce ? now : standing.currentPeriodEnd;
  if (!atOnce && standing.cancelAtPeriodEnd) return { revoked: [], appended: null, effectiveAt, atOnce };
  const appended = entryOf('END', effectiveAt, standing.proration);
  return { revoked: scheduled(entries, now), appended, effectiveAt, atOnce };
}

/**
 * Takes back a cancellation at period end that has not taken effect. At once: a plan taken on in the meantime may have been billed
 * up to that end only.
 */
export function decideUndoCancellation(standing: Standing, entries: readonly TimelineEntry[], now: Date): Decision {
  if (!standing.cancelAtPeriodEnd)
    throw new DomainError('INVALID_TRANSITION', `The subscription is ${standing.status} and has no cancellation to undo.`);
  const revoked = scheduled(entries, now).filter(({ kind }) => kind === 'END');
  return { revoked, appended: null, effectiveAt: now, atOnce: true };
}

/**
 * Changes the plan now, or at the period's end. A change that was scheduled before gives way, so changing to the present plan
 * takes a scheduled change back; a scheduled cancellation stays. Before the start the subscription begins with the new plan;
 * in a pause there is no period to wait for, and both timings mean now.
 */
export function decidePlanChange(
  standing: Standing,
  entries: readonly TimelineEntry[],
  change: { planId: string; timing: ChangeTiming; proration: Proration | null },
  now: Date,
): Decision {
  const { status, planId, startedAt, currentPeriodEnd } = standing;
  if (status === 'CANCELED')
    throw new DomainError('INVALID_TRANSITION', 'The subscription is CANCELED and cannot change its plan.');
  const atOnce = change.timing === 'IMMEDIATE' || !hasPeriod(standing);
  if (!atOnce && standing.cancelAtPeriodEnd)
    throw conflict('The subscription ends with this period: there is no next one to change.', 'timing');
  const revoked = scheduled(entries, now).filter(({ kind }) => kind === 'PLAN');
  const isChange = change.planId !== planId;
  if (!isChange && (status === 'PENDING' || revoked.length === 0))
    throw conflict('The subscription is on this plan already.', 'planId');
  const effectiveAt = atOnce ? (status === 'PENDING' ? startedAt : now) : currentPeriodEnd;
  const entry = { ...entryOf('PLAN', effectiveAt, change.proration ?? standing.proration), planId: change.planId };
  return { revoked, appended: isChange ? entry : null, effectiveAt, atOnce };
}

/** Ends the running period now. What is scheduled stays scheduled. */
export function decidePause(standing: Standing, now: Date): Decision {
  assertTransition('The subscription', SUBSCRIPTION_TRANSITIONS, standing.status, 'PAUSED');
  return { revoked: [], appended: entryOf('PAUSE', now, standing.proration), effectiveAt: now, atOnce: true };
}

/** A stub period runs from now to the next boundary of the original anchor. */
export function decideResumption(standing: Standing, now: Date): Decision {
  if (standing.status !== 'PAUSED')
    throw new DomainError('INVALID_TRANSITION', `The subscription is ${standing.status} and cannot be resumed.`);
  return { revoked: [], appended: entryOf('RESUME', now, standing.proration), effectiveAt: now, atOnce: true };
}

const entryOf = (kind: TimelineEntry['kind'], at: Date, proration: Proration): Omit<TimelineEntry, 'sequence'> => ({
  kind,
  at,
  planId: null,
  proration,
});
