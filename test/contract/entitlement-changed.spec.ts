import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { createKey, createPartnerApp, GRANT, openPortal, PARTNER_SCOPES } from '../support/access.js';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface State {
  featureLookupKey: string;
  enabled: boolean;
  reason: string | null;
  used: string | null;
  withinLimit: string | null;
  allowance: string | null;
}

const CHANGED = `subscription ($id: ID, $externalId: String) { entitlementChanged(customerId: $id, customerExternalId: $externalId) {
  customerExternalId entitlements { featureLookupKey enabled reason used withinLimit allowance } } }`;

describe('entitlementChanged', () => {
  let app: TestApp;
  let other: TestApp;
  let world: EntitlementWorld;
  let customerId: string;
  let calls: string;
  const clients: Client[] = [];
  beforeAll(async () => {
    const clock = new FakeClock('2026-01-10T00:00:00Z');
    app = await startTestApp(clock);
    other = await startTestApp(clock, app.database);
    world = new EntitlementWorld(app.api);
    calls = await world.meterFeature('calls');
    const limits = { featureId: calls, limit: '10', resetPeriod: 'MONTH', softLimit: true, gracePercentage: '50' };
    await world.planWith('soft', [limits]);
    customerId = await world.customer('ada');
  });
  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await other.close();
    await app.close();
  });

  function subscribe(variables: Record<string, unknown>, apiKey = app.apiKey) {
    const client = createClient({
      url: `${other.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { 'X-API-Key': apiKey },
      retryAttempts: 0,
    });
    clients.push(client);
    const seen: { states: State[][]; code: unknown } = { states: [], code: null };
    client.subscribe<{ entitlementChanged: { entitlements: State[] } }>(
      { query: CHANGED, variables },
      {
        next: ({ data, errors }) => {
          if (data) seen.states.push(data.entitlementChanged.entitlements);
          if (errors) seen.code = errors[0].extensions?.code;
        },
        error: (error) => (seen.code = (error as { extensions?: { code: string } }[])[0]?.extensions?.code ?? 'closed'),
        complete: () => undefined,
      },
    );
    return seen;
  }

  const last = (seen: { states: State[][] }): State | undefined => seen.states.at(-1)?.at(0);

  it('tells what there is at once, and whatever changes it, from any process', async () => {
    const seen = subscribe({ id: customerId });
    await eventually('the first state', () => seen.states.length === 1);
    expect(seen.states[0]).toEqual([]);
    await world.subscribe('ada', 'soft');
    await eventually('the plan', () => last(seen)?.allowance === '15');
    expect(last(seen)).toEqual({
      featureLookupKey: 'calls',
      enabled: true,
      reason: null,
      used: '0',
      withinLimit: '10',
      allowance: '15',
    });
    await world.use('calls', 'ada', '2026-01-10T00:00:00Z', '12');
    await eventually('usage', () => last(seen)?.used === '12');
    expect(last(seen)).toMatchObject({ withinLimit: '-2', allowance: '3' });
    await world.grant({ customerId, featureId: calls, amount: '5' });
    await eventually('a grant', () => last(seen)?.allowance === '8');
    expect(last(seen)).toMatchObject({ withinLimit: '3' });
    await world.override({ customerId, featureId: calls, enabled: false });
    await eventually('an override', () => last(seen)?.withinLimit !== '3');
    const before = seen.states.length;
    await world.customer('bob');
    await world.subscribe('bob', 'soft');
    await world.use('calls', 'bob', '2026-01-10T00:00:00Z', '1');
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect(seen.states.length).toBe(before);
  });

  it('knows a customer by either name, and strangers by none', async () => {
    const byName = subscribe({ externalId: 'ada' });
    await eventually('the state', () => byName.states.length === 1);
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    for (const variables of [{ id: customerId }, { id: 'nope' }, { externalId: 'ada' }]) {
      const seen = subscribe(variables, stranger.apiKey as string);
      await eventually('a refusal', () => seen.code !== null);
      expect(seen).toEqual({ states: [], code: 'NOT_FOUND' });
    }
    const unclear = subscribe({});
    await eventually('a refusal', () => unclear.code !== null);
    expect(unclear.code).toBe('VALIDATION_FAILED');
  });

  it('tells a customer in their portal of themselves, and a partner app until its customer is taken back', async () => {
    const eve = await world.customer('eve');
    const portal = (await openPortal(app.api, eve)).apiKey as string;
    const partnerAppId = await createPartnerApp(app);
    const partner = (await createKey(app, PARTNER_SCOPES, { partnerAppId })).client.apiKey as string;
    await app.api.query(GRANT, { partnerAppId, customerId: eve });
    const [ofPortal, ofPartner] = [portal, partner].map((key) => subscribe({ externalId: 'eve' }, key));
    for (const key of [portal, partner]) {
      const seen = subscribe({ id: customerId }, key);
      await eventually('a refusal', () => seen.code !== null);
      expect(seen).toEqual({ states: [], code: 'NOT_FOUND' });
    }
    await eventually('the first states', () => ofPortal.states.length === 1 && ofPartner.states.length === 1);
    await world.subscribe('eve', 'soft');
    await eventually('the plan', () => last(ofPortal)?.allowance === '15' && last(ofPartner)?.allowance === '15');
    await app.api.query(GRANT.replaceAll('grantCustomer', 'revokeCustomer'), { partnerAppId, customerId: eve });
    await world.use('calls', 'eve', '2026-01-10T00:00:00Z', '1');
    await eventually('usage, and the end', () => last(ofPortal)?.used === '1' && ofPartner.code === 'NOT_FOUND');
    expect(last(ofPartner)).toMatchObject({ used: '0' });
  });
});
