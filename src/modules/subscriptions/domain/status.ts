import type { TransitionTable } from '../../../shared/transitions.js';
import { segmentAt, type Segment } from './timeline.js';

export type SubscriptionStatus = 'PENDING' | 'TRIAL' | 'ACTIVE' | 'PAST_DUE' | 'PAUSED' | 'CANCELED';

/** Subscription states (docs/billing-rules.md §7). */
export const SUBSCRIPTION_TRANSITIONS: TransitionTable<SubscriptionStatus> = {
  PENDING: ['TRIAL', 'ACTIVE', 'CANCELED'],
  TRIAL: ['ACTIVE', 'CANCELED'],
  ACTIVE: ['PAST_DUE', 'PAUSED', 'CANCELED'],
  PAST_DUE: ['ACTIVE', 'PAUSED', 'CANCELED'],
  PAUSED: ['ACTIVE', 'PAST_DUE', 'CANCELED'],
  CANCELED: [],
};

/** The state that the time line gives at an instant. Whether an overdue invoice makes ACTIVE into PAST_DUE is not its business. */
export function statusAt(segments: readonly Segment[], at: Date): Exclude<SubscriptionStatus, 'PAST_DUE'> {
  const running = segmentAt(segments, at);
  if (!running) return segments.length > 0 && at < segments[0].start ? 'PENDING' : 'CANCELED';
  return running.kind === 'TRIAL' ? 'TRIAL' : running.kind === 'PAUSE' ? 'PAUSED' : 'ACTIVE';
}
