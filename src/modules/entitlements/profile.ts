import type { Feature } from '../catalog/index.js';
import type { GrantTerms, HeldSubscription, Holding, OverrideRule, FeatureRule } from './domain/index.js';

/** All that decides on one customer's entitlements, but for usage. */
export interface Profile {
  organizationId: string;
  customerId: string;
  externalId: string;
  testClockId: string | null;
  /** What `entitlement_versions` said in the snapshot it was loaded from. */
  version: string;
  timeZone: string;
  subscriptions: readonly HeldSubscription[];
  /** Features that plans, overrides or grants of the customer name. */
  features: ReadonlyMap<string, FeatureProfile>;
}

/** One feature of a profile. */
export interface FeatureProfile {
  feature: Feature;
  /** Of its meter, where usage of days adds up to that of a window; null: it does not, or there is no meter. */
  additive: 'SUM' | 'COUNT' | null;
  holding: Holding;
  grants: readonly GrantTerms[];
}

const NO_RULES: ReadonlyMap<string, FeatureRule> = new Map();
const NO_OVERRIDES: readonly OverrideRule[] = [];

/** What a profile knows of a feature; of one that nothing names, that nothing gives it. */
export const featureProfile = ({ features, subscriptions, timeZone }: Profile, feature: Feature): FeatureProfile =>
  features.get(feature.id) ?? {
    feature,
    additive: null,
    holding: { subscriptions, rules: NO_RULES, overrides: NO_OVERRIDES, timeZone },
    grants: [],
  };
