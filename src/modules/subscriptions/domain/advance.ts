import { assertTransition } from '../../../shared/transitions.js';
import { SUBSCRIPTION_TRANSITIONS, statusAt, type SubscriptionStatus } from './status.js';
import { nextDueAfter, segmentAt, spanAt, type Segment } from './timeline.js';

/** What of a subscription follows from its time line. */
export interface SubscriptionState {
  status: SubscriptionStatus;
  planId: string;
  currentPeriodStart: Date;
  currentPeriodEnd: Date;
  cancelAtPeriodEnd: boolean;
  endedAt: Date | null;
  pausedAt: Date | null;
  dueAt: Date | null;
}

export interface Advance {
  state: SubscriptionState;
  /** Null when the state stays. */
  transition: { from: SubscriptionStatus; to: SubscriptionStatus } | null;
}

/**
 * The subscription at the instant `at`, and the transition that leads there. ACTIVE is kept PAST_DUE while
 * `hasOverdueInvoice` (docs/billing-rules.md §7).
 */
export function advance(current: SubscriptionState, segments: readonly Segment[], at: Date, hasOverdueInvoice: boolean): Advance {
  const byTimeline = statusAt(segments, at);
  const status: SubscriptionStatus = byTimeline === 'ACTIVE' && hasOverdueInvoice ? 'PAST_DUE' : byTimeline;
  if (status !== current.status) assertTransition('The subscription', SUBSCRIPTION_TRANSITIONS, current.status, status);
  // Before the start a subscription shows what it will begin with.
  const running = status === 'PENDING' ? (segments.at(0) ?? null) : segmentAt(segments, at);
  const ended = status === 'CANCELED';
  const span = running && running.kind !== 'PAUSE' ? spanAt(running, at < running.start ? running.start : at) : null;
  const last = segments.at(-1);
  return {
    state: {
      status,
      planId: running?.planId ?? current.planId,
      currentPeriodStart: span?.start ?? current.currentPeriodStart,
      currentPeriodEnd:
        span?.end ?? earlier(current.currentPeriodEnd, current.currentPeriodStart < at ? at : current.currentPeriodEnd),
      cancelAtPeriodEnd: !ended && last !== undefined && last.end !== null,
      endedAt: ended ? (current.endedAt ?? last?.end ?? at) : null,
      pausedAt: status === 'PAUSED' ? (current.pausedAt ?? running?.start ?? at) : null,
      dueAt: nextDueAfter(segments, at),
    },
    transition: status === current.status ? null : { from: current.status, to: status },
  };
}

const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
