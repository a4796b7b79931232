import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const JANUARY = '2026-01-01T00:00:00Z';
const FEBRUARY = '2026-02-01T00:00:00Z';
const MARCH = '2026-03-01T00:00:00Z';

/**
 * Two months of five customers, all in USD and UTC, rated under a plan that nobody has: 10 a month in advance, calls at 0.20
 * up to 100 and at 0.05 above.
 */
describe('what the first two months would have been under another plan', () => {
  let app: TestApp;
  let world: BillingWorld;
  let calls: string;
  let tiered: string;
  const ids: Record<string, string> = {};
  const subscriptions: Record<string, string> = {};

  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    await liveThroughTwoMonths();
  });
  afterAll(() => app.close());

  const monthly = (amount: string, more: Record<string, unknown> = {}) => ({
    displayName: 'Base',
    type: 'FIXED',
    model: 'FLAT',
    amount,
    ...more,
  });
  const inAdvance = { billingTiming: 'IN_ADVANCE' };

  async function liveThroughTwoMonths(): Promise<void> {
    const clock = await world.clock(JANUARY);
    calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const perCall = { displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId: calls, unitAmount: '0.10' };
    await world.plan({ lookupKey: 'basic', type: 'HYBRID', charges: [monthly('20'), perCall] });
    await world.plan({ lookupKey: 'payg', type: 'USAGE', charges: [perCall] });
    await world.plan({ lookupKey: 'euro', type: 'HYBRID', currency: 'EUR', charges: [monthly('20'), perCall] });
    const premium = await world.plan({ lookupKey: 'premium', type: 'FIXED', charges: [monthly('50', inAdvance)] });
    tiered = await world.plan({
      lookupKey: 'tiered',
      type: 'HYBRID',
      charges: [
        monthly('10', inAdvance),
        {
          displayName: 'Calls',
          type: 'USAGE',
          model: 'GRADUATED',
          meterId: calls,
          tiers: [{ upTo: '100', unitAmount: '0.20' }, { unitAmount: '0.05' }],
        },
      ],
    });
    for (const name of ['steady', 'changing', 'trying', 'light', 'even', 'foreign', 'new', 'next', 'stranger'])
      ids[name] = await world.customer(name, { testClockId: clock });
    for (const name of ['steady', 'changing', 'even']) subscriptions[name] = await world.subscribe(name, 'basic');
    await world.subscribe('trying', 'basic', { trialEnd: FEBRUARY });
    await world.subscribe('light', 'payg');
    await world.subscribe('foreign', 'euro');
    await world.subscribe('new', 'basic', { startAt: '2026-02-20T00:00:00Z' });
    await world.subscribe('next', 'basic', { startAt: '2026-03-10T00:00:00Z' });
    const used: [string, string, string][] = [
      ['steady', '2026-01-10', '100'],
      ['steady', '2026-02-10', '300'],
      ['changing', '2026-01-10', '40'],
      ['changing', '2026-01-20', '60'],
      ['trying', '2026-01-10', '500'],
      ['trying', '2026-02-10', '50'],
      ['light', '2026-01-10', '10'],
      ['light', '2026-02-10', '20'],
      ['even', '2026-01-10', '100'],
      ['even', '2026-02-10', '100'],
      ['foreign', '2026-01-10', '100'],
    ];
    await world.travel(clock, '2026-01-16T00:00:00Z');
    await world.changePlan(subscriptions.changing, { planId: premium, timing: 'IMMEDIATE' });
    await world.travel(clock, '2026-02-28T00:00:00Z');
    for (const [customer, day, quantity] of used) await world.use('calls', customer, `${day}T12:00:00Z`, quantity);
    // January was billed before its usage was reported: it follows as corrections, on the invoices of March 1st.
    await world.travel(clock, '2026-03-01T02:00:00Z');
  }

  it('compares what each customer was billed with what the plan would have billed', async () => {
    const { customers, totals } = await world.simulate(tiered, JANUARY, MARCH);
    expect(customers).toEqual({
      // 20 + 100 × 0.10, 20 + 300 × 0.10 | 10 + 100 × 0.20, 10 + 100 × 0.20 + 200 × 0.05
      steady: { billed: '80', simulated: '70', difference: '-10' },
      // 20 × 15/31 + 40 × 0.10, 50 × 16/31, 50 | January in one piece: 10 + 100 × 0.20, 10. March's 50 is not compared.
      changing: { billed: '89.49', simulated: '40', difference: '-49.49' },
      // 20 + 50 × 0.10 | 10 + 50 × 0.20: the trial's 500 calls are free under both.
      trying: { billed: '25', simulated: '20', difference: '-5' },
      // 10 × 0.10, 20 × 0.10 | 10 + 10 × 0.20, 10 + 20 × 0.20
      light: { billed: '3', simulated: '26', difference: '23' },
      // 20 + 100 × 0.10 twice | 10 + 100 × 0.20 twice
      even: { billed: '60', simulated: '60', difference: '0' },
    });
    expect(totals).toEqual({
      customers: 5,
      billed: '257.49',
      simulated: '216',
      difference: '-41.49',
      winners: 3,
      losers: 1,
      unchanged: 1,
      skipped: [
        { reason: 'OTHER_CURRENCY', subscriptions: 1 },
        { reason: 'NO_BILLED_PERIOD', subscriptions: 1 },
      ],
    });
  });

  it('has every period in exactly one of two windows that tile', async () => {
    const january = await world.simulate(tiered, JANUARY, FEBRUARY);
    const february = await world.simulate(tiered, FEBRUARY, MARCH);
    // 20 + 10 | 10 + 20, then 20 + 30 | 10 + 30
    expect(january.customers.steady).toEqual({ billed: '30', simulated: '30', difference: '0' });
    expect(february.customers.steady).toEqual({ billed: '50', simulated: '40', difference: '-10' });
    // A period with a change in it counts as one: 9.68 + 4 + 25.81.
    expect(january.customers.changing).toEqual({ billed: '39.49', simulated: '30', difference: '-9.49' });
    expect(Object.keys(january.customers).sort()).toEqual(['changing', 'even', 'light', 'steady']);
    expect(Object.keys(february.customers).sort()).toEqual(['changing', 'even', 'light', 'steady', 'trying']);
  });

  it('leaves out what has not been billed yet, however far the window reaches', async () => {
    const { customers } = await world.simulate(tiered, '2025-06-01T00:00:00Z', '2027-01-01T00:00:00Z');
    expect(customers.steady).toEqual({ billed: '80', simulated: '70', difference: '-10' });
  });

  it('covers the same time under a plan with another interval', async () => {
    const plan = (lookupKey: string, billingInterval: string, charge: Record<string, unknown>) =>
      world.plan({ lookupKey, type: 'FIXED', billingInterval, charges: [charge] });
    const yearly = await plan('yearly', 'YEAR', monthly('365', inAdvance));
    const weekly = await plan('weekly', 'WEEK', monthly('7'));
    for (const id of [yearly, weekly]) {
      const { customers } = await world.simulate(id, JANUARY, MARCH);
      // January 1st to March 1st is 59 days: 365 less 306/365 of it; eight weeks and 3/7 of one.
      expect(customers.steady.simulated).toBe('59');
      expect(customers.changing.simulated).toBe('59');
      // From the trial's end on: 28 days.
      expect(customers.trying.simulated).toBe('28');
    }
  });

  it('takes an archived version, and customers by id', async () => {
    await app.api.query(`mutation ($id: ID!) { archivePlan(id: $id) { id } }`, { id: tiered });
    const { customers, totals } = await world.simulate(tiered, JANUARY, MARCH, [ids.light, ids.stranger, ids.light]);
    expect(customers).toEqual({ light: { billed: '3', simulated: '26', difference: '23' } });
    expect(totals).toMatchObject({ customers: 1, losers: 1, skipped: [] });
    expect((await world.simulate(tiered, JANUARY, MARCH, [])).totals).toMatchObject({
      customers: 0,
      billed: '0',
      simulated: '0',
    });
  });

  it('does not count what was voided, and counts what was drafted in its place once', async () => {
    const [, february] = await world.invoices(subscriptions.even);
    const voidInvoice = (id: string, reissue: boolean) =>
      app.api.query(`mutation ($id: ID!, $reissue: Boolean) { voidInvoice(id: $id, reissue: $reissue) { id } }`, { id, reissue });
    const even = async () => (await world.simulate(tiered, JANUARY, MARCH, [ids.even])).customers.even;
    await voidInvoice(february.id, true);
    expect(await even()).toEqual({ billed: '60', simulated: '60', difference: '0' });
    const [january] = await world.invoices(subscriptions.even);
    await voidInvoice(january.id, false);
    // January's 20; its 10 of late usage stood on February's invoice.
    expect(await even()).toEqual({ billed: '40', simulated: '60', difference: '20' });
  });
});
