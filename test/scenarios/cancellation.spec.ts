import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('cancellation', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    // 31 a month: in January, one a day.
    await world.plan({ lookupKey: 'basic', type: 'HYBRID', charges: [flat('31'), perUnit(calls, '0.1')] });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    await world.plan({ lookupKey: 'prepaid-30', type: 'FIXED', charges: [flat('30', IN_ADVANCE)] });
  });
  afterAll(() => app.close());

  describe('now', () => {
    it('ends with a final draft: the days so far, and the usage so far', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
      await ada.travel('2026-01-11T09:00:00Z');
      await ada.use('calls', '2026-01-05T00:00:00Z', '50');
      await ada.cancel('IMMEDIATE', 'Too dear');
      // The 11th belongs to what comes after: ten days.
      expect(await ada.ledger()).toEqual([
        'DRAFT 15: Base 2026-01-01/2026-01-11T09:00 10 + Calls 50 2026-01-01/2026-01-11T09:00 5',
      ]);
      expect(await ada.state()).toBe('CANCELED basic 2026-01-01/2026-01-11T09:00');

      // In the review window: what was used before the end counts, what is used after it does not.
      await ada.travel('2026-01-11T09:30:00Z');
      await ada.use('calls', '2026-01-11T08:59:59Z', '20');
      await ada.use('calls', '2026-01-11T09:00:00Z', '1000');
      await ada.travel('2026-06-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 17: Base 2026-01-01/2026-01-11T09:00 10 + Calls 70 2026-01-01/2026-01-11T09:00 7',
      ]);
      expect(await ada.transitions()).toEqual([
        '2026-01-01 >ACTIVE api_key',
        '2026-01-11T09:00 ACTIVE>CANCELED api_key: Too dear',
      ]);
    });

    it('credits the part that was paid in advance and is not used', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel();
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'PAID 0: CREDIT Base 2026-01-11/2026-02-01 -21 + BALANCE 21',
      ]);
      expect(await ada.balance()).toBe('21');
    });

    it('credits a share of what the stub was billed, which is not the price', async () => {
      // A stub of 17 days at 30 × 17/31 = 16.45; ten of its days are not used: 16.45 × 10/17 = 9.676.
      const ada = await Story.subscribed(world, '2026-01-15T00:00:00Z', 'prepaid-30', { alignment: 'CALENDAR' });
      await ada.travel('2026-01-22T00:00:00Z');
      await ada.cancel();
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: CREDIT Base 2026-01-22/2026-02-01 -9.68 + BALANCE 9.68');
    });

    it('credits by the second, or nothing, where the subscription says so', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid', { proration: 'SECOND' });
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid', { proration: 'NONE' });
      const eve = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic', { proration: 'NONE' });
      for (const story of [ada, bob, eve]) {
        await story.travel('2026-01-11T12:00:00Z');
        await story.cancel();
      }
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: CREDIT Base 2026-01-11T12:00/2026-02-01 -20.5 + BALANCE 20.5');
      expect(await bob.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
      expect(await eve.ledger()).toEqual([
        'DRAFT 31: Base 2026-01-01/2026-01-11T12:00 31 + Calls 0 2026-01-01/2026-01-11T12:00 0',
      ]);
    });

    it('in the review window of the first invoice comes to nothing', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-01T00:30:00Z');
      await ada.cancel();
      await ada.travel('2026-01-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'PAID 31 less 31: Base 2026-01-01/2026-02-01 31',
        'PAID 0: CREDIT Base 2026-01-01T00:30/2026-02-01 -31 + BALANCE 31',
      ]);
      expect(await ada.balance()).toBe('0');
    });

    it('at the very start takes the first draft back', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.cancel();
      expect(await ada.ledger()).toEqual([]);
      expect(await ada.state()).toMatch(/^CANCELED/);
    });

    it('on a boundary bills the period that has ended and not the one that begins', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      for (const story of [ada, bob]) {
        await story.travel('2026-02-01T00:00:00Z');
        await story.cancel();
        await story.travel('2026-04-01T00:00:00Z');
      }
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31 + Calls 0 2026-01-01/2026-02-01 0']);
      expect(await bob.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
    });

    it('on a boundary credits all of a period that was finalized that instant', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-02-01T00:00:00Z');
      await world.finalize((await ada.latestInvoice()).id);
      await ada.cancel();
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 31: Base 2026-02-01/2026-03-01 31',
        'PAID 0: CREDIT Base 2026-02-01/2026-03-01 -31 + BALANCE 31',
      ]);
    });

    it('before the start leaves nothing behind', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid', { startAt: '2026-02-01T00:00:00Z' });
      await ada.travel('2026-01-10T00:00:00Z');
      await ada.cancel('PERIOD_END');
      expect(await ada.transitions()).toEqual(['2026-01-01 >PENDING api_key', '2026-01-10 PENDING>CANCELED api_key']);
      await ada.travel('2026-04-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([]);
    });
  });

  describe('at period end', () => {
    it('changes nothing until then, bills the last period whole, and no other', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel('PERIOD_END', 'Moving away');
      expect(await ada.state()).toBe('ACTIVE prepaid 2026-01-01/2026-02-01');
      const flags = 'cancelAtPeriodEnd canceledAt endedAt';
      expect(await world.subscription(ada.subscriptionId, flags)).toEqual({
        cancelAtPeriodEnd: true,
        canceledAt: '2026-01-11T00:00:00.000Z',
        endedAt: null,
      });
      await ada.travel('2026-04-01T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
      expect(await world.subscription(ada.subscriptionId, flags)).toEqual({
        cancelAtPeriodEnd: false,
        canceledAt: '2026-01-11T00:00:00.000Z',
        endedAt: '2026-02-01T00:00:00.000Z',
      });
      expect((await ada.transitions()).at(-1)).toBe('2026-02-01 PAST_DUE>CANCELED system: Moving away');
    });

    it('can be asked for twice, and taken back until then', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
      await ada.cancel('PERIOD_END');
      await ada.cancel('PERIOD_END');
      await ada.travel('2026-01-31T23:59:59Z');
      await ada.undoCancellation();
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31 + Calls 0 2026-01-01/2026-02-01 0',
        'OPEN 31: Base 2026-02-01/2026-03-01 31 + Calls 0 2026-02-01/2026-03-01 0',
      ]);
      expect(await ada.refusal('undoCancellation')).toMatchObject({ code: 'INVALID_TRANSITION' });
    });

    it('gives way to a cancellation now', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.cancel('PERIOD_END');
      await ada.travel('2026-01-21T00:00:00Z');
      await ada.cancel('IMMEDIATE');
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: CREDIT Base 2026-01-21/2026-02-01 -11 + BALANCE 11');
      expect(await ada.refusal('undoCancellation')).toMatchObject({ code: 'INVALID_TRANSITION' });
    });

    it('cannot be taken back once it is over', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.cancel('PERIOD_END');
      await ada.travel('2026-02-01T00:00:00Z');
      expect(await ada.refusal('undoCancellation')).toMatchObject({ code: 'INVALID_TRANSITION' });
    });
  });

  it('is final', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.cancel();
    const before = await ada.transitions();
    for (const timing of ['IMMEDIATE', 'PERIOD_END'])
      expect(await ada.refusal('cancelSubscription', { timing }, 'CancelSubscriptionInput')).toMatchObject({
        code: 'INVALID_TRANSITION',
        details: { from: 'CANCELED', to: 'CANCELED' },
      });
    for (const mutation of ['pauseSubscription', 'resumeSubscription', 'undoCancellation'])
      expect(await ada.refusal(mutation)).toMatchObject({ code: 'INVALID_TRANSITION' });
    expect(await ada.transitions()).toEqual(before);
  });
});
