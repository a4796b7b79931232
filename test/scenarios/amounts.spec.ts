import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('amounts', () => {
  let app: TestApp;
  let world: BillingWorld;
  let calls: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
  });
  afterAll(() => app.close());

  /** A plan of its own for each test; its key is the test's. */
  const plan = (lookupKey: string, charges: Record<string, unknown>[], more = {}) => {
    const types = new Set(charges.map((charge) => charge.type));
    const type = types.size > 1 ? 'HYBRID' : types.has('USAGE') ? 'USAGE' : 'FIXED';
    return world.plan({ lookupKey, type, charges, ...more });
  };
  const CALENDAR = { alignment: 'CALENDAR' };

  describe('are rounded to the currency, half away from zero', () => {
    it('yen have no decimals', async () => {
      await plan('yen', [flat('1000'), perUnit(calls, '0.5')], { currency: 'JPY' });
      const ada = await Story.subscribed(world, '2026-01-15T00:00:00Z', 'yen', CALENDAR);
      await ada.use('calls', '2026-01-15T00:00:00Z', '5');
      await ada.travel('2026-02-02T00:00:00Z');
      // 1000 × 17/31 = 548.39; 5 × 0.5 = 2.5.
      expect(await ada.ledger()).toEqual(['OPEN 551: Base 2026-01-15/2026-02-01 548 + Calls 5 2026-01-15/2026-02-01 3']);
      const [{ id }] = await ada.invoices();
      const { extensions } = await app.api.failure(
        `mutation { recordPayment(invoiceId: "${id}", input: { amount: "550.5" }) { id } }`,
      );
      expect(extensions).toMatchObject({ code: 'VALIDATION_FAILED', field: 'amount' });
      await world.pay(id, '551');
      expect((await ada.latestInvoice()).status).toBe('PAID');
    });

    it('dinars have three', async () => {
      await plan('dinar', [flat('10'), perUnit(calls, '0.0005')], { currency: 'KWD' });
      const ada = await Story.subscribed(world, '2026-01-15T00:00:00Z', 'dinar', CALENDAR);
      await ada.use('calls', '2026-01-15T00:00:00Z', '3');
      await ada.travel('2026-02-02T00:00:00Z');
      // 10 × 17/31 = 5.48387; 3 × 0.0005 = 0.0015.
      expect(await ada.ledger()).toEqual(['OPEN 5.486: Base 2026-01-15/2026-02-01 5.484 + Calls 3 2026-01-15/2026-02-01 0.002']);
      expect(await ada.balance('KWD')).toBe('0');
    });

    it('credits too, and the parts of a period make the whole', async () => {
      await plan('prepaid-yen', [flat('15', IN_ADVANCE)], { currency: 'JPY' });
      await plan('yen-in-parts', [flat('100')], { currency: 'JPY' });
      const ada = await Story.subscribed(world, '2026-06-01T00:00:00Z', 'prepaid-yen');
      await ada.travel('2026-06-16T00:00:00Z');
      await ada.cancel();
      // Half of June: 7.5 is credited as 8.
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: CREDIT Base 2026-06-16/2026-07-01 -8 + BALANCE 8');
      expect(await ada.balance('JPY')).toBe('8');
      const bob = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'yen-in-parts');
      for (const day of ['11', '21']) {
        await bob.travel(`2026-01-${day}T09:00:00Z`);
        await bob.pause();
        await bob.resume();
        await bob.travel(`2026-01-${day}T10:00:00Z`);
        await bob.pause();
        await bob.travel(`2026-01-${day}T11:00:00Z`);
        await bob.resume();
      }
      await bob.travel('2026-02-02T00:00:00Z');
      // 10, 10 and 11 of 31 days: 32.26, 32.26 and 35.48; 35 would leave one yen out.
      expect((await bob.invoices()).map(({ total }) => total)).toEqual(['32', '32', '36']);
    });

    it('each line once, and the total is the sum of the lines', async () => {
      const halves = ['One', 'Two', 'Three'].map((displayName) => ({ ...perUnit(calls, '0.005'), displayName }));
      await plan('halves', halves);
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'halves');
      await ada.use('calls', '2026-01-01T00:00:00Z', '1');
      await ada.travel('2026-02-02T00:00:00Z');
      const month = '2026-01-01/2026-02-01';
      expect(await ada.ledger()).toEqual([`OPEN 0.03: One 1 ${month} 0.01 + Two 1 ${month} 0.01 + Three 1 ${month} 0.01`]);
    });

    it('exactly, however small the price and large the quantity', async () => {
      await plan('tiny', [perUnit(calls, '0.000000000001')]);
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'tiny');
      await ada.use('calls', '2026-01-01T00:00:00Z', '9007199254740993.000001');
      await ada.travel('2026-02-02T00:00:00Z');
      const invoice = await ada.latestInvoice();
      expect(invoice.lines[0]).toMatchObject({
        quantity: '9007199254740993.000001',
        amount: '9007.2',
        explanation: { exactAmount: '9007.199254740993000001' },
      });
    });
  });

  describe('have a minimum', () => {
    beforeAll(async () => {
      await plan('minimum', [perUnit(calls, '1', { minimumAmount: '31' })]);
      await plan('minimum-62', [perUnit(calls, '1', { minimumAmount: '62' })]);
    });

    it('that holds without usage, in a whole period and in a share of it', async () => {
      const ada = await Story.subscribed(world, '2026-01-15T00:00:00Z', 'minimum', CALENDAR);
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 17: Calls 0 2026-01-15/2026-02-01 17',
        'OPEN 31: Calls 0 2026-02-01/2026-03-01 31',
      ]);
    });

    it('that usage above it makes void, in the review window too', async () => {
      const ada = await Story.subscribed(world, '2026-01-15T00:00:00Z', 'minimum', CALENDAR);
      await ada.use('calls', '2026-01-15T00:00:00Z', '16');
      await ada.travel('2026-02-01T00:30:00Z');
      expect((await ada.latestInvoice()).total).toBe('17');
      await ada.use('calls', '2026-01-16T00:00:00Z', '2');
      await ada.travel('2026-02-01T02:00:00Z');
      expect((await ada.latestInvoice()).total).toBe('18');
      // Late usage that the minimum had covered would cost nothing; this does.
      await ada.use('calls', '2026-01-17T00:00:00Z', '5');
      await ada.travel('2026-03-02T00:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe(
        'OPEN 36: CORRECTION Calls 5 2026-01-15/2026-02-01 5 + Calls 0 2026-02-01/2026-03-01 31',
      );
    });

    it('that covers late usage below it', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'minimum');
      await ada.travel('2026-02-02T00:00:00Z');
      await ada.use('calls', '2026-01-17T00:00:00Z', '30');
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Calls 0 2026-01-01/2026-02-01 31',
        'OPEN 31: Calls 0 2026-02-01/2026-03-01 31',
      ]);
    });

    it('that a plan change and a cancellation cut', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'minimum');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('minimum-62');
      await ada.travel('2026-01-21T00:00:00Z');
      await ada.cancel();
      await ada.travel('2026-01-22T00:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 10: Calls 0 2026-01-01/2026-01-11 10',
        'OPEN 20: Calls 0 2026-01-11/2026-01-21 20',
      ]);
    });
  });

  describe('have a maximum', () => {
    it('that is not prorated', async () => {
      await plan('maximum', [perUnit(calls, '1', { maximumAmount: '50' })]);
      const ada = await Story.subscribed(world, '2026-01-15T00:00:00Z', 'maximum', CALENDAR);
      await ada.use('calls', '2026-01-15T00:00:00Z', '49');
      await ada.travel('2026-01-20T00:00:00Z');
      expect((await ada.preview()).split(':')[0]).toBe('DRAFT 49');
      await ada.use('calls', '2026-01-20T00:00:00Z', '100');
      await ada.travel('2026-02-02T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 50: Calls 149 2026-01-15/2026-02-01 50']);
      // What comes late would cost more than the maximum.
      await ada.use('calls', '2026-01-21T00:00:00Z', '100');
      await ada.travel('2026-03-02T00:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: Calls 0 2026-02-01/2026-03-01 0');
    });
  });

  it('of the other prices, a line each', async () => {
    const usage = (model: string, more: Record<string, unknown>) => ({
      displayName: model,
      type: 'USAGE',
      model,
      meterId: calls,
      ...more,
    });
    const tiers = [
      { upTo: '100', unitAmount: '0.1', flatAmount: '5' },
      { upTo: null, unitAmount: '0.05', flatAmount: '7' },
    ];
    await plan('prices', [
      usage('PACKAGE', { packageSize: '100', packageAmount: '2', includedUnits: '10' }),
      usage('GRADUATED', { tiers }),
      usage('VOLUME', { tiers }),
      usage('PERCENTAGE', { rate: '0.015', fixedAmountPerEvent: '0.3' }),
      usage('PER_UNIT', { unitAmount: '1', quantityRounding: 'UP', quantityPrecision: -2 }),
    ]);
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prices');
    await ada.use('calls', '2026-01-01T00:00:00Z', '110');
    await ada.use('calls', '2026-01-01T00:00:00Z', '40.5');
    await ada.travel('2026-02-02T00:00:00Z');
    // 150.5 from 2 events. 140.5 are 2 packages; 10 + 5 + 50.5 × 0.05 + 7 = 24.525; 150.5 × 0.05 + 7 = 14.525;
    // 2.2575 + 0.6 = 2.8575; rounded up to hundreds: 200.
    expect((await ada.latestInvoice()).lines.map(({ description, amount }) => `${description} ${amount}`)).toEqual([
      'PACKAGE 4',
      'GRADUATED 24.53',
      'VOLUME 14.53',
      'PERCENTAGE 2.86',
      'PER_UNIT 200',
    ]);
  });
});
