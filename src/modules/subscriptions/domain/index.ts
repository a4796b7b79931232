export { advance, type Advance, type SubscriptionState } from './advance.js';
export {
  decideCancellation,
  decidePause,
  decidePlanChange,
  decideResumption,
  decideUndoCancellation,
  type ChangeTiming,
  type Decision,
  type Standing,
} from './changes.js';
export { SUBSCRIPTION_TRANSITIONS, statusAt, type SubscriptionStatus } from './status.js';
export {
  nextDueAfter,
  segmentAt,
  segmentsOf,
  spanAt,
  type PlanInterval,
  type Segment,
  type TimelineEntry,
  type TimelineTerms,
} from './timeline.js';
