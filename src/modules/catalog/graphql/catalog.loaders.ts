import { byId, byParent } from '../../../platform/graphql/loader.js';
import { Feature } from '../feature.entity.js';
import { Charge, Plan, PlanFeature } from '../plan.entity.js';

export const planById = byId(Plan);
export const featureById = byId(Feature);
export const chargeById = byId(Charge);
export const chargesOfPlan = byParent(Charge, 'planId', (a, b) => a.position - b.position);
export const featuresOfPlan = byParent(PlanFeature, 'planId', (a, b) => (a.id < b.id ? -1 : 1));
