import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const NEW_YEAR = '2026-01-01T00:00:00Z';
const LATER = '2026-08-20T00:00:00Z';

/** Half a year of pauses, stubs and trials under four plans. What a plan really billed is what its simulation comes to. */
describe('the simulation of the plan that customers really were on', () => {
  let app: TestApp;
  let world: BillingWorld;
  const plans: Record<string, string> = {};

  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const meterId = await world.meter({ name: 'units', aggregation: 'SUM' });
    const usage = (more: Record<string, unknown>) => ({ displayName: 'Units', type: 'USAGE', meterId, ...more });
    const fixed = (amount: string, billingTiming: string) => ({
      displayName: `Base ${billingTiming}`,
      type: 'FIXED',
      model: 'FLAT',
      amount,
      billingTiming,
    });
    const tiers = [{ upTo: '10', unitAmount: '0.333', flatAmount: '1' }, { unitAmount: '0.05' }];
    const described: Record<string, Record<string, unknown>> = {
      monthly: {
        type: 'HYBRID',
        charges: [fixed('30.01', 'IN_ADVANCE'), fixed('9.99', 'IN_ARREARS'), usage({ model: 'GRADUATED', tiers })],
      },
      fortnightly: {
        type: 'USAGE',
        billingInterval: 'WEEK',
        intervalCount: 2,
        charges: [usage({ model: 'VOLUME', tiers, minimumAmount: '5' })],
      },
      quarterly: {
        type: 'HYBRID',
        intervalCount: 3,
        trialDays: 20,
        charges: [fixed('100', 'IN_ADVANCE'), usage({ model: 'PACKAGE', packageSize: '7', packageAmount: '1.11' })],
      },
      yen: { type: 'FIXED', currency: 'JPY', charges: [fixed('1001', 'IN_ADVANCE')] },
    };
    for (const [lookupKey, plan] of Object.entries(described)) plans[lookupKey] = await world.plan({ lookupKey, ...plan });
    await live();
  });
  afterAll(() => app.close());

  async function live(): Promise<void> {
    const clock = await world.clock(NEW_YEAR);
    const customers: string[] = [];
    const subscriptions: string[] = [];
    const terms: [string, Record<string, unknown>, Record<string, unknown>][] = [
      ['plain', {}, {}],
      ['calendar', { alignment: 'CALENDAR', startAt: '2026-01-09T15:00:00Z' }, { timeZone: 'America/New_York' }],
      ['anchored', { billingAnchor: '2026-03-31T12:00:00Z' }, { timeZone: 'Europe/Berlin' }],
      ['trying', { trialEnd: '2026-02-11T08:00:00Z' }, { timeZone: 'Asia/Kolkata' }],
      ['exact', { proration: 'SECOND', startAt: '2026-01-20T07:11:13Z' }, {}],
    ];
    for (const plan of Object.keys(plans)) {
      for (const [name, subscription, customer] of terms) {
        const externalId = `${plan} ${name}`;
        customers.push(externalId);
        await world.customer(externalId, { testClockId: clock, ...customer });
        subscriptions.push(await world.subscribe(externalId, plan, subscription));
      }
    }
    const spend = async (day: string): Promise<void> => {
      await world.travel(clock, `${day}T14:00:00Z`);
      for (const [index, externalId] of customers.entries())
        await world.use('units', externalId, `${day}T13:00:00Z`, `${index + 3}.5`);
    };
    for (const day of ['2026-01-11', '2026-02-22', '2026-03-05']) await spend(day);
    await world.travel(clock, '2026-04-10T17:20:00Z');
    for (const id of subscriptions.filter((_, index) => index % 2 === 0)) await world.pause(id);
    await world.travel(clock, '2026-04-19T03:00:00Z');
    for (const id of subscriptions.filter((_, index) => index % 4 === 0)) await world.resume(id);
    for (const day of ['2026-05-27', '2026-06-10']) await spend(day);
    await world.travel(clock, '2026-07-05T09:30:00Z');
    for (const id of subscriptions.filter((_, index) => index % 3 === 0)) await world.cancel(id, 'IMMEDIATE');
    await world.travel(clock, LATER);
  }

  it.each(['monthly', 'fortnightly', 'quarterly', 'yen'])('comes to what %s billed, customer by customer', async (plan) => {
    for (const [from, to] of [
      [NEW_YEAR, LATER],
      ['2026-02-14T00:00:00Z', '2026-07-05T09:30:00Z'],
      ['2026-04-12T00:00:00Z', '2026-06-30T00:00:00Z'],
    ]) {
      const { customers } = await world.simulate(plans[plan], from, to, await customersOf(plan));
      const billed = Object.values(customers).filter((comparison) => comparison.billed !== '0');
      expect(billed.length).toBeGreaterThan(0);
      for (const [customer, { difference }] of Object.entries(customers)) expect([customer, difference]).toEqual([customer, '0']);
    }
  });

  async function customersOf(plan: string): Promise<string[]> {
    const rows = await app.database.sql<{ id: string }>(`SELECT id FROM customers WHERE external_id LIKE $1`, [`${plan} %`]);
    return rows.map(({ id }) => id);
  }
});
