import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('plan changes', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const fixed = (lookupKey: string, amount: string, charge = {}, plan = {}) =>
      world.plan({ lookupKey, type: 'FIXED', charges: [flat(amount, charge)], ...plan });
    // 31 and 62 a month: in January, one and two a day.
    await fixed('small', '31');
    await fixed('large', '62');
    await fixed('small-prepaid', '31', IN_ADVANCE);
    await fixed('large-prepaid', '62', IN_ADVANCE);
    await fixed('yearly-prepaid', '365', IN_ADVANCE, { billingInterval: 'YEAR' });
    await fixed('daily', '2', {}, { billingInterval: 'DAY' });
    await world.plan({ lookupKey: 'cheap', type: 'USAGE', charges: [perUnit(calls, '1')] });
    await world.plan({ lookupKey: 'dear', type: 'USAGE', charges: [perUnit(calls, '2', { includedUnits: '10' })] });
  });
  afterAll(() => app.close());

  describe('now', () => {
    it('in arrears: the old part comes as a draft at once, the new part with the period', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T10:00:00Z');
      await ada.changePlan('large');
      expect(await ada.ledger()).toEqual(['DRAFT 10: Base 2026-01-01/2026-01-11T10:00 10']);
      expect(await ada.state()).toBe('ACTIVE large 2026-01-11T10:00/2026-02-01');
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 10: Base 2026-01-01/2026-01-11T10:00 10',
        'OPEN 42: Base 2026-01-11T10:00/2026-02-01 42',
        'OPEN 62: Base 2026-02-01/2026-03-01 62',
      ]);
    });

    it('in advance: what is not used is credited, the new part charged, on one draft', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42',
        'OPEN 62: Base 2026-02-01/2026-03-01 62',
      ]);
    });

    it('to a cheaper plan: the credit is kept and pays for the next period', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'large-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('small-prepaid');
      expect(await ada.balance()).toBe('21');
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 62: Base 2026-01-01/2026-02-01 62',
        'PAID 0: CREDIT Base 2026-01-11/2026-02-01 -42 + Base 2026-01-11/2026-02-01 21 + BALANCE 21',
        'OPEN 31 less 21: Base 2026-02-01/2026-03-01 31',
      ]);
    });

    it('rates each side of the change under its own price', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'cheap');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.use('calls', '2026-01-10T23:59:59Z', '15');
      await ada.changePlan('dear');
      await ada.use('calls', '2026-01-11T00:00:00Z', '15');
      await ada.travel('2026-02-01T02:00:00Z');
      // 15 × 1, then (15 − 10) × 2: the included units belong to the dearer plan and are not prorated.
      expect(await ada.ledger()).toEqual([
        'OPEN 15: Calls 15 2026-01-01/2026-01-11 15',
        'OPEN 10: Calls 15 2026-01-11/2026-02-01 10',
      ]);
    });

    it('three times in a period bills four parts, of 10, 5, 10 and 6 days', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      for (const [day, plan] of [
        ['11', 'large'],
        ['16', 'small'],
        ['26', 'large'],
      ]) {
        await ada.travel(`2026-01-${day}T00:00:00Z`);
        await ada.changePlan(plan);
      }
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 10: Base 2026-01-01/2026-01-11 10',
        'OPEN 10: Base 2026-01-11/2026-01-16 10',
        'OPEN 10: Base 2026-01-16/2026-01-26 10',
        'OPEN 12: Base 2026-01-26/2026-02-01 12',
      ]);
    });

    it('three times in a period, in advance, never credits more than was billed', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      for (const [day, plan] of [
        ['11', 'large-prepaid'],
        ['16', 'small-prepaid'],
        ['26', 'large-prepaid'],
      ]) {
        await ada.travel(`2026-01-${day}T00:00:00Z`);
        await ada.changePlan(plan);
      }
      await ada.travel('2026-01-27T00:00:00Z');
      // Used: 10 + 10 + 10 + 12 = 42. Billed: 31 + 21 − 16 + 6.
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42',
        'PAID 0: CREDIT Base 2026-01-16/2026-02-01 -32 + Base 2026-01-16/2026-02-01 16 + BALANCE 16',
        'PAID 6 less 6: CREDIT Base 2026-01-26/2026-02-01 -6 + Base 2026-01-26/2026-02-01 12',
      ]);
      expect(await ada.balance()).toBe('10');
    });

    it('takes the proration of the change', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      for (const [story, proration] of [
        [ada, 'NONE'],
        [bob, 'SECOND'],
      ] as const) {
        await story.travel('2026-01-11T12:00:00Z');
        await story.changePlan('large-prepaid', 'IMMEDIATE', { proration });
      }
      // Both in full, nothing credited.
      expect((await ada.ledger()).at(-1)).toBe('DRAFT 62: Base 2026-01-11T12:00/2026-02-01 62');
      // 20.5 of 31 days.
      expect((await bob.ledger()).at(-1)).toBe(
        'DRAFT 20.5: CREDIT Base 2026-01-11T12:00/2026-02-01 -20.5 + Base 2026-01-11T12:00/2026-02-01 41',
      );
    });
  });

  describe('at period end', () => {
    it('change nothing before', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid', 'PERIOD_END');
      expect(await ada.state()).toBe('ACTIVE small-prepaid 2026-01-01/2026-02-01');
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31', 'OPEN 62: Base 2026-02-01/2026-03-01 62']);
    });

    it('give way to the next, and are taken back by a change to the present plan', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.changePlan('large', 'PERIOD_END');
      await ada.changePlan('daily', 'PERIOD_END');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await bob.changePlan('large', 'PERIOD_END');
      await bob.changePlan('small', 'PERIOD_END');
      await ada.travel('2026-02-02T02:00:00Z');
      await bob.travel('2026-03-01T02:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31', 'OPEN 2: Base 2026-02-01/2026-02-02 2']);
      expect(await bob.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31', 'OPEN 31: Base 2026-02-01/2026-03-01 31']);
    });

    it('give way to a change now', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.changePlan('daily', 'PERIOD_END');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large');
      await ada.travel('2026-03-01T02:00:00Z');
      expect((await ada.ledger()).slice(1)).toEqual([
        'OPEN 42: Base 2026-01-11/2026-02-01 42',
        'OPEN 62: Base 2026-02-01/2026-03-01 62',
      ]);
    });
  });

  describe('to another interval', () => {
    it('begin periods anew at the change', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('yearly-prepaid');
      expect(await ada.state()).toBe('ACTIVE yearly-prepaid 2026-01-11/2027-01-11');
      await ada.travel('2027-01-12T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 344: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2027-01-11 365',
        'OPEN 365: Base 2027-01-11/2028-01-11 365',
      ]);
    });

    it('leave the year they cut short alone for good', async () => {
      // 365 a year: one a day. 90 days are used, 275 credited; of the 244 left, 7 × 31 = 217 pay for seven months, 27 for a part.
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'yearly-prepaid');
      await ada.travel('2026-04-01T00:00:00Z');
      await ada.changePlan('small-prepaid');
      expect(await ada.balance()).toBe('244');
      await ada.travel('2027-01-15T00:00:00Z');
      const months = ['05', '06', '07', '08', '09', '10', '11', '12'];
      expect(await ada.ledger()).toEqual([
        'OPEN 365: Base 2026-01-01/2027-01-01 365',
        'PAID 0: CREDIT Base 2026-04-01/2027-01-01 -275 + Base 2026-04-01/2026-05-01 31 + BALANCE 244',
        ...months.slice(0, 7).map((month, index) => `PAID 31 less 31: Base 2026-${month}-01/2026-${months[index + 1]}-01 31`),
        'OPEN 31 less 27: Base 2026-12-01/2027-01-01 31',
        'OPEN 31: Base 2027-01-01/2027-02-01 31',
      ]);
      expect(await ada.balance()).toBe('0');
    });

    it('keep the month that days follow out of sight of the days', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small-prepaid');
      await ada.travel('2026-01-03T00:00:00Z');
      await ada.changePlan('daily');
      await ada.travel('2026-01-12T02:00:00Z');
      const ledger = await ada.ledger();
      expect(ledger.slice(0, 3)).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'PAID 0: CREDIT Base 2026-01-03/2026-02-01 -29 + BALANCE 29',
        'PAID 2 less 2: Base 2026-01-03/2026-01-04 2',
      ]);
      expect(ledger.at(-1)).toBe('PAID 2 less 2: Base 2026-01-11/2026-01-12 2');
      expect(ledger).toHaveLength(2 + 9);
      expect(await ada.balance()).toBe('11');
    });
  });

  it('are refused to the same plan, to one in another currency, and after the end', async () => {
    await world.plan({ lookupKey: 'euro', type: 'FIXED', currency: 'EUR', charges: [flat('31')] });
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
    const to = async (plan: string, timing = 'IMMEDIATE') =>
      ada.refusal('changePlan', { planId: await world.planId(plan), timing }, 'ChangePlanInput');
    expect(await to('small')).toMatchObject({ code: 'CONFLICT', field: 'planId' });
    expect(await to('small', 'PERIOD_END')).toMatchObject({ code: 'CONFLICT', field: 'planId' });
    expect(await to('euro')).toMatchObject({ code: 'VALIDATION_FAILED', field: 'planId' });
    await ada.cancel();
    expect(await to('large')).toMatchObject({ code: 'INVALID_TRANSITION' });
  });
});
