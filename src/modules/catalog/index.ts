export { CatalogModule } from './catalog.module.js';
export { Feature } from './feature.entity.js';
export { FeaturesService } from './features.service.js';
export { chargeById, planById } from './graphql/catalog.loaders.js';
export { BillingIntervalEnum, ChargeType, FeatureType, PlanType } from './graphql/catalog.types.js';
export { priceOf } from './plan-draft.js';
export { Charge, Plan, PlanFeature } from './plan.entity.js';
export { PlansService } from './plans.service.js';
