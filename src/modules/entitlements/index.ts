export { EntitlementsModule } from './entitlements.module.js';
export { Grant } from './grant.entity.js';
export { EntitlementOverride } from './override.entity.js';
