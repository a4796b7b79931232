import { DomainEvent } from '../../platform/events/domain-events.js';

export interface SubscriptionChange {
  subscriptionId: string;
  at: Date;
  actor: string;
  reason: string | null;
}

/** The time line is about to change at `at`: whatever fell due by then must be billed under what held until then. */
export const subscriptionChanging = new DomainEvent<SubscriptionChange>('subscription.changing');

/** The time line has changed at `at`, which is now: state and billing follow in this transaction. */
export const subscriptionChanged = new DomainEvent<SubscriptionChange>('subscription.changed');
