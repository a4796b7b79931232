import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { groupBy } from '../../../platform/graphql/loader.js';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import { Feature, PlanFeature } from '../../catalog/index.js';
import { Customer } from '../../customers/index.js';
import { Meter } from '../../metering/index.js';
import { Organization } from '../../organizations/index.js';
import { loadTimelines, Subscription } from '../../subscriptions/index.js';
import type { FeatureRule, GrantTerms, HeldSubscription, OverrideRule } from '../domain/index.js';
import { Grant } from '../grant.entity.js';
import { EntitlementOverride } from '../override.entity.js';
import type { FeatureProfile, Profile } from '../profile.js';

/**
 * The profiles of customers, however many, with eleven statements, in one snapshot. Customers nobody knows are missing. Served by
 * primary keys, subscriptions_customer_idx, plan_features_feature_key and the indexes by customer of overrides and grants.
 */
export async function loadProfiles(tx: EntityManager, by: { ids: string[] } | { externalIds: string[] }): Promise<Profile[]> {
  const organizationId = organizationOf(tx);
  const customers = await tx.findBy(Customer, {
    organizationId,
    ...('ids' in by ? { id: In(by.ids) } : { externalId: In(by.externalIds) }),
  });
  if (customers.length === 0) return [];
  const customerId = In(customers.map(({ id }) => id));
  const versions = await loadVersions(tx, customers);
  const { timeZone } = await tx.findOneByOrFail(Organization, { id: organizationId });
  const subscriptions = await tx.find(Subscription, {
    where: { organizationId, customerId },
    order: { startedAt: 'ASC', id: 'ASC' },
  });
  const timelines = await loadTimelines(tx, subscriptions);
  const planIds = new Set([...timelines.values()].flatMap(({ segments }) => segments.map(({ planId }) => planId)));
  const planFeatures = await tx.findBy(PlanFeature, { organizationId, planId: In([...planIds]) });
  const overrides = await tx.findBy(EntitlementOverride, { organizationId, customerId });
  const grants = await tx.findBy(Grant, { organizationId, customerId });
  const featureIds = new Set([...planFeatures, ...overrides, ...grants].map(({ featureId }) => featureId));
  const features = new Map(
    (await tx.findBy(Feature, { organizationId, id: In([...featureIds]) })).map((feature) => [feature.id, feature]),
  );
  const meterIds = [...features.values()].flatMap(({ meterId }) => meterId ?? []);
  const meters = new Map((await tx.findBy(Meter, { organizationId, id: In(meterIds) })).map((meter) => [meter.id, meter]));
  const owned = {
    subscriptions: groupBy(subscriptions, (row) => row.customerId),
    overrides: groupBy(overrides, (row) => row.customerId),
    grants: groupBy(grants, (row) => row.customerId),
  };
  const rules = planFeatures.map((row) => ({ planId: row.planId, featureId: row.featureId, rule: ruleOf(row) }));
  const rulesOfPlan = groupBy(rules, ({ planId }) => planId);
  return customers.map((customer): Profile => {
    const held = (owned.subscriptions.get(customer.id) ?? []).map((subscription): HeldSubscription => {
      const { startedAt, trialEnd } = subscription;
      return { startedAt, trialEnd, timeZone: subscription.timeZone, segments: timelines.get(subscription.id)?.segments ?? [] };
    });
    const profile = {
      organizationId,
      customerId: customer.id,
      externalId: customer.externalId,
      testClockId: customer.testClockId,
      version: versions.get(customer.id) ?? '0',
      timeZone: customer.timeZone ?? timeZone,
      subscriptions: held,
    };
    const named = namedBy(held, rulesOfPlan, owned.overrides.get(customer.id) ?? [], owned.grants.get(customer.id) ?? []);
    return {
      ...profile,
      features: new Map([...named].map(([id, parts]) => [id, featureOf(profile, features.get(id) as Feature, meters, parts)])),
    };
  });
}

async function loadVersions(tx: EntityManager, customers: Customer[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ customer_id: string; version: string }[]>(
    'SELECT customer_id, version FROM entitlement_versions WHERE organization_id = $1 AND customer_id = ANY ($2::uuid[])',
    [organizationOf(tx), customers.map(({ id }) => id)],
  );
  return new Map(rows.map((row) => [row.customer_id, row.version]));
}

interface Parts {
  rules: Map<string, FeatureRule>;
  overrides: OverrideRule[];
  grants: GrantTerms[];
}

/** What plans, overrides and grants say, by feature. */
function namedBy(
  subscriptions: HeldSubscription[],
  rulesOfPlan: Map<string, { featureId: string; rule: FeatureRule }[]>,
  overrides: EntitlementOverride[],
  grants: Grant[],
): Map<string, Parts> {
  const named = new Map<string, Parts>();
  const partsOf = (featureId: string): Parts => {
    const parts = named.get(featureId) ?? { rules: new Map(), overrides: [], grants: [] };
    named.set(featureId, parts);
    return parts;
  };
  for (const { segments } of subscriptions)
    for (const { planId } of segments)
      for (const { featureId, rule } of rulesOfPlan.get(planId) ?? []) partsOf(featureId).rules.set(planId, rule);
  for (const override of overrides) partsOf(override.featureId).overrides.push(overrideOf(override));
  for (const grant of grants) partsOf(grant.featureId).grants.push(grantTermsOf(grant));
  return named;
}

const featureOf = (
  { subscriptions, timeZone }: Pick<Profile, 'subscriptions' | 'timeZone'>,
  feature: Feature,
  meters: ReadonlyMap<string, Meter>,
  { rules, overrides, grants }: Parts,
): FeatureProfile => ({
  feature,
  additive: additive(meters.get(feature.meterId ?? '')),
  holding: { subscriptions, rules, overrides, timeZone },
  grants,
});

const additive = (meter: Meter | undefined): FeatureProfile['additive'] =>
  meter?.aggregation === 'SUM' || meter?.aggregation === 'COUNT' ? meter.aggregation : null;

const optional = (text: string | null): Decimal | null => (text === null ? null : decimal(text));

const ruleOf = (rule: PlanFeature | EntitlementOverride): FeatureRule => ({
  enabled: rule.enabled,
  limit: optional(rule.limit),
  resetPeriod: rule.resetPeriod,
  resetAlignment: rule.resetAlignment,
  softLimit: rule.softLimit,
  gracePercentage: optional(rule.gracePercentage),
  value: rule.value,
});

const overrideOf = (override: EntitlementOverride): OverrideRule => {
  const { effectiveAt: from, expiresAt, endedAt } = override;
  return {
    ...ruleOf(override),
    from,
    until: expiresAt && endedAt ? (expiresAt < endedAt ? expiresAt : endedAt) : (expiresAt ?? endedAt),
  };
};

export const grantTermsOf = (grant: Grant): GrantTerms => ({
  id: grant.id,
  amount: decimal(grant.amount),
  priority: grant.priority,
  effectiveAt: grant.effectiveAt,
  expiresAt: grant.expiresAt,
  voidedAt: grant.voidedAt,
  refills: grant.recurrence && {
    anchor: grant.recurrenceAnchor ?? grant.effectiveAt,
    timeZone: grant.timeZone,
    interval: grant.recurrence,
    intervalCount: 1,
  },
  rolloverMinimum: optional(grant.rolloverMinimum),
  rolloverMaximum: optional(grant.rolloverMaximum),
  createdAt: grant.createdAt,
});
