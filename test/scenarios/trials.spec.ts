import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('trials', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const charges = [flat('30'), perUnit(calls, '0.01')];
    await world.plan({ lookupKey: 'pro', type: 'HYBRID', trialDays: 14, charges });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', trialDays: 14, charges: [flat('30', IN_ADVANCE)] });
  });
  afterAll(() => app.close());

  it('lasts as many days as the plan says, is never billed, and the first period begins at its end', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'pro');
    expect(await ada.state()).toBe('TRIAL pro 2026-01-01/2026-01-15');

    await ada.travel('2026-01-10T00:00:00Z');
    await ada.use('calls', '2026-01-10T00:00:00Z', '1000');
    await ada.travel('2026-01-15T12:00:00Z');
    expect(await ada.state()).toBe('ACTIVE pro 2026-01-15/2026-02-15');
    expect(await ada.ledger()).toEqual([]);

    // The 1000 calls stay what was used, and 200 at the very end of the trial are the first that cost anything.
    await ada.use('calls', '2026-01-14T23:59:59Z', '5000');
    await ada.use('calls', '2026-01-15T00:00:00Z', '200');
    await ada.travel('2026-02-16T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 32: Base 2026-01-15/2026-02-15 30 + Calls 200 2026-01-15/2026-02-15 2']);
    expect(await ada.transitions()).toEqual(['2026-01-01 >TRIAL api_key', '2026-01-15 TRIAL>ACTIVE system']);
  });

  it('shows what the trial will be followed by', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    expect(await ada.preview()).toBe('DRAFT 30: Base 2026-01-15/2026-02-15 30');
    await ada.travel('2026-01-15T00:00:00Z');
    expect(await ada.ledger()).toEqual(['DRAFT 30: Base 2026-01-15/2026-02-15 30']);
  });

  it("gives way to the subscription's own end, to the minute", async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'pro', { trialEnd: '2026-01-08T12:00:00Z' });
    expect(await ada.state()).toBe('TRIAL pro 2026-01-01/2026-01-08T12:00');
    await ada.travel('2026-02-09T00:00:00Z');
    expect(await ada.ledger()).toEqual([
      'OPEN 30: Base 2026-01-08T12:00/2026-02-08T12:00 30 + Calls 0 2026-01-08T12:00/2026-02-08T12:00 0',
    ]);
  });

  it('is left out where its end is the start, and refused where it is earlier', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'pro', { trialEnd: '2026-01-01T00:00:00Z' });
    expect(await ada.state()).toBe('ACTIVE pro 2026-01-01/2026-02-01');
    const { extensions } = await app.api.failure(
      `mutation ($input: CreateSubscriptionInput!) { createSubscription(input: $input) { id } }`,
      { input: { customerExternalId: ada.customer, planLookupKey: 'pro', trialEnd: '2025-12-31T23:59:59Z' } },
    );
    expect(extensions).toMatchObject({ code: 'VALIDATION_FAILED', field: 'trialEnd' });
  });

  it('ends in a stub where the calendar sets the periods', async () => {
    // 14 days from the 10th: the 24th. 8 of January's 31 days are left: 30 × 8/31 = 7.74.
    const ada = await Story.subscribed(world, '2026-01-10T00:00:00Z', 'pro', { alignment: 'CALENDAR' });
    await ada.travel('2026-02-02T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 7.74: Base 2026-01-24/2026-02-01 7.74 + Calls 0 2026-01-24/2026-02-01 0']);
    expect(await ada.state()).toBe('ACTIVE pro 2026-02-01/2026-03-01');
  });

  it('is counted in days of the customer, across a change of the clocks', async () => {
    // Nine in the morning in Berlin is 08:00 UTC before March 29, and 07:00 after.
    const ada = await Story.subscribed(world, '2026-03-20T08:00:00Z', 'pro', {}, { timeZone: 'Europe/Berlin' });
    expect(await ada.state()).toBe('TRIAL pro 2026-03-20T08:00/2026-04-03T07:00');
  });

  it('of a start that is not reached yet begins with the start', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'pro', { startAt: '2026-02-01T00:00:00Z' });
    await ada.travel('2026-02-16T00:00:00Z');
    expect(await ada.transitions()).toEqual([
      '2026-01-01 >PENDING api_key',
      '2026-02-01 PENDING>TRIAL system',
      '2026-02-15 TRIAL>ACTIVE system',
    ]);
    expect(await ada.ledger()).toEqual([]);
  });

  it('of a start long past is over, and what followed it is billed', async () => {
    const ada = await Story.subscribed(world, '2026-03-01T00:00:00Z', 'prepaid', { startAt: '2026-01-01T00:00:00Z' });
    expect(await ada.ledger()).toEqual(['DRAFT 30: Base 2026-01-15/2026-02-15 30', 'DRAFT 30: Base 2026-02-15/2026-03-15 30']);
    expect(await ada.transitions()).toEqual(['2026-01-01 >TRIAL api_key', '2026-01-15 TRIAL>ACTIVE system']);
  });

  describe('that are canceled', () => {
    it('bill nothing, now', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-10T00:00:00Z');
      await ada.cancel('IMMEDIATE', 'Not for us');
      await ada.travel('2026-03-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([]);
      expect(await ada.transitions()).toEqual(['2026-01-01 >TRIAL api_key', '2026-01-10 TRIAL>CANCELED api_key: Not for us']);
    });

    it("bill nothing, at the trial's end", async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.cancel('PERIOD_END');
      expect(await ada.state()).toBe('TRIAL prepaid 2026-01-01/2026-01-15');
      await ada.travel('2026-03-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([]);
      expect((await ada.transitions()).at(-1)).toBe('2026-01-15 TRIAL>CANCELED system');
    });

    it('go on when the cancellation is taken back', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.cancel('PERIOD_END');
      await ada.travel('2026-01-14T00:00:00Z');
      await ada.undoCancellation();
      await ada.travel('2026-01-16T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 30: Base 2026-01-15/2026-02-15 30']);
    });
  });

  it('cannot be paused', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'pro');
    expect(await ada.refusal('pauseSubscription')).toMatchObject({
      code: 'INVALID_TRANSITION',
      details: { from: 'TRIAL', to: 'PAUSED' },
    });
    expect(await ada.state()).toBe('TRIAL pro 2026-01-01/2026-01-15');
  });
});
