import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('pauses', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    // 31 a month: in January, one a day.
    await world.plan({ lookupKey: 'basic', type: 'HYBRID', charges: [flat('31'), perUnit(calls, '0.1')] });
    await world.plan({ lookupKey: 'fixed', type: 'FIXED', charges: [flat('31')] });
    await world.plan({ lookupKey: 'one', type: 'FIXED', charges: [flat('1')] });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
  });
  afterAll(() => app.close());

  it('end the period with a final draft; a stub runs from the resumption to the next boundary', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.use('calls', '2026-01-10T00:00:00Z', '50');
    await ada.pause('Summer break');
    expect(await ada.ledger()).toEqual(['DRAFT 15: Base 2026-01-01/2026-01-11 10 + Calls 50 2026-01-01/2026-01-11 5']);
    expect(await ada.state()).toBe('PAUSED basic 2026-01-01/2026-01-11');

    await ada.travel('2026-01-21T00:00:00Z');
    await ada.use('calls', '2026-01-15T00:00:00Z', '1000');
    await ada.resume();
    expect(await ada.state()).toBe('ACTIVE basic 2026-01-21/2026-02-01');
    await ada.use('calls', '2026-01-21T00:00:00Z', '30');
    await ada.travel('2026-03-02T00:00:00Z');
    // 11 of January's days, and nothing of what was used in the pause.
    expect(await ada.ledger()).toEqual([
      'OPEN 15: Base 2026-01-01/2026-01-11 10 + Calls 50 2026-01-01/2026-01-11 5',
      'OPEN 14: Base 2026-01-21/2026-02-01 11 + Calls 30 2026-01-21/2026-02-01 3',
      'OPEN 31: Base 2026-02-01/2026-03-01 31 + Calls 0 2026-02-01/2026-03-01 0',
    ]);
    expect((await ada.transitions()).slice(0, 3)).toEqual([
      '2026-01-01 >ACTIVE api_key',
      '2026-01-11 ACTIVE>PAUSED api_key: Summer break',
      '2026-01-21 PAUSED>ACTIVE api_key',
    ]);
  });

  it('credit what was paid in advance, and the credit pays for what follows', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-01-21T00:00:00Z');
    await ada.resume();
    await ada.travel('2026-03-02T00:00:00Z');
    // 21 credited: 11 of it pays for the stub, 10 for a part of February.
    expect(await ada.ledger()).toEqual([
      'OPEN 31: Base 2026-01-01/2026-02-01 31',
      'PAID 0: CREDIT Base 2026-01-11/2026-02-01 -21 + BALANCE 21',
      'PAID 11 less 11: Base 2026-01-21/2026-02-01 11',
      'OPEN 31 less 10: Base 2026-02-01/2026-03-01 31',
      'OPEN 31: Base 2026-03-01/2026-04-01 31',
    ]);
    expect(await ada.balance()).toBe('0');
  });

  it('may last for periods, of which nothing is billed', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-03-15T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10']);
    await ada.resume();
    await ada.travel('2026-04-02T00:00:00Z');
    // March 15 to April 1: 17 of March's 31 days.
    expect((await ada.ledger()).slice(1)).toEqual(['OPEN 17: Base 2026-03-15/2026-04-01 17']);
  });

  it('that end on a boundary leave no stub', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-03-01T00:00:00Z');
    await ada.resume();
    await ada.travel('2026-04-02T00:00:00Z');
    expect((await ada.ledger()).slice(1)).toEqual(['OPEN 31: Base 2026-03-01/2026-04-01 31']);
  });

  it('within a day leave a period whole, to the cent', async () => {
    // 1 a month in parts of 10, 10 and 11 days: 0.32, 0.32, and not the 0.35 of 11/31 but what the whole lacks.
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'one');
    for (const day of ['11', '21']) {
      await ada.travel(`2026-01-${day}T09:00:00Z`);
      await ada.pause();
      await ada.travel(`2026-01-${day}T17:00:00Z`);
      await ada.resume();
    }
    await ada.travel('2026-02-02T00:00:00Z');
    expect(await ada.ledger()).toEqual([
      'OPEN 0.32: Base 2026-01-01/2026-01-11T09:00 0.32',
      'OPEN 0.32: Base 2026-01-11T17:00/2026-01-21T09:00 0.32',
      'OPEN 0.36: Base 2026-01-21T17:00/2026-02-01 0.36',
    ]);
  });

  it('undone on their own instant cost nothing', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    for (const story of [ada, bob]) {
      await story.travel('2026-01-11T00:00:00Z');
      await story.pause();
      await story.resume();
      await story.travel('2026-02-01T02:00:00Z');
    }
    expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
    // The credit was given, so it is charged again and pays for itself.
    expect(await bob.ledger()).toEqual([
      'OPEN 31: Base 2026-01-01/2026-02-01 31',
      'PAID 0: CREDIT Base 2026-01-11/2026-02-01 -21 + BALANCE 21',
      'PAID 21 less 21: CORRECTION Base 2026-01-01/2026-02-01 21',
      'OPEN 31: Base 2026-02-01/2026-03-01 31',
    ]);
    expect(await bob.balance()).toBe('0');
  });

  it('end with a cancellation, which bills nothing more', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-01-15T00:00:00Z');
    await ada.cancel('PERIOD_END');
    await ada.travel('2026-04-01T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10']);
    expect((await ada.transitions()).at(-1)).toBe('2026-01-15 PAUSED>CANCELED api_key');
  });

  it('do not put off a cancellation that is scheduled', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    await ada.cancel('PERIOD_END');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-04-01T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10']);
    expect((await ada.transitions()).slice(1)).toEqual(['2026-01-11 ACTIVE>PAUSED api_key', '2026-02-01 PAUSED>CANCELED system']);
  });

  it('remember the anchor through a short month', async () => {
    const ada = await Story.subscribed(world, '2026-01-31T00:00:00Z', 'fixed');
    await ada.travel('2026-02-14T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-03-10T00:00:00Z');
    await ada.resume();
    await ada.travel('2026-05-01T00:00:00Z');
    // 14 of 28 days; then March 10 to 31: 21 of the 31 days from February 28.
    expect(await ada.ledger()).toEqual([
      'OPEN 15.5: Base 2026-01-31/2026-02-14 15.5',
      'OPEN 21: Base 2026-03-10/2026-03-31 21',
      'OPEN 31: Base 2026-03-31/2026-04-30 31',
    ]);
  });

  it('leave a subscription that is past due what it was, until it is paid', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    for (const story of [ada, bob]) {
      // Issued on February 1 at 01:00, due 30 days later.
      await story.travel('2026-03-03T12:00:00Z');
      expect(await story.state()).toBe('PAST_DUE fixed 2026-03-01/2026-04-01');
      await story.pause();
    }
    await world.pay((await bob.invoices())[0].id, '31');
    await ada.travel('2026-03-10T00:00:00Z');
    await bob.travel('2026-03-10T00:00:00Z');
    await ada.resume();
    await bob.resume();
    expect((await ada.transitions()).slice(1)).toEqual([
      '2026-03-03T01:00 ACTIVE>PAST_DUE system: An invoice is overdue.',
      '2026-03-03T12:00 PAST_DUE>PAUSED api_key',
      '2026-03-10 PAUSED>PAST_DUE api_key',
    ]);
    expect((await bob.transitions()).at(-1)).toBe('2026-03-10 PAUSED>ACTIVE api_key');
  });

  it('are refused where the table has none', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed');
    expect(await ada.refusal('resumeSubscription')).toMatchObject({ code: 'INVALID_TRANSITION' });
    await ada.pause();
    expect(await ada.refusal('pauseSubscription')).toMatchObject({
      code: 'INVALID_TRANSITION',
      details: { from: 'PAUSED', to: 'PAUSED' },
    });
    const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'fixed', { startAt: '2026-02-01T00:00:00Z' });
    expect(await bob.refusal('pauseSubscription')).toMatchObject({ code: 'INVALID_TRANSITION' });
    expect(await bob.state()).toBe('PENDING fixed 2026-02-01/2026-03-01');
  });
});
