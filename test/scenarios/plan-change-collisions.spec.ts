import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Plan changes that meet something else: another change, a boundary, a trial, a pause, a cancellation. */
describe('a plan change', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const fixed = (lookupKey: string, amount: string, charge = {}, plan = {}) =>
      world.plan({ lookupKey, type: 'FIXED', charges: [flat(amount, charge)], ...plan });
    // 31, 62 and 93 a month: in January, one, two and three a day.
    await fixed('small', '31');
    await fixed('large', '62');
    await fixed('small-prepaid', '31', IN_ADVANCE);
    await fixed('large-prepaid', '62', IN_ADVANCE);
    await fixed('huge-prepaid', '93', IN_ADVANCE);
    await fixed('yearly', '365', {}, { billingInterval: 'YEAR' });
    await fixed('two-weekly', '14', {}, { billingInterval: 'WEEK', intervalCount: 2 });
    await world.plan({ lookupKey: 'trial', type: 'USAGE', trialDays: 14, charges: [perUnit(calls, '1')] });
  });
  afterAll(() => app.close());

  describe('on the instant of another', () => {
    it('undone costs nothing and leaves no trace', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      await bob.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      await ada.changePlan('small-prepaid');
      await bob.changePlan('large');
      await bob.changePlan('small');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
      expect(await bob.ledger()).toEqual([]);
      await bob.travel('2026-02-01T02:00:00Z');
      expect(await bob.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
    });

    it('undone after its credit was given, charges the credit again', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'large-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('small-prepaid');
      expect(await ada.balance()).toBe('21');
      await ada.changePlan('large-prepaid');
      await ada.travel('2026-01-12T00:00:00Z');
      expect(await ada.balance()).toBe('0');
      expect((await ada.invoices()).map(({ total, creditsApplied, status }) => [status, total, creditsApplied])).toEqual([
        ['OPEN', '62', '0'],
        ['PAID', '0', '0'],
        ['PAID', '21', '21'],
      ]);
    });

    it('counts alone', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      await ada.changePlan('huge-prepaid');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'DRAFT 42: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 63',
      ]);
    });

    it('credits what the first was billed, if that was finalized in between', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      await world.finalize((await ada.latestInvoice()).id);
      await ada.changePlan('huge-prepaid');
      // 31 − 21 + 63 = 73 in all.
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42',
        'DRAFT 21: Base 2026-01-11/2026-02-01 63 + CREDIT Base 2026-01-11/2026-02-01 -42',
      ]);
    });

    it('at the very start is a start with the other plan', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.changePlan('two-weekly');
      await ada.changePlan('large-prepaid');
      expect(await ada.ledger()).toEqual(['DRAFT 62: Base 2026-01-01/2026-02-01 62']);
    });
  });

  describe('on a boundary', () => {
    it('prorates nothing', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-02-01T00:00:00Z');
      await bob.travel('2026-02-01T00:00:00Z');
      await ada.changePlan('large');
      await bob.changePlan('large-prepaid');
      await ada.travel('2026-03-01T02:00:00Z');
      await bob.travel('2026-02-01T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31', 'OPEN 62: Base 2026-02-01/2026-03-01 62']);
      expect(await bob.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31', 'OPEN 62: Base 2026-02-01/2026-03-01 62']);
    });

    it('replaces a change that was scheduled for it', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.changePlan('large-prepaid', 'PERIOD_END');
      await ada.travel('2026-02-01T00:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe('DRAFT 62: Base 2026-02-01/2026-03-01 62');
      await ada.changePlan('huge-prepaid');
      expect((await ada.ledger()).slice(1)).toEqual(['DRAFT 93: Base 2026-02-01/2026-03-01 93']);
    });
  });

  describe('in a trial', () => {
    it('bills nothing, and the trial ends when it would have', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'trial');
      await ada.travel('2026-01-10T00:00:00Z');
      await ada.use('calls', '2026-01-09T00:00:00Z', '100');
      await ada.changePlan('small-prepaid');
      expect(await ada.ledger()).toEqual([]);
      expect(await ada.state()).toBe('TRIAL small-prepaid 2026-01-10/2026-01-15');
      await ada.travel('2026-01-15T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-15/2026-02-15 31']);
    });

    it("at its end begins with the new plan's interval", async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'trial');
      await ada.changePlan('two-weekly', 'PERIOD_END');
      expect(await ada.state()).toBe('TRIAL trial 2026-01-01/2026-01-15');
      await ada.travel('2026-01-29T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 14: Base 2026-01-15/2026-01-29 14']);
      expect(await ada.transitions()).toEqual(['2026-01-01 >TRIAL api_key', '2026-01-15 TRIAL>ACTIVE system']);
    });
  });

  it('before the start is what the subscription starts with', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small', { startAt: '2026-02-01T00:00:00Z' });
    await ada.changePlan('yearly');
    expect(await ada.state()).toBe('PENDING yearly 2026-02-01/2027-02-01');
    await ada.changePlan('large-prepaid');
    await ada.travel('2026-02-01T00:00:00Z');
    expect(await ada.ledger()).toEqual(['DRAFT 62: Base 2026-02-01/2026-03-01 62']);
  });

  describe('in a pause', () => {
    it('holds from the resumption on, in the periods of the original anchor', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.pause();
      await ada.travel('2026-01-15T00:00:00Z');
      await ada.changePlan('large', 'PERIOD_END');
      expect(await ada.state()).toMatch(/^PAUSED large/);
      await ada.travel('2026-01-21T00:00:00Z');
      await ada.resume();
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10', 'OPEN 22: Base 2026-01-21/2026-02-01 22']);
    });

    it('to another interval anchors it at the change', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.pause();
      await ada.travel('2026-01-15T00:00:00Z');
      await ada.changePlan('two-weekly');
      await ada.travel('2026-01-21T00:00:00Z');
      await ada.resume();
      await ada.travel('2026-02-12T02:00:00Z');
      // January 15 to 29 is a fortnight, of which 8 days are left.
      expect(await ada.ledger()).toEqual([
        'OPEN 10: Base 2026-01-01/2026-01-11 10',
        'OPEN 8: Base 2026-01-21/2026-01-29 8',
        'OPEN 14: Base 2026-01-29/2026-02-12 14',
      ]);
    });

    it('that was scheduled takes place in it', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.changePlan('large', 'PERIOD_END');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.pause();
      await ada.travel('2026-02-15T00:00:00Z');
      expect(await ada.state()).toMatch(/^PAUSED large/);
      await ada.resume();
      await ada.travel('2026-03-01T02:00:00Z');
      // 14 of February's 28 days.
      expect((await ada.ledger()).at(-1)).toBe('OPEN 31: Base 2026-02-15/2026-03-01 31');
    });
  });

  describe('while a cancellation is scheduled', () => {
    it('now: the cancellation stays', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.cancel('PERIOD_END');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      await ada.travel('2026-04-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42',
      ]);
      expect((await ada.transitions()).at(-1)).toBe('2026-02-01 PAST_DUE>CANCELED system');
    });

    it('now, to another interval: the new period ends with the cancellation', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.cancel('PERIOD_END');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('yearly');
      await ada.travel('2026-04-01T00:00:00Z');
      // 21 of the year's 365 days.
      expect(await ada.ledger()).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10', 'OPEN 21: Base 2026-01-11/2026-02-01 21']);
    });

    it('at period end is refused', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.cancel('PERIOD_END');
      const input = { planId: await world.planId('large'), timing: 'PERIOD_END' };
      expect(await ada.refusal('changePlan', input, 'ChangePlanInput')).toMatchObject({ code: 'CONFLICT', field: 'timing' });
    });

    it('gives way to a cancellation at the same period end', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.changePlan('large', 'PERIOD_END');
      await ada.cancel('PERIOD_END');
      await ada.undoCancellation();
      await ada.travel('2026-03-01T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31', 'OPEN 31: Base 2026-02-01/2026-03-01 31']);
    });
  });
});
