import { BillingWorld } from './billing-world.js';

export interface CheckView {
  allowed: boolean;
  reason: string;
  entitlement: {
    enabled: boolean;
    value: string | null;
    numericValue: string | null;
    limit: string | null;
    used: string | null;
    remaining: string | null;
    reserved: string | null;
    resetsAt: string | null;
  } | null;
}

interface BurnView {
  start: string;
  end: string;
  usage: string;
  used: string;
  overage: string;
  balance: string;
  grants: { grantId: string; balanceBefore: string; balanceAfter: string }[];
}

export const CHECK = 'allowed reason entitlement { enabled value numericValue limit used remaining reserved resetsAt }';

/** The words that stories about entitlements are told in, all through the public API. */
export class EntitlementWorld extends BillingWorld {
  /** A METER feature with a meter of the same name. */
  async meterFeature(
    lookupKey: string,
    meter: Record<string, unknown> = {},
    more: Record<string, unknown> = {},
  ): Promise<string> {
    return this.feature({ lookupKey, type: 'METER', meter: { name: lookupKey, aggregation: 'SUM', ...meter }, ...more });
  }

  async feature(input: Record<string, unknown>): Promise<string> {
    const { createFeature } = await this.api.query<{ createFeature: { id: string } }>(
      `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id } }`,
      { input: { name: String(input.lookupKey), ...input } },
    );
    return createFeature.id;
  }

  /** A free plan that gives features. */
  async planWith(lookupKey: string, features: Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<string> {
    return this.plan({ lookupKey, type: 'FIXED', features, ...more });
  }

  async check(customerExternalId: string, featureLookupKey: string, quantity?: string): Promise<CheckView> {
    const { checkEntitlement } = await this.api.query<{ checkEntitlement: CheckView }>(
      `query ($customer: String!, $feature: String!, $quantity: Decimal) {
         checkEntitlement(customerExternalId: $customer, featureLookupKey: $feature, quantity: $quantity) { ${CHECK} } }`,
      { customer: customerExternalId, feature: featureLookupKey, ...(quantity === undefined ? {} : { quantity }) },
    );
    return checkEntitlement;
  }

  /** `GRANTED 30/100, 70 left, until 2026-02-01`; a refusal in brackets. */
  async told(customerExternalId: string, featureLookupKey: string, quantity?: string): Promise<string> {
    return toldOf(await this.check(customerExternalId, featureLookupKey, quantity));
  }

  async grant(input: Record<string, unknown>): Promise<string> {
    const { createGrant } = await this.api.query<{ createGrant: { id: string } }>(
      `mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }`,
      { input },
    );
    return createGrant.id;
  }

  async voidGrant(id: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!) { voidGrant(id: $id) { id } }`, { id });
  }

  async override(input: Record<string, unknown>): Promise<void> {
    await this.api.query(`mutation ($input: SetEntitlementOverrideInput!) { setEntitlementOverride(input: $input) { id } }`, {
      input,
    });
  }

  /** Balances by grant. */
  async balances(customerExternalId: string): Promise<Record<string, string>> {
    const { customer } = await this.api.query<{ customer: { grants: { id: string; balance: string }[] } }>(
      `query ($id: String!) { customer(externalId: $id) { grants { id balance } } }`,
      { id: customerExternalId },
    );
    return Object.fromEntries(customer.grants.map(({ id, balance }) => [id, balance]));
  }

  async history(customerId: string, featureId: string, from: string, to: string): Promise<BurnView[]> {
    const { entitlementHistory } = await this.api.query<{ entitlementHistory: BurnView[] }>(
      `query ($customerId: ID!, $featureId: ID!, $from: DateTime!, $to: DateTime!) {
         entitlementHistory(customerId: $customerId, featureId: $featureId, from: $from, to: $to) {
           start end usage used overage balance grants { grantId balanceBefore balanceAfter } } }`,
      { customerId, featureId, from, to },
    );
    return entitlementHistory;
  }
}

export function toldOf({ allowed, reason, entitlement }: CheckView): string {
  const verdict = allowed ? reason : `(${reason})`;
  if (!entitlement || entitlement.used === null) return verdict;
  const { limit, used, remaining, resetsAt } = entitlement;
  const until = resetsAt === null ? '' : `, until ${resetsAt.replace(/T00:00:00.000Z$/, '')}`;
  return `${verdict} ${used}/${limit ?? '∞'}, ${remaining ?? '∞'} left${until}`;
}
