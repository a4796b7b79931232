import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('over many periods', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const meter = async (name: string, aggregation: string, more = {}) => {
      const id = await world.meter({ name, aggregation, ...more });
      await world.plan({ lookupKey: name, type: 'USAGE', charges: [perUnit(id, '1')] });
      await world.plan({ lookupKey: `${name}-dear`, type: 'USAGE', charges: [perUnit(id, '2')] });
    };
    await meter('seats', 'LAST', { carriesOver: true });
    await meter('sessions', 'LAST');
    await meter('peak', 'MAX', { carriesOver: true });
    await meter('users', 'UNIQUE_COUNT', { valueProperty: 'user' });
  });
  afterAll(() => app.close());

  const totals = async (story: Story): Promise<string[]> => (await story.invoices()).map(({ total }) => total);

  it('a meter that carries over is billed at its last value until it changes', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'seats');
    await ada.travel('2026-01-10T00:00:00Z');
    await ada.use('seats', '2026-01-05T00:00:00Z', '5');
    await ada.travel('2026-03-15T00:00:00Z');
    await ada.use('seats', '2026-03-15T00:00:00Z', '3');
    await ada.travel('2026-05-02T00:00:00Z');
    expect(await totals(ada)).toEqual(['5', '5', '3', '3']);
  });

  it('a meter that does not begins each period with nothing', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'sessions');
    await ada.travel('2026-01-10T00:00:00Z');
    await ada.use('sessions', '2026-01-05T00:00:00Z', '5');
    await ada.travel('2026-03-02T00:00:00Z');
    expect(await totals(ada)).toEqual(['5', '0']);
  });

  it('a late value changes the periods that it is carried into, too', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'seats');
    await ada.travel('2026-01-10T00:00:00Z');
    await ada.use('seats', '2026-01-05T00:00:00Z', '5');
    await ada.travel('2026-03-10T00:00:00Z');
    await ada.use('seats', '2026-01-20T00:00:00Z', '8');
    await ada.travel('2026-04-02T00:00:00Z');
    expect((await ada.ledger()).at(-1)).toBe(
      'OPEN 14: CORRECTION Calls 3 2026-01-01/2026-02-01 3 + CORRECTION Calls 3 2026-02-01/2026-03-01 3 + Calls 8 2026-03-01/2026-04-01 8',
    );
  });

  it('the highest value of a period begins with what was carried into it', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'peak');
    await ada.travel('2026-01-10T00:00:00Z');
    await ada.use('peak', '2026-01-05T00:00:00Z', '9');
    await ada.use('peak', '2026-01-06T00:00:00Z', '4');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('peak', '2026-02-10T00:00:00Z', '3');
    await ada.travel('2026-04-02T00:00:00Z');
    // January 9; February begins with the last value, 4; March with 3.
    expect(await totals(ada)).toEqual(['9', '4', '3']);
  });

  it('a change of plan carries values over, and counts whoever appears on both sides twice', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'seats');
    const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'users');
    await ada.travel('2026-01-11T00:00:00Z');
    await bob.travel('2026-01-11T00:00:00Z');
    await ada.use('seats', '2026-01-05T00:00:00Z', '5');
    const visit = (user: string, timestamp: string) =>
      world.use('users', bob.customer, timestamp, null, { properties: { user } });
    await visit('u1', '2026-01-05T00:00:00Z');
    await visit('u2', '2026-01-05T00:00:00Z');
    await visit('u1', '2026-01-06T00:00:00Z');
    await ada.changePlan('seats-dear');
    await bob.changePlan('users-dear');
    await visit('u1', '2026-01-11T00:00:00Z');
    await ada.travel('2026-02-02T00:00:00Z');
    await bob.travel('2026-02-02T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 5: Calls 5 2026-01-01/2026-01-11 5', 'OPEN 10: Calls 5 2026-01-11/2026-02-01 10']);
    expect(await bob.ledger()).toEqual(['OPEN 2: Calls 2 2026-01-01/2026-01-11 2', 'OPEN 2: Calls 1 2026-01-11/2026-02-01 2']);
  });

  it('a subscription stays on its plan version until it is moved to another, and when that is archived', async () => {
    const first = await world.plan({ lookupKey: 'versioned', type: 'FIXED', charges: [flat('31')] });
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'versioned');
    const input = {
      ...{ lookupKey: 'versioned', name: 'Versioned', type: 'FIXED', billingInterval: 'MONTH', currency: 'USD' },
      charges: [flat('62')],
    };
    const { createPlanVersion } = await app.api.query<{ createPlanVersion: { id: string; version: number } }>(
      `mutation ($planId: ID!, $input: CreatePlanInput!) { createPlanVersion(planId: $planId, input: $input) { id version } }`,
      { planId: first, input },
    );
    expect(createPlanVersion.version).toBe(2);
    await app.api.query(`mutation ($id: ID!) { archivePlan(id: $id) { id } }`, { id: first });
    const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'versioned');
    await ada.travel('2026-02-01T02:00:00Z');
    await bob.travel('2026-02-01T02:00:00Z');
    await world.changePlan(ada.subscriptionId, { planId: createPlanVersion.id, timing: 'PERIOD_END' });
    await ada.travel('2026-04-01T02:00:00Z');
    expect(await totals(ada)).toEqual(['31', '31', '62']);
    expect(await totals(bob)).toEqual(['62']);
  });

  it('the credit of one subscription pays for another in its currency, and in no other', async () => {
    await world.plan({ lookupKey: 'euros', type: 'FIXED', currency: 'EUR', charges: [flat('10')] });
    await world.plan({ lookupKey: 'dollars', type: 'FIXED', charges: [flat('10')] });
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'dollars');
    await ada.travel('2026-02-01T02:00:00Z');
    await world.pay((await ada.latestInvoice()).id, '14');
    await ada.cancel();
    await ada.subscribe('euros');
    const euros = ada.subscriptionId;
    await ada.subscribe('dollars', { startAt: '2026-02-01T02:30:00Z' });
    await ada.travel('2026-03-02T00:00:00Z');
    expect((await world.invoices(euros)).map(({ amountDue }) => amountDue)).toEqual(['10']);
    // The final draft of the canceled one came to nothing and took none of it.
    expect(await ada.latestInvoice()).toMatchObject({ total: '10', creditsApplied: '4', amountDue: '6' });
    expect([await ada.balance('USD'), await ada.balance('EUR')]).toEqual(['0', '0']);
  });
});
