import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('grants', () => {
  let app: TestApp;
  let world: EntitlementWorld;
  let featureId: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new EntitlementWorld(app.api);
    featureId = await world.meterFeature('calls');
    await world.planWith('small', [{ featureId, limit: '100', resetPeriod: 'MONTH' }]);
  });
  afterAll(() => app.close());

  const start = '2026-01-10T00:00:00Z';
  const subscribed = (now = start) => Story.subscribed(world, now, 'small');
  const left = async (story: Story, ...ids: string[]): Promise<string[]> => {
    const balances = await world.balances(story.customer);
    return ids.map((id) => balances[id]);
  };

  it('come after the plan’s limit, and by priority, then expiry, then creation', async () => {
    const story = await subscribed();
    const { customerId } = story;
    const last = await world.grant({ customerId, featureId, amount: '10', priority: 2 });
    const second = await world.grant({ customerId, featureId, amount: '10', expiresAt: '2026-03-01T00:00:00Z' });
    const fourth = await world.grant({ customerId, featureId, amount: '10' });
    const first = await world.grant({ customerId, featureId, amount: '10', expiresAt: '2026-02-01T00:00:00Z' });
    const fifth = await world.grant({ customerId, featureId, amount: '10' });
    await story.use('calls', start, '100');
    expect(await left(story, first, second, fourth, fifth, last)).toEqual(['10', '10', '10', '10', '10']);
    expect(await world.told(story.customer, 'calls', '50')).toBe('GRANTED 100/150, 50 left, until 2026-02-10');
    await story.use('calls', start, '35');
    expect(await left(story, first, second, fourth, fifth, last)).toEqual(['0', '0', '0', '5', '10']);
    expect(await world.told(story.customer, 'calls', '16')).toBe('(LIMIT_REACHED) 135/150, 15 left, until 2026-02-10');
    await story.travel('2026-02-10T00:00:00Z');
    // The month's limit is back; of the grants, 5 + 10 are left.
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 0/115, 115 left, until 2026-03-10');
    await story.use('calls', '2026-02-10T00:00:00Z', '104');
    expect(await left(story, fifth, last)).toEqual(['1', '10']);
  });

  it('work without a subscription, and cover what is used from their beginning on', async () => {
    const story = await Story.begin(world, start);
    await story.use('calls', start, '3');
    await story.travel('2026-01-12T00:00:00Z');
    const id = await world.grant({ customerId: story.customerId, featureId, amount: '10' });
    await story.use('calls', '2026-01-11T23:59:59Z', '1');
    await story.use('calls', '2026-01-12T00:00:00Z', '4');
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 4/10, 6 left');
    expect(await left(story, id)).toEqual(['6']);
  });

  it('cover what was used beyond the limit earlier in the window, and nothing of windows before', async () => {
    const story = await subscribed();
    await story.use('calls', start, '130');
    await story.travel('2026-01-20T00:00:00Z');
    await world.grant({ customerId: story.customerId, featureId, amount: '50' });
    expect(await world.told(story.customer, 'calls')).toBe('GRANTED 130/150, 20 left, until 2026-02-10');
    const other = await subscribed();
    await other.use('calls', start, '130');
    await other.travel('2026-02-20T00:00:00Z');
    await world.grant({ customerId: other.customerId, featureId, amount: '50' });
    expect(await world.told(other.customer, 'calls')).toBe('GRANTED 0/150, 150 left, until 2026-03-10');
  });

  it('are filled up again at each recurrence, and roll over within their bounds at the feature’s reset', async () => {
    const story = await subscribed();
    const { customerId } = story;
    const weekly = await world.grant({ customerId, featureId, amount: '10', recurrence: 'WEEK' });
    const rolling = await world.grant({
      customerId,
      featureId,
      amount: '40',
      priority: 2,
      rolloverMinimum: '5',
      rolloverMaximum: '20',
    });
    const lost = await world.grant({ customerId, featureId, amount: '7', priority: 3, rolloverMaximum: '0' });
    await story.use('calls', start, '108');
    expect(await left(story, weekly, rolling, lost)).toEqual(['2', '40', '7']);
    await story.travel('2026-01-17T00:00:00Z');
    expect(await left(story, weekly, rolling, lost)).toEqual(['10', '40', '7']);
    await story.use('calls', '2026-01-17T00:00:00Z', '12');
    expect(await left(story, weekly, rolling, lost)).toEqual(['0', '38', '7']);
    await story.travel('2026-02-10T00:00:00Z');
    // Filled up on the 24th, 31st and 7th; 38 is cut to 20, 7 to 0.
    expect(await left(story, weekly, rolling, lost)).toEqual(['10', '20', '0']);
    await story.use('calls', '2026-02-10T00:00:00Z', '127');
    // 100 by the plan, 10 weekly, 17 of 20.
    expect(await left(story, weekly, rolling, lost)).toEqual(['0', '3', '0']);
    await story.travel('2026-03-10T00:00:00Z');
    expect(await left(story, rolling)).toEqual(['5']);
  });

  it('hold nothing when they have expired or are voided; what they had covered stays covered', async () => {
    const story = await subscribed();
    const { customerId } = story;
    const voided = await world.grant({ customerId, featureId, amount: '30' });
    const expiring = await world.grant({ customerId, featureId, amount: '30', priority: 2, expiresAt: '2026-01-15T00:00:00Z' });
    await story.use('calls', start, '140');
    expect(await left(story, voided, expiring)).toEqual(['0', '20']);
    await story.travel('2026-01-15T00:00:00Z');
    expect(await left(story, voided, expiring)).toEqual(['0', '0']);
    expect(await world.told(story.customer, 'calls')).toBe('(LIMIT_REACHED) 140/140, 0 left, until 2026-02-10');
    await world.voidGrant(voided);
    await world.voidGrant(voided);
    expect(await world.told(story.customer, 'calls')).toBe('(LIMIT_REACHED) 140/140, 0 left, until 2026-02-10');
  });

  it('follow from events alone: late, voided and early ones change what is left as if they had always been so', async () => {
    const story = await subscribed();
    const id = await world.grant({ customerId: story.customerId, featureId, amount: '50' });
    await story.use('calls', '2026-01-10T00:00:00Z', '120');
    await story.travel('2026-02-15T00:00:00Z');
    await story.use('calls', '2026-02-12T00:00:00Z', '110');
    // 20 in January's window, 10 in February's.
    expect(await left(story, id)).toEqual(['20']);
    await story.use('calls', '2026-01-31T00:00:00Z', '15');
    expect(await left(story, id)).toEqual(['5']);
    const { usageEvents } = await app.api.query<{ usageEvents: { nodes: { id: string; quantity: string }[] } }>(
      'query ($id: ID!) { usageEvents(customerId: $id) { nodes { id quantity } } }',
      { id: story.customerId },
    );
    const first = usageEvents.nodes.find(({ quantity }) => quantity === '120');
    await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id: first?.id });
    expect(await left(story, id)).toEqual(['40']);
  });

  it('show how they burned down', async () => {
    const story = await subscribed();
    const id = await world.grant({
      customerId: story.customerId,
      featureId,
      amount: '50',
      effectiveAt: '2026-01-20T00:00:00Z',
      expiresAt: '2026-02-20T00:00:00Z',
    });
    await story.use('calls', '2026-01-10T00:00:00Z', '110');
    await story.travel('2026-02-25T00:00:00Z');
    await story.use('calls', '2026-01-21T00:00:00Z', '5');
    await story.use('calls', '2026-02-11T00:00:00Z', '130');
    await story.use('calls', '2026-02-20T00:00:00Z', '9');
    const burns = await world.history(story.customerId, featureId, start, '2026-02-21T00:00:00Z');
    const lines = burns.map(
      ({ start: from, end, usage, used, overage, balance, grants }) =>
        `${from.slice(0, 10)}/${end.slice(0, 10)} +${usage}=${used} over ${overage}, ${balance} left: ${grants
          .map(({ grantId, balanceBefore, balanceAfter }) => `${grantId === id ? 'it' : '?'} ${balanceBefore}>${balanceAfter}`)
          .join()}`,
    );
    expect(lines).toEqual([
      // 10 beyond the limit from before are covered when it begins.
      '2026-01-20/2026-02-10 +5=115 over 0, 35 left: it 40>35',
      '2026-02-10/2026-02-20 +130=130 over 0, 5 left: it 35>5',
      '2026-02-20/2026-02-21 +9=139 over 9, 0 left: ',
    ]);
  });

  it.each([
    [{ amount: '0' }, 'amount'],
    [{ amount: '1', priority: -1 }, 'priority'],
    [{ amount: '1', effectiveAt: start, expiresAt: start }, 'expiresAt'],
    [{ amount: '1', recurrence: 'BILLING_PERIOD' }, 'recurrence'],
    [{ amount: '1', recurrenceAnchor: start }, 'recurrenceAnchor'],
    [{ amount: '1', rolloverMinimum: '2' }, 'rolloverMinimum'],
    [{ amount: '9', rolloverMinimum: '2', rolloverMaximum: '1' }, 'rolloverMaximum'],
    [{ amount: '1', effectiveAt: '1950-01-01T00:00:00Z' }, 'effectiveAt'],
  ])('are refused where they make no sense: %j', async (input, field) => {
    const { customerId } = await Story.begin(world, start);
    const failure = await app.api.failure('mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', {
      input: { customerId, featureId, ...input },
    });
    expect(failure.extensions).toMatchObject({ code: 'VALIDATION_FAILED', field });
  });
});
