import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('usage that arrives after its period', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM', allowsNegative: true });
    const usage = (lookupKey: string, ...charges: Record<string, unknown>[]) =>
      world.plan({ lookupKey, type: charges.length > 1 ? 'HYBRID' : 'USAGE', charges });
    await usage('calls', perUnit(calls, '0.1'));
    await usage('dear-calls', perUnit(calls, '1'));
    await usage('with-base', flat('31'), perUnit(calls, '0.1'));
    const tiers = [
      { upTo: '100', unitAmount: '1' },
      { upTo: null, unitAmount: '0.5' },
    ];
    await usage('tiers', { ...perUnit(calls, '1'), model: 'GRADUATED', unitAmount: undefined, tiers });
  });
  afterAll(() => app.close());

  const settings = (assignment: string) => app.database.sql(`UPDATE organizations SET ${assignment}`);

  it('in the review window is on the draft when it is finalized', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    await ada.travel('2026-01-20T00:00:00Z');
    await ada.use('calls', '2026-01-20T00:00:00Z', '100');
    await ada.travel('2026-02-01T00:59:59Z');
    await ada.use('calls', '2026-01-31T23:59:59.999999Z', '50');
    await ada.use('calls', '2026-02-01T00:00:00Z', '7');
    await ada.travel('2026-03-02T00:00:00Z');
    expect(await ada.ledger()).toEqual([
      'OPEN 15: Calls 150 2026-01-01/2026-02-01 15',
      'OPEN 0.7: Calls 7 2026-02-01/2026-03-01 0.7',
    ]);
  });

  it('after finalization is a line of its own on the next invoice, with the dates of its period, once', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    await ada.travel('2026-01-20T00:00:00Z');
    await ada.use('calls', '2026-01-20T00:00:00Z', '100');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('calls', '2026-01-21T00:00:00Z', '30');
    await ada.use('calls', '2026-02-09T00:00:00Z', '20');
    const january = 'OPEN 10: Calls 100 2026-01-01/2026-02-01 10';
    expect(await ada.ledger()).toEqual([january]);
    await ada.travel('2026-04-02T00:00:00Z');
    expect(await ada.ledger()).toEqual([
      january,
      'OPEN 5: CORRECTION Calls 30 2026-01-01/2026-02-01 3 + Calls 20 2026-02-01/2026-03-01 2',
      'PAID 0: Calls 0 2026-03-01/2026-04-01 0',
    ]);
    const [correction] = (await ada.invoices())[1].lines;
    expect(correction.explanation.text).toBe(
      'Usage that arrived late: 130 counted from 2 events, 130 × 0.1 USD comes to 13 USD, billed before 10 USD: 3 USD.',
    );
  });

  it('is billed at the price that it has on top of what was billed', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'tiers');
    await ada.travel('2026-01-20T00:00:00Z');
    await ada.use('calls', '2026-01-20T00:00:00Z', '90');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('calls', '2026-01-21T00:00:00Z', '30');
    await ada.travel('2026-03-02T00:00:00Z');
    // 120 units: 100 × 1 + 20 × 0.5 = 110, of which 90 were billed.
    expect(await ada.ledger()).toEqual([
      'OPEN 90: Calls 90 2026-01-01/2026-02-01 90',
      'OPEN 20: CORRECTION Calls 30 2026-01-01/2026-02-01 20 + Calls 0 2026-02-01/2026-03-01 0',
    ]);
  });

  it('that takes usage back is a credit, kept as balance where it exceeds the invoice', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'with-base');
    const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    for (const story of [ada, bob]) {
      await story.travel('2026-01-20T00:00:00Z');
      await story.use('calls', '2026-01-20T00:00:00Z', '100');
      await story.travel('2026-02-10T00:00:00Z');
      await story.use('calls', '2026-01-21T00:00:00Z', '-40');
      await story.use('calls', '2026-02-10T00:00:00Z', '10');
      await story.travel('2026-03-02T00:00:00Z');
    }
    expect((await ada.ledger())[1]).toBe(
      'OPEN 28: CORRECTION Calls -40 2026-01-01/2026-02-01 -4 + Base 2026-02-01/2026-03-01 31 + Calls 10 2026-02-01/2026-03-01 1',
    );
    expect((await bob.ledger())[1]).toBe(
      'PAID 0: CORRECTION Calls -40 2026-01-01/2026-02-01 -4 + Calls 10 2026-02-01/2026-03-01 1 + BALANCE 3',
    );
    expect(await bob.balance()).toBe('3');
  });

  it('that makes a draft negative in its review window leaves the rest as balance, and the invoice a number', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    await ada.travel('2026-01-20T00:00:00Z');
    await ada.use('calls', '2026-01-20T00:00:00Z', '100');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('calls', '2026-01-21T00:00:00Z', '-10');
    await ada.use('calls', '2026-02-10T00:00:00Z', '20');
    await ada.travel('2026-03-01T00:30:00Z');
    const february = 'Calls 20 2026-02-01/2026-03-01 2';
    expect((await ada.ledger())[1]).toBe(`DRAFT 1: CORRECTION Calls -10 2026-01-01/2026-02-01 -1 + ${february}`);
    await ada.use('calls', '2026-01-22T00:00:00Z', '-40');
    await ada.travel('2026-03-01T02:00:00Z');
    expect((await ada.ledger())[1]).toBe(`PAID 0: CORRECTION Calls -50 2026-01-01/2026-02-01 -5 + ${february} + BALANCE 3`);
    expect((await ada.latestInvoice()).number).toMatch(/^INV-2026-/);
    expect(await ada.balance()).toBe('3');
  });

  it('that is voided is credited', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    await ada.travel('2026-01-20T00:00:00Z');
    await ada.use('calls', '2026-01-20T00:00:00Z', '100');
    await ada.use('calls', '2026-01-20T00:00:00Z', '60');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('calls', '2026-02-10T00:00:00Z', '200');
    const { usageEvents } = await app.api.query<{ usageEvents: { nodes: { id: string; quantity: string }[] } }>(
      `query ($customerId: ID!) { usageEvents(customerId: $customerId) { nodes { id quantity } } }`,
      { customerId: ada.customerId },
    );
    const event = usageEvents.nodes.find(({ quantity }) => quantity === '60')!;
    await app.api.query(`mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }`, { id: event.id });
    await ada.travel('2026-03-02T00:00:00Z');
    expect(await ada.ledger()).toEqual([
      'OPEN 16: Calls 160 2026-01-01/2026-02-01 16',
      'OPEN 14: CORRECTION Calls -60 2026-01-01/2026-02-01 -6 + Calls 200 2026-02-01/2026-03-01 20',
    ]);
  });

  it('keeps arriving until the correction is finalized, and after that waits for the next', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('calls', '2026-01-21T00:00:00Z', '10');
    await ada.travel('2026-03-01T00:30:00Z');
    await ada.use('calls', '2026-01-22T00:00:00Z', '20');
    await ada.travel('2026-03-01T02:00:00Z');
    await ada.use('calls', '2026-01-23T00:00:00Z', '40');
    await ada.travel('2026-04-02T00:00:00Z');
    expect(await ada.ledger()).toEqual([
      'PAID 0: Calls 0 2026-01-01/2026-02-01 0',
      'OPEN 3: CORRECTION Calls 30 2026-01-01/2026-02-01 3 + Calls 0 2026-02-01/2026-03-01 0',
      'OPEN 4: CORRECTION Calls 40 2026-01-01/2026-02-01 4 + Calls 0 2026-03-01/2026-04-01 0',
    ]);
  });

  it('is rated by the plan of its time, in the part of the period it belongs to', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.changePlan('dear-calls');
    await ada.travel('2026-02-10T00:00:00Z');
    await ada.use('calls', '2026-01-10T23:59:59Z', '10');
    await ada.use('calls', '2026-01-11T00:00:00Z', '10');
    await ada.travel('2026-03-02T00:00:00Z');
    expect((await ada.ledger()).at(-1)).toBe(
      'OPEN 11: CORRECTION Calls 10 2026-01-01/2026-01-11 1 + CORRECTION Calls 10 2026-01-11/2026-02-01 10 + Calls 0 2026-02-01/2026-03-01 0',
    );
  });

  it('of a trial, of a pause, and after the last invoice is never billed', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls', { trialEnd: '2026-01-15T00:00:00Z' });
    await ada.travel('2026-02-20T00:00:00Z');
    await ada.pause();
    await ada.travel('2026-02-25T00:00:00Z');
    await ada.resume();
    await ada.travel('2026-03-10T00:00:00Z');
    for (const day of ['2026-01-14', '2026-02-20', '2026-02-24']) await ada.use('calls', `${day}T00:00:00Z`, '1000');
    await ada.cancel('PERIOD_END');
    await ada.travel('2026-03-20T00:00:00Z');
    await ada.use('calls', '2026-03-01T00:00:00Z', '1000');
    await ada.travel('2026-06-01T00:00:00Z');
    expect((await ada.invoices()).map(({ total }) => total)).toEqual(['0', '0', '0']);
  });

  describe('within the look-back', () => {
    /** Five months without usage; then usage of each of the first four is recorded on May 2. */
    const lateStory = async (): Promise<Story> => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
      await ada.travel('2026-05-02T00:00:00Z');
      for (const month of ['01', '02', '03', '04']) await ada.use('calls', `2026-${month}-15T00:00:00Z`, '10');
      await ada.travel('2026-06-02T00:00:00Z');
      return ada;
    };
    const may = 'Calls 0 2026-05-01/2026-06-01 0';
    const correction = (from: string, to: string): string => `CORRECTION Calls 10 2026-${from}-01/2026-${to}-01 1`;

    it('is billed for three closed periods', async () => {
      expect((await (await lateStory()).ledger()).at(-1)).toBe(
        `OPEN 3: ${correction('02', '03')} + ${correction('03', '04')} + ${correction('04', '05')} + ${may}`,
      );
    });

    it('is billed for as many as the organization says', async () => {
      await settings('late_usage_periods = 1');
      const ada = await lateStory();
      await settings('late_usage_periods = 3');
      expect((await ada.ledger()).at(-1)).toBe(`OPEN 1: ${correction('04', '05')} + ${may}`);
    });

    it('is not billed at all where the organization ignores it', async () => {
      await settings(`late_usage = 'IGNORE'`);
      const ada = await lateStory();
      await settings(`late_usage = 'NEXT_INVOICE'`);
      expect((await ada.ledger()).at(-1)).toBe(`PAID 0: ${may}`);
    });

    it('does not reach further because an older invoice is issued again', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'with-base');
      await ada.travel('2026-07-02T00:00:00Z');
      // Of March it is late, of February too late; January is rated afresh.
      for (const month of ['01', '02', '04']) await ada.use('calls', `2026-${month}-15T00:00:00Z`, '10');
      await world.void((await ada.invoices())[0].id, { reissue: true });
      expect((await ada.ledger()).at(-1)).toBe(
        `DRAFT 33: Base 2026-01-01/2026-02-01 31 + Calls 10 2026-01-01/2026-02-01 1 + ${correction('04', '05')}`,
      );
    });
  });
});
