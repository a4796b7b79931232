import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('entitlements', () => {
  let app: TestApp;
  let world: EntitlementWorld;
  let calls: string;
  let sso: string;
  let model: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new EntitlementWorld(app.api);
    calls = await world.meterFeature('calls');
    sso = await world.feature({ lookupKey: 'sso', type: 'SWITCH' });
    model = await world.feature({ lookupKey: 'model', type: 'CUSTOM' });
    const small = { featureId: calls, limit: '100', resetPeriod: 'MONTH' };
    await world.planWith('small', [small, { featureId: sso, enabled: false }, { featureId: model, value: 'tiny' }]);
    await world.planWith('large', [{ ...small, limit: '500' }, { featureId: sso }, { featureId: model, value: '25' }]);
    await world.planWith('endless', [{ featureId: calls }]);
    await world.planWith('bare', []);
  });
  afterAll(() => app.close());

  const begin = (plan: string, now = '2026-01-10T00:00:00Z', input = {}) => Story.subscribed(world, now, plan, input);

  it('counts a month from the subscription’s anchor, and begins anew with the next', async () => {
    const story = await begin('small');
    await story.use('calls', '2026-01-09T23:59:59Z', '7'); // Before the subscription: not measured.
    await story.use('calls', '2026-01-10T00:00:00Z', '30');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 30/100, 70 left, until 2026-02-10');
    expect(await world.told(story.customer, 'calls', '70')).toBe('GRANTED 30/100, 70 left, until 2026-02-10');
    expect(await world.told(story.customer, 'calls', '70.000000000000001')).toBe(
      '(LIMIT_REACHED) 30/100, 70 left, until 2026-02-10',
    );
    await story.travel('2026-02-09T23:59:59Z');
    await story.use('calls', '2026-02-09T23:59:59Z', '80'); // Ordinary usage is counted, allowed or not.
    expect(await world.told(story.customer, 'calls', '0')).toBe('(LIMIT_REACHED) 110/100, 0 left, until 2026-02-10');
    await story.travel('2026-02-10T00:00:00Z');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 0/100, 100 left, until 2026-03-10');
  });

  it('sees what was accepted with a time a little ahead, unless it belongs to the next window', async () => {
    const story = await begin('small', '2026-01-10T00:00:00Z');
    await story.travel('2026-02-09T23:57:00Z');
    await story.use('calls', '2026-02-09T23:59:00Z', '4');
    await story.use('calls', '2026-02-10T00:01:00Z', '8');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 4/100, 96 left, until 2026-02-10');
    await story.travel('2026-02-10T00:00:00Z');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 8/100, 92 left, until 2026-03-10');
  });

  it('keeps the window on a plan change: the limit changes, what was used stays', async () => {
    const story = await begin('small');
    await story.use('calls', '2026-01-10T00:00:00Z', '80');
    await story.travel('2026-01-20T00:00:00Z');
    await story.changePlan('large');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 80/500, 420 left, until 2026-02-10');
    await story.changePlan('small', 'PERIOD_END');
    await story.travel('2026-02-09T23:59:59Z');
    expect((await world.check(story.customer, 'calls')).entitlement?.limit).toBe('500');
    await story.travel('2026-02-10T00:00:00Z');
    expect((await world.check(story.customer, 'calls')).entitlement?.limit).toBe('100');
  });

  it('adds limits of several subscriptions up; switches are on if any is, the newest value wins', async () => {
    const story = await begin('small');
    expect(await world.told(story.customer, 'sso')).toBe('(DISABLED)');
    expect(await world.check(story.customer, 'model')).toMatchObject({
      allowed: true,
      entitlement: { value: 'tiny', numericValue: null },
    });
    await story.travel('2026-01-15T00:00:00Z');
    await story.use('calls', '2026-01-14T00:00:00Z', '150');
    await story.subscribe('large');
    // 100 + 500, in the window of the first.
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 150/600, 450 left, until 2026-02-10');
    expect(await world.told(story.customer, 'sso')).toBe('GRANTED');
    expect(await world.check(story.customer, 'model')).toMatchObject({ entitlement: { value: '25', numericValue: '25' } });
    await story.subscribe('endless');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 150/∞, ∞ left, until 2026-02-10');
  });

  it('says why nothing is given', async () => {
    const story = await Story.begin(world, '2026-01-10T00:00:00Z');
    expect(await world.told(story.customer, 'calls')).toBe('(NO_ACTIVE_SUBSCRIPTION) 0/0, 0 left');
    await story.subscribe('bare', { startAt: '2026-01-12T00:00:00Z' });
    expect(await world.told(story.customer, 'sso')).toBe('(NO_ACTIVE_SUBSCRIPTION)');
    await story.travel('2026-01-12T00:00:00Z');
    expect(await world.told(story.customer, 'sso')).toBe('(FEATURE_NOT_IN_PLAN)');
    await story.changePlan('large');
    expect(await world.told(story.customer, 'sso')).toBe('GRANTED');
    await story.pause();
    expect(await world.told(story.customer, 'sso')).toBe('(PAUSED)');
    await story.resume();
    await story.cancel('PERIOD_END');
    await story.travel('2026-02-11T23:59:59Z');
    expect(await world.told(story.customer, 'sso')).toBe('GRANTED');
    await story.travel('2026-02-12T00:00:00Z');
    expect(await world.told(story.customer, 'sso')).toBe('(NO_ACTIVE_SUBSCRIPTION)');
  });

  it('does not wait for a run: a start, a trial’s end and a cancellation hold from their instant on', async () => {
    await world.planWith('trial', [{ featureId: calls, limit: '10', resetPeriod: 'BILLING_PERIOD' }], { trialDays: 7 });
    const story = await begin('trial');
    await story.use('calls', '2026-01-10T00:00:00Z', '9');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 9/10, 1 left, until 2026-01-17');
    // Behind the back of all that advances subscriptions.
    await app.database.sql('UPDATE test_clocks SET clock_now = $2 WHERE id = $1', [story.clockId, '2026-01-17T00:00:00Z']);
    expect(await story.state()).toMatch(/^TRIAL/);
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 0/10, 10 left, until 2026-02-17');
  });

  it('lets a soft limit be passed, up to its grace', async () => {
    await world.planWith('soft', [{ featureId: calls, limit: '100', resetPeriod: 'MONTH', softLimit: true }]);
    await world.planWith('graced', [
      { featureId: calls, limit: '100', resetPeriod: 'MONTH', softLimit: true, gracePercentage: '12.5' },
    ]);
    const soft = await begin('soft');
    const graced = await begin('graced');
    for (const { customer } of [soft, graced]) await world.use('calls', customer, '2026-01-10T00:00:00Z', '100');
    expect(await world.told(soft.customer, 'calls', '100000')).toBe('SOFT_LIMIT_EXCEEDED 100/100, 0 left, until 2026-02-10');
    expect(await world.told(graced.customer, 'calls', '12.5')).toBe('SOFT_LIMIT_EXCEEDED 100/100, 0 left, until 2026-02-10');
    expect(await world.told(graced.customer, 'calls', '12.6')).toBe('(LIMIT_REACHED) 100/100, 0 left, until 2026-02-10');
    const refused = await app.api.failure(`mutation ($input: CreatePlanInput!) { createPlan(input: $input) { id } }`, {
      input: {
        lookupKey: 'hard-grace',
        name: 'x',
        type: 'FIXED',
        billingInterval: 'MONTH',
        currency: 'USD',
        features: [{ featureId: calls, limit: '1', gracePercentage: '5' }],
      },
    });
    expect(refused.extensions).toMatchObject({ code: 'VALIDATION_FAILED', field: 'features[0].gracePercentage' });
  });

  it('lets an override beat the plan until it expires, is replaced or removed', async () => {
    const story = await begin('small');
    const { customerId } = story;
    await story.use('calls', '2026-01-10T00:00:00Z', '120');
    await world.override({ customerId, featureId: calls, limit: '200', resetPeriod: 'MONTH', expiresAt: '2026-01-20T00:00:00Z' });
    await world.override({ customerId, featureId: sso });
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 120/200, 80 left, until 2026-02-10');
    expect(await world.told(story.customer, 'sso')).toBe('GRANTED');
    await story.travel('2026-01-20T00:00:00Z');
    expect(await world.told(story.customer, 'calls')).toBe('(LIMIT_REACHED) 120/100, 0 left, until 2026-02-10');
    await world.override({ customerId, featureId: calls });
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 120/∞, ∞ left, until 2026-02-10');
    await app.api.query(
      `mutation ($customerId: ID!, $featureId: ID!) { removeEntitlementOverride(customerId: $customerId, featureId: $featureId) }`,
      { customerId, featureId: calls },
    );
    expect(await world.told(story.customer, 'calls')).toBe('(LIMIT_REACHED) 120/100, 0 left, until 2026-02-10');
    await world.override({ customerId, featureId: model, enabled: false });
    expect(await world.told(story.customer, 'model')).toBe('(DISABLED)');
  });

  it('resets by day, week, year and never, on the anchor or on the calendar', async () => {
    const keys = ['DAY', 'WEEK', 'MONTH', 'YEAR', 'NEVER'].flatMap((period) =>
      ['ANNIVERSARY', 'CALENDAR'].map((alignment) => ({ period, alignment, key: `${period}-${alignment}` })),
    );
    const features: Record<string, unknown>[] = [];
    for (const { key, period, alignment } of keys)
      features.push({ featureId: await world.meterFeature(key), limit: '1', resetPeriod: period, resetAlignment: alignment });
    await world.planWith('periods', features);
    // Wednesday, 14 January 2026, 09:30 UTC.
    const story = await begin('periods', '2026-01-14T09:30:00Z');
    const ends = Object.fromEntries(
      await Promise.all(
        keys.map(async ({ key }) => [key, (await world.check(story.customer, key)).entitlement?.resetsAt ?? null]),
      ),
    ) as Record<string, string | null>;
    expect(ends).toEqual({
      'DAY-ANNIVERSARY': '2026-01-15T09:30:00.000Z',
      'DAY-CALENDAR': '2026-01-15T00:00:00.000Z',
      'WEEK-ANNIVERSARY': '2026-01-21T09:30:00.000Z',
      'WEEK-CALENDAR': '2026-01-19T00:00:00.000Z',
      'MONTH-ANNIVERSARY': '2026-02-14T09:30:00.000Z',
      'MONTH-CALENDAR': '2026-02-01T00:00:00.000Z',
      'YEAR-ANNIVERSARY': '2027-01-14T09:30:00.000Z',
      'YEAR-CALENDAR': '2027-01-01T00:00:00.000Z',
      'NEVER-ANNIVERSARY': null,
      'NEVER-CALENDAR': null,
    });
  });

  it('reads gauges and distinct members, too', async () => {
    const seats = await world.meterFeature('seats', { aggregation: 'LAST', carriesOver: true });
    const users = await world.meterFeature('users', { aggregation: 'UNIQUE_COUNT', valueProperty: 'user' });
    await world.planWith('team', [
      { featureId: seats, limit: '5', resetPeriod: 'MONTH' },
      { featureId: users, limit: '2', resetPeriod: 'MONTH' },
    ]);
    const story = await begin('team');
    await story.use('seats', '2026-01-10T00:00:00Z', '4');
    for (const user of ['ada', 'bob', 'ada'])
      await world.use('users', story.customer, '2026-01-10T00:00:00Z', null, { properties: { user } });
    expect(await world.told(story.customer, 'seats')).toBe('GRANTED 4/5, 1 left, until 2026-02-10');
    expect(await world.told(story.customer, 'users')).toBe('(LIMIT_REACHED) 2/2, 0 left, until 2026-02-10');
    await story.travel('2026-02-10T00:00:00Z');
    // A gauge that carries over keeps its value; members are counted anew.
    expect(await world.told(story.customer, 'seats')).toBe('GRANTED 4/5, 1 left, until 2026-03-10');
    expect(await world.told(story.customer, 'users')).toBe('GRANTED 0/2, 2 left, until 2026-03-10');
  });

  it('lists all that a customer has, and takes corrections into account', async () => {
    const story = await begin('small');
    await story.use('calls', '2026-01-10T00:00:00Z', '60');
    await story.use('calls', '2026-01-10T00:00:00Z', '5');
    const { usageEvents } = await app.api.query<{ usageEvents: { nodes: { id: string; quantity: string }[] } }>(
      'query ($id: ID!) { usageEvents(customerId: $id) { nodes { id quantity } } }',
      { id: story.customerId },
    );
    const wrong = usageEvents.nodes.find(({ quantity }) => quantity === '60');
    await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id: wrong?.id });
    const { customer } = await app.api.query<{ customer: { entitlements: object[] } }>(
      `query ($id: String!) { customer(externalId: $id) { entitlements { feature { lookupKey } type enabled value limit used remaining } } }`,
      { id: story.customer },
    );
    expect(customer.entitlements).toEqual([
      { feature: { lookupKey: 'calls' }, type: 'METER', enabled: true, value: null, limit: '100', used: '5', remaining: '95' },
      { feature: { lookupKey: 'model' }, type: 'CUSTOM', enabled: true, value: 'tiny', limit: null, used: null, remaining: null },
      { feature: { lookupKey: 'sso' }, type: 'SWITCH', enabled: false, value: null, limit: null, used: null, remaining: null },
    ]);
  });
});
