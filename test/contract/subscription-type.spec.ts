import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the type named Subscription', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('is no root of GraphQL subscriptions, neither served nor in schema.gql', async () => {
    const { __schema } = await app.api.query<{ __schema: { subscriptionType: unknown } }>(
      '{ __schema { subscriptionType { name } } }',
    );
    expect(__schema.subscriptionType).toEqual({ name: 'LiveUpdates' });
    const emitted = buildSchema(readFileSync('schema.gql', 'utf8'));
    expect(emitted.getSubscriptionType()?.name).toBe('LiveUpdates');
    expect(emitted.getType('Subscription')).toBeDefined();
  });

  it('answers every field that a resolver makes', async () => {
    const world = new BillingWorld(app.api);
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const charges = [{ displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '2' }];
    const planId = await world.plan({ lookupKey: 'metered', type: 'USAGE', charges });
    const customerId = await world.customer('ada');
    const id = await world.subscribe('ada', 'metered');
    await world.use('calls', 'ada', '2026-01-01T00:00:00Z', '3');
    const fields = 'customer { id } plan { id } transitions { from to } usage { meter { id } value } invoices { totalCount }';
    expect(await world.subscription(id, fields)).toEqual({
      customer: { id: customerId },
      plan: { id: planId },
      transitions: [{ from: null, to: 'ACTIVE' }],
      usage: [{ meter: { id: meterId }, value: '3' }],
      invoices: { totalCount: 0 },
    });
  });
});
