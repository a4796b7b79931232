export { EntitlementAlert } from './alert.entity.js';
export { entitlementAlertRaised, type RaisedAlert } from './entitlement.events.js';
export { AlertsService } from './alerts.service.js';
export { UsageWatch } from './usage-watch.js';
export { ENTITLEMENT_UPDATES } from './graphql/entitlement-feed.js';
export { EntitlementsModule } from './entitlements.module.js';
export { Grant } from './grant.entity.js';
export { EntitlementOverride } from './override.entity.js';
