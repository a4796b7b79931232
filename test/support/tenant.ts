import { BillingWorld } from './billing-world.js';
import type { GraphqlClient } from './graphql-client.js';

/** One of everything that a tenant can have: ids, and the texts that things are looked up by. */
export interface Tenant {
  meter: string;
  meterToken: string;
  meterName: string;
  feature: string;
  featureKey: string;
  plan: string;
  planKey: string;
  customer: string;
  customerExternalId: string;
  subscription: string;
  invoice: string;
  invoiceNumber: string;
  usageEvent: string;
  apiKey: string;
  testClock: string;
}

/** Fills a tenant at 2026-01-01, with an invoice for each month since `startAt`. `prefix` keeps its texts apart from another's. */
export async function fillTenant(api: GraphqlClient, prefix: string, startAt: string): Promise<Tenant> {
  const world = new BillingWorld(api);
  const meterName = `${prefix}-meter`;
  const meter = await world.meter({ name: meterName, aggregation: 'SUM' });
  const [featureKey, planKey, customerExternalId] = [`${prefix}-feature`, `${prefix}-plan`, `${prefix}-customer`];
  const { createFeature } = await api.query<{ createFeature: { id: string } }>(
    `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id } }`,
    { input: { lookupKey: featureKey, name: 'Feature', type: 'METER', meterId: meter } },
  );
  const plan = await world.plan({
    lookupKey: planKey,
    type: 'USAGE',
    charges: [{ displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId: meter, unitAmount: '2' }],
    features: [{ featureId: createFeature.id }],
  });
  const customer = await world.customer(customerExternalId);
  await world.use(meterName, customerExternalId, '2025-12-15T00:00:00Z', '3');
  const subscription = await world.subscribe(customerExternalId, planKey, { startAt });
  for (const { id } of await world.invoices(subscription))
    await api.query(`mutation ($id: ID!) { finalizeInvoice(id: $id) { id } }`, { id });
  const { id: invoice, number } = (await world.invoices(subscription)).at(-1) ?? {};
  const { createApiKey } = await api.query<{ createApiKey: { apiKey: { id: string } } }>(
    `mutation { createApiKey(input: { name: "second", scopes: ["usage.read"] }) { apiKey { id } } }`,
  );
  const { meter: stored, usageEvents } = await api.query<{ meter: { token: string }; usageEvents: { nodes: { id: string }[] } }>(
    `query ($meter: ID!) { meter(id: $meter) { token } usageEvents { nodes { id } } }`,
    { meter },
  );
  return {
    meter,
    meterToken: stored.token,
    meterName,
    feature: createFeature.id,
    featureKey,
    plan,
    planKey,
    customer,
    customerExternalId,
    subscription,
    invoice: invoice ?? '',
    invoiceNumber: number ?? '',
    usageEvent: usageEvents.nodes[0].id,
    apiKey: createApiKey.apiKey.id,
    testClock: await world.clock('2026-01-01T00:00:00Z'),
  };
}
