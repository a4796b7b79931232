import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('time', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let world: BillingWorld;

  async function createPlans(of: BillingWorld): Promise<void> {
    const calls = await of.meter({ name: 'calls', aggregation: 'SUM' });
    await of.plan({ lookupKey: 'basic', type: 'FIXED', charges: [flat('31')] });
    await of.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    await of.plan({ lookupKey: 'daily', type: 'FIXED', billingInterval: 'DAY', charges: [flat('1')] });
    await of.plan({ lookupKey: 'weekly', type: 'FIXED', billingInterval: 'WEEK', charges: [flat('7')] });
    const charges = [
      flat('12.34'),
      flat('31', { ...IN_ADVANCE, displayName: 'Seat' }),
      perUnit(calls, '0.1', { minimumAmount: '5' }),
    ];
    await of.plan({ lookupKey: 'mixed', type: 'HYBRID', trialDays: 10, charges });
    await of.plan({ lookupKey: 'yearly', type: 'FIXED', billingInterval: 'YEAR', charges: [flat('365', IN_ADVANCE)] });
  }

  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    await createPlans(world);
  });
  afterAll(() => app.close());

  describe('on a test clock', () => {
    /** Everything that the customer's invoices and states say, but the ids and numbers. */
    const history = async (story: Story): Promise<unknown> => {
      const { invoices } = await app.api.query<{ invoices: { nodes: unknown[] } }>(
        `query ($id: ID!) { invoices(subscriptionId: $id, first: 100) { nodes {
           status kind total amountDue creditsApplied periodStart periodEnd createdAt issuedAt dueAt finalizeAt paidAt } } }`,
        { id: story.subscriptionId },
      );
      return [invoices.nodes, await story.ledger(), await story.transitions(), await story.state(), await story.balance()];
    };

    it('a year at once is a year month by month, and a year in odd steps', async () => {
      const start = async (): Promise<Story> => {
        const story = await Story.subscribed(
          world,
          '2026-01-20T15:30:00Z',
          'mixed',
          { alignment: 'CALENDAR' },
          { timeZone: 'Europe/Berlin' },
        );
        await story.travel('2026-02-10T00:00:00Z');
        await story.use('calls', '2026-02-05T00:00:00Z', '123');
        await story.changePlan('yearly', 'PERIOD_END');
        return story;
      };
      const [jumping, walking, stumbling] = [await start(), await start(), await start()];
      await jumping.travel('2027-05-15T00:00:00Z');
      for (let month = 3; month <= 17; month += 1) await walking.travel(new Date(Date.UTC(2026, month - 1, 15)).toISOString());
      for (const at of [
        '2026-02-28T23:00:00Z',
        '2026-02-28T23:59:59Z',
        '2026-03-01T00:00:00Z',
        '2026-03-31T00:00:01Z',
        '2027-05-15T00:00:00Z',
      ])
        await stumbling.travel(at);
      const expected = await history(jumping);
      expect(await history(walking)).toEqual(expected);
      expect(await history(stumbling)).toEqual(expected);
      // The trial ends on January 30 at 15:30, a day and a half before February: 12.34 × 2/31 = 0.80, 31 × 2/31 = 2, 5 × 2/31 = 0.32.
      expect(await jumping.ledger()).toEqual([
        'OPEN 2: Seat 2026-01-30T15:30/2026-01-31T23:00 2',
        'OPEN 32.12: Base 2026-01-30T15:30/2026-01-31T23:00 0.8 + Calls 0 2026-01-30T15:30/2026-01-31T23:00 0.32 + Seat 2026-01-31T23:00/2026-02-28T23:00 31',
        // From the local March 1 the calendar year: 306 of its 365 days are left.
        'OPEN 330.64: Base 2026-01-31T23:00/2026-02-28T23:00 12.34 + Calls 123 2026-01-31T23:00/2026-02-28T23:00 12.3 + Base 2026-02-28T23:00/2026-12-31T23:00 306',
        'OPEN 365: Base 2026-12-31T23:00/2027-12-31T23:00 365',
      ]);
    });

    it('goes forward only, and standing still changes nothing', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
      await ada.travel('2026-02-01T00:00:00Z');
      const before = await history(ada);
      await ada.travel('2026-02-01T00:00:00Z');
      await ada.travel('2026-02-01T00:00:00Z');
      expect(await history(ada)).toEqual(before);
      const { extensions } = await app.api.failure(
        `mutation ($id: ID!) { advanceTestClock(id: $id, to: "2026-01-31T23:59:59Z") { id } }`,
        {
          id: ada.clockId,
        },
      );
      expect(extensions).toMatchObject({ code: 'VALIDATION_FAILED', field: 'to' });
    });

    it('moves those who are on it, and nobody else', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
      await ada.travel('2026-06-01T00:00:00Z');
      expect(await bob.ledger()).toEqual([]);
      await app.workers.generateInvoices();
      expect(await bob.ledger()).toEqual([]);
    });
  });

  describe('of the scheduled runs', () => {
    /** A customer without a test clock: their time is everybody's. */
    async function subscribe(plan: string): Promise<{ id: string; totals: () => Promise<string[]> }> {
      const customer = `real-${plan}-${clock.now().getTime()}`;
      await world.customer(customer);
      const id = await world.subscribe(customer, plan);
      return {
        id,
        totals: async () =>
          (await world.invoices(id)).map(({ status, total, periodEnd }) => `${status} ${total} ${periodEnd?.slice(0, 10)}`),
      };
    }

    it('may be late: missed periods are billed one by one, and each draft has its review window from the run on', async () => {
      clock.set('2026-01-01T00:00:00Z');
      const { id, totals } = await subscribe('basic');
      clock.set('2026-04-10T08:00:00Z');
      await app.workers.finalizeInvoices();
      await app.workers.generateInvoices();
      await app.workers.generateInvoices();
      await app.workers.finalizeInvoices();
      expect(await totals()).toEqual(['DRAFT 31 2026-02-01', 'DRAFT 31 2026-03-01', 'DRAFT 31 2026-04-01']);
      clock.set('2026-04-10T08:59:59Z');
      await app.workers.finalizeInvoices();
      expect((await totals())[0]).toBe('DRAFT 31 2026-02-01');
      clock.set('2026-04-10T09:00:00Z');
      await app.workers.finalizeInvoices();
      await app.workers.finalizeInvoices();
      expect(await totals()).toEqual(['OPEN 31 2026-02-01', 'OPEN 31 2026-03-01', 'OPEN 31 2026-04-01']);
      clock.set('2026-05-10T09:00:00Z');
      await app.workers.scanOverdue();
      expect(await world.subscription(id, 'status')).toEqual({ status: 'PAST_DUE' });
    });

    it('may be late for a decision: what fell due before it is billed first', async () => {
      clock.set('2026-06-01T00:00:00Z');
      const { id, totals } = await subscribe('basic');
      clock.set('2026-08-11T00:00:00Z');
      await world.cancel(id, 'IMMEDIATE');
      // June, July, and 10 of August's 31 days.
      expect(await totals()).toEqual(['DRAFT 31 2026-07-01', 'DRAFT 31 2026-08-01', 'DRAFT 10 2026-08-11']);
      await app.workers.generateInvoices();
      expect(await totals()).toHaveLength(3);
    });

    it('may be late for the second in which a period ends: a decision is about the one that begins', async () => {
      clock.set('2026-11-01T00:00:00Z');
      const [canceling, canceled] = [await subscribe('basic'), await subscribe('prepaid')];
      await world.cancel(canceled.id, 'PERIOD_END');
      clock.set('2026-12-01T00:00:00Z');
      await world.cancel(canceling.id, 'PERIOD_END');
      const { extensions } = await app.api.failure(`mutation ($id: ID!) { undoCancellation(id: $id) { id } }`, {
        id: canceled.id,
      });
      expect(extensions.code).toBe('INVALID_TRANSITION');
      clock.set('2027-02-01T00:00:00Z');
      await app.workers.generateInvoices();
      expect(await canceling.totals()).toEqual(['DRAFT 31 2026-12-01', 'DRAFT 31 2027-01-01']);
      expect(await canceled.totals()).toEqual(['DRAFT 31 2026-12-01']);
    });

    it('may be late for the start: the trial and all that followed it is caught up', async () => {
      clock.set('2026-09-01T00:00:00Z');
      await world.customer('late-start');
      const id = await world.subscribe('late-start', 'mixed', { startAt: '2026-09-10T00:00:00Z' });
      clock.set('2026-10-25T00:00:00Z');
      await app.workers.generateInvoices();
      const { transitions } = await world.subscription<{ transitions: { to: string; at: string }[] }>(
        id,
        'transitions { to at }',
      );
      expect(transitions.map(({ to, at }) => `${at.slice(0, 10)} ${to}`)).toEqual([
        '2026-09-01 PENDING',
        '2026-09-10 TRIAL',
        '2026-09-20 ACTIVE',
      ]);
      expect((await world.invoices(id)).map(({ total }) => total)).toEqual(['31', '48.34']);
    });
  });

  it('of the scheduled runs may be so late that a decision has to wait, which would skip what is still to be billed', async () => {
    clock.set('2020-01-01T00:00:00Z');
    await world.customer('daily');
    const id = await world.subscribe('daily', 'daily');
    clock.set('2021-03-01T00:00:00Z');
    const mutation = `mutation ($id: ID!) { cancelSubscription(id: $id, input: { timing: IMMEDIATE }) { id } }`;
    expect((await app.api.failure(mutation, { id })).extensions.code).toBe('CONFLICT');
    expect(await world.invoices(id)).toEqual([]);
    expect(await world.subscription(id, 'status')).toEqual({ status: 'ACTIVE' });
  });

  describe('on invoice numbers', () => {
    it('begins a sequence each year, without gaps, per organization', async () => {
      const api = await app.addOrganization('sk_test_numbers0123456789abcdefghi');
      const other = new BillingWorld(api);
      await createPlans(other);
      const ada = await Story.subscribed(other, '2026-12-10T00:00:00Z', 'weekly');
      await ada.travel('2026-12-17T00:30:00Z');
      // Neither a deleted draft nor one voided in review takes a number.
      await other.deleteDraft((await ada.latestInvoice()).id);
      await ada.travel('2026-12-24T00:30:00Z');
      await other.void((await ada.latestInvoice()).id);
      await ada.travel('2027-01-15T00:00:00Z');
      await other.void((await ada.invoices())[0].id, { reissue: true });
      await ada.travel('2027-01-16T00:00:00Z');
      expect(
        (await ada.invoices()).map(({ status, number, periodEnd }) => `${periodEnd?.slice(0, 10)} ${status} ${number}`),
      ).toEqual([
        '2026-12-17 VOID INV-2026-0001',
        '2026-12-24 VOID null',
        '2026-12-31 OPEN INV-2026-0002',
        '2027-01-07 OPEN INV-2027-0001',
        '2027-01-14 OPEN INV-2027-0002',
        '2026-12-17 OPEN INV-2027-0003',
      ]);
    });

    it('counts the year of the issue, not of the period', async () => {
      const api = await app.addOrganization('sk_test_newyear0123456789abcdefghi');
      const other = new BillingWorld(api);
      await createPlans(other);
      // Its second week ends half an hour before the year does, and is issued half an hour after.
      const ada = await Story.subscribed(other, '2026-12-17T23:30:00Z', 'weekly');
      await ada.travel('2027-01-02T00:00:00Z');
      expect((await ada.invoices()).map(({ number }) => number)).toEqual(['INV-2026-0001', 'INV-2027-0001']);
    });
  });
});
