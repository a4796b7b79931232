export { alertsOf, type AlertDraft } from './alert.js';
export type { ResetPeriod } from '../../catalog/domain/index.js';
export type { Burn, GrantState } from './burn-down.js';
export {
  burnsOf,
  horizonOf,
  inquire,
  meterEntitlement,
  plainEntitlement,
  unchangedUntil,
  verdictOf,
  type Entitlement,
  type Inquiry,
  type Reason,
  type Verdict,
} from './entitlement.js';
export { Tally } from './tally.js';
export { validateGrant, type GrantDraft, type GrantRecurrence, type GrantTerms } from './grant.js';
export { termsAt, type FeatureRule, type HeldSubscription, type Holding, type OverrideRule, type Terms } from './terms.js';
