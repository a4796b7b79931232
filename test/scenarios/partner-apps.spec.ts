import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKey, createPartnerApp, GRANT, PARTNER_SCOPES } from '../support/access.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ids = async (api: GraphqlClient, list: string, field = 'id'): Promise<string[]> => {
  const page = await api.query<Record<string, { totalCount: number; nodes: Record<string, string>[] }>>(
    `{ ${list} { totalCount nodes { ${field} } } }`,
  );
  expect(page[list].totalCount).toBe(page[list].nodes.length);
  return page[list].nodes.map((node) => node[field]).sort();
};

/** A reseller sells one plan to its own customers, and looks after one that the organization had before. */
describe('a partner app', () => {
  let app: TestApp;
  let world: BillingWorld;
  let partnerAppId: string;
  let partner: BillingWorld;
  let direct: { id: string; subscription: string };
  beforeAll(async () => {
    app = await startTestApp(new FakeClock('2026-01-15T00:00:00Z'));
    world = new BillingWorld(app.api);
    await world.meter({ name: 'calls', aggregation: 'SUM' });
    const meterId = (await app.api.query<{ meters: { nodes: { id: string }[] } }>('{ meters { nodes { id } } }')).meters.nodes[0]
      .id;
    for (const lookupKey of ['resale', 'in-house'])
      await world.plan({
        lookupKey,
        type: 'USAGE',
        charges: [{ displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '0.5' }],
      });
    const id = await world.customer('direct');
    direct = { id, subscription: await world.subscribe('direct', 'in-house', { startAt: '2025-12-01T00:00:00Z' }) };
    await world.use('calls', 'direct', '2026-01-10T00:00:00Z', '7');
    partnerAppId = await createPartnerApp(app, { planLookupKeys: ['resale'] });
    partner = new BillingWorld((await createKey(app, PARTNER_SCOPES, { partnerAppId })).client);
  });
  afterAll(() => app.close());

  it('begins with nothing', async () => {
    for (const list of ['customers', 'subscriptions', 'invoices', 'usageEvents'])
      expect(await ids(partner.api, list)).toEqual([]);
    expect(await partner.api.query('{ customer(externalId: "direct") { id } }')).toEqual({ customer: null });
  });

  it('has the customers that it creates: subscribes, meters, bills them', async () => {
    const id = await partner.customer('resold');
    const subscription = await partner.subscribe('resold', 'resale', { startAt: '2025-12-01T00:00:00Z' });
    await partner.use('calls', 'resold', '2026-01-11T00:00:00Z', '4');
    expect(await ids(partner.api, 'customers')).toEqual([id]);
    expect(await ids(partner.api, 'subscriptions')).toEqual([subscription]);
    // 4 calls at 0.5.
    expect((await partner.preview(subscription)).total).toBe('2');
    const [draft] = await partner.invoices(subscription);
    await partner.finalize(draft.id);
    expect(await ids(partner.api, 'invoices', 'number')).toEqual([expect.stringMatching(/2026/)]);
    expect(await ids(app.api, 'customers', 'externalId')).toEqual(['direct', 'resold']);
  });

  it('counts no one else’s usage', async () => {
    const { meters } = await app.api.query<{ meters: { nodes: { id: string }[] } }>('{ meters { nodes { id } } }');
    const query = `query ($id: ID!) { usage(meterId: $id, from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z") { value eventCount } }`;
    expect(await app.api.query(query, { id: meters.nodes[0].id })).toEqual({ usage: { value: '11', eventCount: 2 } });
    expect(await partner.api.query(query, { id: meters.nodes[0].id })).toEqual({ usage: { value: '4', eventCount: 1 } });
  });

  it('cannot send usage of a customer that it does not have, nor learn whether there is one', async () => {
    const record = async (customerExternalId: string): Promise<string> => {
      const event = { meterName: 'calls', customerExternalId, quantity: '1', idempotencyKey: `of ${customerExternalId}` };
      const answer = await partner.api.query(
        `mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { results { verdict code message } } }`,
        { events: [event] },
      );
      return JSON.stringify(answer);
    };
    const toUnknown = await record('nobody');
    expect(toUnknown).toContain('CUSTOMER_NOT_FOUND');
    expect(await record('direct')).toBe(toUnknown);
    expect(await ids(app.api, 'customers', 'externalId')).toEqual(['direct', 'resold']);
  });

  it('sells no other plan than those of its list, of which it knows nothing', async () => {
    expect(await ids(partner.api, 'plans', 'lookupKey')).toEqual(['resale']);
    const inHouse = await world.planId('in-house');
    expect(await partner.api.query('query ($id: ID!) { plan(id: $id) { id } }', { id: inHouse })).toEqual({ plan: null });
    const subscribe = `mutation ($plan: ID!) { createSubscription(input: { customerExternalId: "resold", planId: $plan }) { id } }`;
    const refusal = await partner.api.failure(subscribe, { plan: inHouse });
    expect(refusal).toMatchObject({ message: 'Plan not found.', extensions: { code: 'NOT_FOUND' } });
    expect(await partner.api.failure(subscribe, { plan: '018f0000-0000-7000-8000-000000000000' })).toEqual(refusal);
  });

  it('gets a customer that it is granted, with what was before, until that is taken back', async () => {
    const about = { partnerAppId, customerId: direct.id };
    await app.api.query(GRANT, about);
    expect(await ids(partner.api, 'customers', 'externalId')).toEqual(['direct', 'resold']);
    // Its plan shows, as the plan of the subscription.
    expect(await partner.subscription(direct.subscription, 'plan { lookupKey } usage { value }')).toEqual({
      plan: { lookupKey: 'in-house' },
      usage: [{ value: '7' }],
    });
    await partner.use('calls', 'direct', '2026-01-12T00:00:00Z', '1');
    await app.api.query(GRANT.replaceAll('grantCustomer', 'revokeCustomer'), about);
    expect(await ids(partner.api, 'customers', 'externalId')).toEqual(['resold']);
    expect(await partner.api.query('query ($id: ID!) { subscription(id: $id) { id } }', { id: direct.subscription })).toEqual({
      subscription: null,
    });
  });

  it('changes nothing that is the organization’s', async () => {
    const rate = { name: 'Tax', country: 'US', percentage: '5' };
    expect(
      await partner.api.failure('mutation ($input: CreateTaxRateInput!) { createTaxRate(input: $input) { id } }', {
        input: rate,
      }),
    ).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    for (const scope of ['admin', 'catalog.write'])
      expect(
        await app.api.failure('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }', {
          input: { name: 'too much', scopes: [scope], partnerAppId },
        }),
      ).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'scopes' } });
  });

  it('is another partner’s stranger', async () => {
    const other = await createPartnerApp(app);
    const { client } = await createKey(app, PARTNER_SCOPES, { partnerAppId: other });
    expect(await ids(client, 'customers')).toEqual([]);
    expect(await ids(client, 'plans', 'lookupKey')).toEqual(['in-house', 'resale']);
  });

  it('has keys that open nothing once it is archived', async () => {
    await app.api.query('mutation ($id: ID!) { archivePartnerApp(id: $id) { archivedAt } }', { id: partnerAppId });
    expect(await partner.api.failure('{ customers { totalCount } }')).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
  });
});
