import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('billing periods', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const fixed = (
      lookupKey: string,
      amount: string,
      input: Record<string, unknown> = {},
      charge: Record<string, unknown> = {},
    ) => world.plan({ lookupKey, type: 'FIXED', charges: [flat(amount, charge)], ...input });
    await fixed('thirty', '30');
    await fixed('prepaid', '30', {}, IN_ADVANCE);
    await fixed('daily', '1', { billingInterval: 'DAY' });
    await fixed('weekly', '7', { billingInterval: 'WEEK' });
    await fixed('every-two-weeks', '14', { billingInterval: 'WEEK', intervalCount: 2 });
    await fixed('quarterly', '90', { intervalCount: 3 });
    await fixed('yearly', '365', { billingInterval: 'YEAR' });
    await fixed('hours-of-march', '743');
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({ lookupKey: 'calls', type: 'USAGE', charges: [perUnit(calls, '1')] });
  });
  afterAll(() => app.close());

  describe('of the calendar', () => {
    it('begin with a stub: 30 × 17/31 = 16.45', async () => {
      const ada = await Story.subscribed(world, '2026-01-15T10:30:00Z', 'thirty', { alignment: 'CALENDAR' });
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 16.45: Base 2026-01-15T10:30/2026-02-01 16.45',
        'OPEN 30: Base 2026-02-01/2026-03-01 30',
      ]);
    });

    it('are the same in advance', async () => {
      const ada = await Story.subscribed(world, '2026-01-15T10:30:00Z', 'prepaid', { alignment: 'CALENDAR' });
      expect(await ada.ledger()).toEqual(['DRAFT 16.45: Base 2026-01-15T10:30/2026-02-01 16.45']);
      await ada.travel('2026-02-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 16.45: Base 2026-01-15T10:30/2026-02-01 16.45',
        'OPEN 30: Base 2026-02-01/2026-03-01 30',
      ]);
    });

    it('charge a stub in full where nothing is prorated, and by the second where the subscription says so', async () => {
      const ada = await Story.subscribed(world, '2026-01-15T12:00:00Z', 'thirty', { alignment: 'CALENDAR', proration: 'NONE' });
      const bob = await Story.subscribed(world, '2026-01-15T12:00:00Z', 'thirty', { alignment: 'CALENDAR', proration: 'SECOND' });
      await ada.travel('2026-02-02T00:00:00Z');
      await bob.travel('2026-02-02T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 30: Base 2026-01-15T12:00/2026-02-01 30']);
      // 16.5 of 31 days: 15.967…
      expect(await bob.ledger()).toEqual(['OPEN 15.97: Base 2026-01-15T12:00/2026-02-01 15.97']);
    });

    it('begin weeks on Monday, quarters in January, years on January 1st', async () => {
      // A Wednesday: five of the seven days are left.
      const ada = await Story.subscribed(world, '2026-01-07T00:00:00Z', 'weekly', { alignment: 'CALENDAR' });
      await ada.travel('2026-01-20T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 5: Base 2026-01-07/2026-01-12 5', 'OPEN 7: Base 2026-01-12/2026-01-19 7']);
      // February 10 to April 1 are 19 + 31 = 50 of the quarter's 90 days.
      const bob = await Story.subscribed(world, '2026-02-10T00:00:00Z', 'quarterly', { alignment: 'CALENDAR' });
      await bob.travel('2026-07-02T00:00:00Z');
      expect(await bob.ledger()).toEqual(['OPEN 50: Base 2026-02-10/2026-04-01 50', 'OPEN 90: Base 2026-04-01/2026-07-01 90']);
      // December has 31 of the year's 365 days.
      const eve = await Story.subscribed(world, '2026-12-01T00:00:00Z', 'yearly', { alignment: 'CALENDAR' });
      await eve.travel('2027-01-02T00:00:00Z');
      expect(await eve.ledger()).toEqual(['OPEN 31: Base 2026-12-01/2027-01-01 31']);
    });
  });

  describe('of the anniversary', () => {
    it('remember the 31st through shorter months', async () => {
      const ada = await Story.subscribed(world, '2026-01-31T00:00:00Z', 'thirty');
      await ada.travel('2026-06-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 30: Base 2026-01-31/2026-02-28 30',
        'OPEN 30: Base 2026-02-28/2026-03-31 30',
        'OPEN 30: Base 2026-03-31/2026-04-30 30',
        'OPEN 30: Base 2026-04-30/2026-05-31 30',
      ]);
    });

    it('remember February 29 through four years', async () => {
      const ada = await Story.subscribed(world, '2024-02-29T00:00:00Z', 'yearly');
      await ada.travel('2028-03-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 365: Base 2024-02-29/2025-02-28 365',
        'OPEN 365: Base 2025-02-28/2026-02-28 365',
        'OPEN 365: Base 2026-02-28/2027-02-28 365',
        'OPEN 365: Base 2027-02-28/2028-02-29 365',
      ]);
    });

    it('count days, fortnights and quarters from the start', async () => {
      const ada = await Story.subscribed(world, '2026-02-27T06:00:00Z', 'daily');
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 1: Base 2026-02-27T06:00/2026-02-28T06:00 1',
        'OPEN 1: Base 2026-02-28T06:00/2026-03-01T06:00 1',
      ]);
      const bob = await Story.subscribed(world, '2025-12-24T00:00:00Z', 'every-two-weeks');
      await bob.travel('2026-01-22T00:00:00Z');
      expect(await bob.ledger()).toEqual(['OPEN 14: Base 2025-12-24/2026-01-07 14', 'OPEN 14: Base 2026-01-07/2026-01-21 14']);
      const eve = await Story.subscribed(world, '2025-11-30T00:00:00Z', 'quarterly');
      await eve.travel('2026-09-01T00:00:00Z');
      expect(await eve.ledger()).toEqual([
        'OPEN 90: Base 2025-11-30/2026-02-28 90',
        'OPEN 90: Base 2026-02-28/2026-05-30 90',
        'OPEN 90: Base 2026-05-30/2026-08-30 90',
      ]);
    });
  });

  describe('through an explicit anchor', () => {
    it('lie on it whether it is past or to come, and begin with a stub', async () => {
      // January 20 to February 10: 21 of the 31 days from January 10. 30 × 21/31 = 20.32.
      const ada = await Story.subscribed(world, '2026-01-20T00:00:00Z', 'thirty', { billingAnchor: '2026-01-10T00:00:00Z' });
      await ada.travel('2026-03-11T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 20.32: Base 2026-01-20/2026-02-10 20.32',
        'OPEN 30: Base 2026-02-10/2026-03-10 30',
      ]);
      // Backwards from March 31: February 28, January 31. February 10 to 28: 18 of 28 days. 30 × 18/28 = 19.29.
      const bob = await Story.subscribed(world, '2026-02-10T00:00:00Z', 'thirty', { billingAnchor: '2026-03-31T00:00:00Z' });
      await bob.travel('2026-05-01T00:00:00Z');
      expect(await bob.ledger()).toEqual([
        'OPEN 19.29: Base 2026-02-10/2026-02-28 19.29',
        'OPEN 30: Base 2026-02-28/2026-03-31 30',
        'OPEN 30: Base 2026-03-31/2026-04-30 30',
      ]);
    });

    it('cut the first period after a trial', async () => {
      // The trial ends on January 20; January 20 to 25 are 5 of the 31 days from December 25: 30 × 5/31 = 4.84.
      const ada = await Story.subscribed(world, '2026-01-06T00:00:00Z', 'thirty', {
        trialEnd: '2026-01-20T00:00:00Z',
        billingAnchor: '2026-01-25T00:00:00Z',
      });
      await ada.travel('2026-01-26T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 4.84: Base 2026-01-20/2026-01-25 4.84']);
    });

    it('are refused with the calendar', async () => {
      const ada = await Story.begin(world, '2026-01-01T00:00:00Z');
      const { extensions } = await app.api.failure(
        `mutation ($input: CreateSubscriptionInput!) { createSubscription(input: $input) { id } }`,
        {
          input: {
            customerExternalId: ada.customer,
            planLookupKey: 'thirty',
            alignment: 'CALENDAR',
            billingAnchor: '2026-01-10T00:00:00Z',
          },
        },
      );
      expect(extensions).toMatchObject({ code: 'VALIDATION_FAILED', field: 'billingAnchor' });
    });
  });

  describe('that begin elsewhere than now', () => {
    it('in the past: every missed period is billed, oldest first, and has its review window from now on', async () => {
      const ada = await Story.subscribed(world, '2026-04-10T00:00:00Z', 'thirty', { startAt: '2026-01-15T00:00:00Z' });
      expect(await ada.ledger()).toEqual(['DRAFT 30: Base 2026-01-15/2026-02-15 30', 'DRAFT 30: Base 2026-02-15/2026-03-15 30']);
      expect(await ada.state()).toBe('ACTIVE thirty 2026-03-15/2026-04-15');
      await ada.travel('2026-04-10T00:59:59Z');
      expect((await ada.invoices()).map(({ status }) => status)).toEqual(['DRAFT', 'DRAFT']);
      await ada.travel('2026-04-10T01:00:00Z');
      expect((await ada.invoices()).map(({ status }) => status)).toEqual(['OPEN', 'OPEN']);
    });

    it('in the future: nothing happens until then', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid', { startAt: '2026-01-10T00:00:00Z' });
      expect(await ada.state()).toBe('PENDING prepaid 2026-01-10/2026-02-10');
      await ada.travel('2026-01-09T23:59:59Z');
      expect(await ada.ledger()).toEqual([]);
      await ada.travel('2026-01-10T00:00:00Z');
      expect(await ada.ledger()).toEqual(['DRAFT 30: Base 2026-01-10/2026-02-10 30']);
      expect(await ada.transitions()).toEqual(['2026-01-01 >PENDING api_key', '2026-01-10 PENDING>ACTIVE system']);
    });
  });

  describe('in time zones', () => {
    it('end at local midnight, and count local days', async () => {
      // Midnight of March 15 in Berlin, still on winter time, to that of April 1, on summer time: 17 of 31 days.
      const ada = await Story.subscribed(
        world,
        '2026-03-14T23:00:00Z',
        'thirty',
        { alignment: 'CALENDAR' },
        { timeZone: 'Europe/Berlin' },
      );
      await ada.travel('2026-04-01T12:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 16.45: Base 2026-03-14T23:00/2026-03-31T22:00 16.45']);
      expect(await ada.state()).toBe('ACTIVE thirty 2026-03-31T22:00/2026-04-30T22:00');
    });

    it('measure the hour that a change of the clocks takes', async () => {
      // Berlin's March has 31 × 24 − 1 = 743 hours; 17 × 24 − 1 = 407 of them follow midnight of the 15th.
      const input = { alignment: 'CALENDAR', proration: 'SECOND' };
      const ada = await Story.subscribed(world, '2026-03-14T23:00:00Z', 'hours-of-march', input, { timeZone: 'Europe/Berlin' });
      await ada.travel('2026-04-01T12:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 407: Base 2026-03-14T23:00/2026-03-31T22:00 407']);
    });

    it('keep the wall clock, the later instant in a gap, the earlier one in an overlap', async () => {
      // 02:30 in New York: there is none on March 8, so 03:30 summer time, which is 07:30 UTC; on April 8 it is 06:30 UTC.
      const ada = await Story.subscribed(world, '2026-02-08T07:30:00Z', 'thirty', {}, { timeZone: 'America/New_York' });
      await ada.travel('2026-04-09T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 30: Base 2026-02-08T07:30/2026-03-08T07:30 30',
        'OPEN 30: Base 2026-03-08T07:30/2026-04-08T06:30 30',
      ]);
      // 01:30 on November 1 comes twice, at 05:30 and at 06:30 UTC.
      const bob = await Story.subscribed(world, '2026-10-01T05:30:00Z', 'thirty', {}, { timeZone: 'America/New_York' });
      await bob.travel('2026-12-02T00:00:00Z');
      expect(await bob.ledger()).toEqual([
        'OPEN 30: Base 2026-10-01T05:30/2026-11-01T05:30 30',
        'OPEN 30: Base 2026-11-01T05:30/2026-12-01T06:30 30',
      ]);
    });

    it('part usage at the same instant', async () => {
      const ada = await Story.subscribed(
        world,
        '2026-02-28T23:00:00Z',
        'calls',
        { alignment: 'CALENDAR' },
        { timeZone: 'Europe/Berlin' },
      );
      await ada.travel('2026-03-31T22:10:00Z');
      await ada.use('calls', '2026-03-31T21:59:59.999999Z', '1');
      await ada.use('calls', '2026-03-31T22:00:00Z', '2');
      await ada.travel('2026-05-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 1: Calls 1 2026-02-28T23:00/2026-03-31T22:00 1',
        'OPEN 2: Calls 2 2026-03-31T22:00/2026-04-30T22:00 2',
      ]);
    });
  });
});
