export { CatalogModule } from './catalog.module.js';
export { Feature, type FeatureType as FeatureKind } from './feature.entity.js';
export { FeaturesService } from './features.service.js';
export { chargeById, planById } from './graphql/catalog.loaders.js';
export {
  BillingAlignmentEnum,
  BillingIntervalEnum,
  ChargeType,
  FeatureType,
  FeatureTypeEnum,
  PlanType,
  ResetPeriodEnum,
} from './graphql/catalog.types.js';
export { priceOf } from './plan-draft.js';
export { Charge, Plan, PlanFeature } from './plan.entity.js';
export { checkPlanFeature, PlansService } from './plans.service.js';
