import { DomainEvent } from '../../platform/events/domain-events.js';
import type { EntitlementAlert } from './alert.entity.js';

export interface RaisedAlert {
  type: 'entitlement.threshold_reached' | 'entitlement.limit_reached';
  alert: EntitlementAlert;
}

/** An alert leaves the outbox: whatever is to be done about it, is done in this transaction. Comes at least once. */
export const entitlementAlertRaised = new DomainEvent<RaisedAlert>('entitlement.alert_raised');
