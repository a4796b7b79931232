import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld, type InvoiceView } from '../support/billing-world.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('invoices', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({ lookupKey: 'basic', type: 'FIXED', charges: [flat('31')] });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    await world.plan({ lookupKey: 'large-prepaid', type: 'FIXED', charges: [flat('62', IN_ADVANCE)] });
    await world.plan({ lookupKey: 'hybrid', type: 'HYBRID', charges: [flat('31'), perUnit(calls, '0.1')] });
    await world.plan({ lookupKey: 'calls', type: 'USAGE', charges: [perUnit(calls, '0.1')] });
    await world.plan({ lookupKey: 'free', type: 'FIXED', charges: [] });
  });
  afterAll(() => app.close());

  const january = 'Base 2026-01-01/2026-02-01 31';
  const february = 'Base 2026-02-01/2026-03-01 31';

  /** January's invoice of 31, still a draft. */
  async function withDraft(plan = 'basic'): Promise<[Story, InvoiceView]> {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', plan);
    await ada.travel('2026-02-01T00:30:00Z');
    return [ada, await ada.latestInvoice()];
  }

  /** January's invoice of 31, issued on February 1 at 01:00 and due on March 3. */
  async function withOpenInvoice(plan = 'basic'): Promise<[Story, InvoiceView]> {
    const [ada] = await withDraft(plan);
    await ada.travel('2026-02-01T02:00:00Z');
    return [ada, await ada.latestInvoice()];
  }

  const refusal = async (mutation: string, arguments_: string): Promise<string> => {
    const selection = mutation === 'deleteDraftInvoice' ? '' : '{ id }';
    return (await app.api.failure(`mutation { ${mutation}(${arguments_}) ${selection} }`)).extensions.code;
  };
  const pay = (id: string, amount: string): string => `invoiceId: "${id}", input: { amount: "${amount}" }`;

  describe('in review', () => {
    it('that are deleted are drafted again by the next run', async () => {
      const [ada, draft] = await withDraft('hybrid');
      await world.deleteDraft(draft.id);
      expect(await ada.ledger()).toEqual([]);
      await ada.use('calls', '2026-01-31T00:00:00Z', '10');
      await ada.travel('2026-02-01T00:45:00Z');
      expect(await ada.ledger()).toEqual([`DRAFT 32: ${january} + Calls 10 2026-01-01/2026-02-01 1`]);
      // A review window of its own.
      await ada.travel('2026-02-01T01:29:59Z');
      expect((await ada.latestInvoice()).status).toBe('DRAFT');
      await ada.travel('2026-02-01T01:30:00Z');
      expect((await ada.latestInvoice()).status).toBe('OPEN');
    });

    it('that are deleted take what they credited with them', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      const draft = 'DRAFT 21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42';
      expect((await ada.ledger()).at(-1)).toBe(draft);
      await world.deleteDraft((await ada.latestInvoice()).id);
      await ada.travel('2026-01-11T00:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe(draft);
    });

    it('that are voided waive what they are for', async () => {
      const [ada, draft] = await withDraft();
      await world.void(draft.id);
      await ada.travel('2026-03-02T00:00:00Z');
      expect(await ada.ledger()).toEqual([`VOID 31: ${january}`, `OPEN 31: ${february}`]);
      expect((await ada.invoices()).map(({ number }) => number === null)).toEqual([true, false]);
    });

    it('can be finalized by hand, and after that by nobody', async () => {
      const [ada, draft] = await withDraft();
      await world.finalize(draft.id);
      expect((await ada.latestInvoice()).status).toBe('OPEN');
      expect(await refusal('finalizeInvoice', `id: "${draft.id}"`)).toBe('INVALID_TRANSITION');
    });

    it('have a window as long as the organization says', async () => {
      await app.database.sql('UPDATE organizations SET grace_minutes = 1440');
      const [ada] = await withDraft();
      await app.database.sql('UPDATE organizations SET grace_minutes = 60');
      await ada.travel('2026-02-01T23:59:59Z');
      expect((await ada.latestInvoice()).status).toBe('DRAFT');
      await ada.travel('2026-02-02T00:00:00Z');
      expect((await ada.latestInvoice()).status).toBe('OPEN');
    });

    it('are not yet owed', async () => {
      const [, { id }] = await withDraft();
      expect(await refusal('recordPayment', pay(id, '31'))).toBe('INVALID_TRANSITION');
      expect(await refusal('markInvoiceUncollectible', `id: "${id}"`)).toBe('INVALID_TRANSITION');
    });
  });

  describe('that come to nothing', () => {
    it('are paid when they are finalized, with a number like any other', async () => {
      const [, invoice] = await withOpenInvoice('calls');
      expect(invoice).toMatchObject({ status: 'PAID', total: '0', amountDue: '0' });
      expect(invoice.number).toMatch(/^INV-2026-\d{4}$/);
    });

    it('are not made where there is nothing to bill', async () => {
      const [ada] = await withDraft();
      await ada.subscribe('free');
      await ada.travel('2026-04-01T00:00:00Z');
      expect(await ada.ledger()).toEqual([]);
    });
  });

  describe('that are open', () => {
    it('can be paid in parts', async () => {
      const [ada, { id }] = await withOpenInvoice();
      await world.pay(id, '10');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'OPEN', amountDue: '21' });
      await world.pay(id, '20.99');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'OPEN', amountDue: '0.01' });
      await world.pay(id, '0.01');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'PAID', amountDue: '0' });
      expect(await refusal('recordPayment', pay(id, '1'))).toBe('INVALID_TRANSITION');
    });

    it('turn what is paid too much into balance, which pays for the next', async () => {
      const [ada, { id }] = await withOpenInvoice();
      await world.pay(id, '100');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'PAID', amountDue: '0' });
      expect(await ada.balance()).toBe('69');
      await ada.travel('2026-05-01T02:00:00Z');
      expect((await ada.ledger()).slice(1)).toEqual([
        `PAID 31 less 31: ${february}`,
        'PAID 31 less 31: Base 2026-03-01/2026-04-01 31',
        'OPEN 31 less 7: Base 2026-04-01/2026-05-01 31',
      ]);
      expect(await ada.latestInvoice()).toMatchObject({ amountDue: '24' });
      expect(await ada.balance()).toBe('0');
    });

    it('take no payment of nothing, less, or fractions of a cent', async () => {
      const [ada, { id }] = await withOpenInvoice();
      for (const amount of ['0', '-1', '0.001'])
        expect(await refusal('recordPayment', pay(id, amount))).toBe('VALIDATION_FAILED');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'OPEN', amountDue: '31' });
    });

    it('that are voided waive what they are for, late usage too, and what was paid is kept as balance', async () => {
      const [ada, { id }] = await withOpenInvoice('hybrid');
      await world.pay(id, '10');
      await world.void(id);
      expect(await ada.latestInvoice()).toMatchObject({ status: 'VOID', amountDue: '0' });
      expect(await ada.balance()).toBe('10');
      await ada.use('calls', '2026-01-31T00:00:00Z', '1000');
      await ada.travel('2026-03-01T02:00:00Z');
      expect(await ada.ledger()).toEqual([
        `VOID 31: ${january} + Calls 0 2026-01-01/2026-02-01 0`,
        `OPEN 31 less 10: ${february} + Calls 0 2026-02-01/2026-03-01 0`,
      ]);
    });

    it('that are issued again come back as a draft, with a number of their own', async () => {
      const [ada, { id }] = await withOpenInvoice('hybrid');
      await world.pay(id, '10');
      await ada.use('calls', '2026-01-31T00:00:00Z', '20');
      await world.void(id, { reissue: true });
      expect((await ada.ledger()).at(-1)).toBe(`DRAFT 33: ${january} + Calls 20 2026-01-01/2026-02-01 2`);
      await ada.travel('2026-02-02T00:00:00Z');
      const [voided, reissued] = await ada.invoices();
      expect([voided.status, reissued.status, reissued.creditsApplied]).toEqual(['VOID', 'OPEN', '10']);
      expect(reissued.number).not.toBe(voided.number);
      await ada.travel('2026-03-01T02:00:00Z');
      expect((await ada.ledger()).slice(2)).toEqual([`OPEN 31: ${february} + Calls 0 2026-02-01/2026-03-01 0`]);
    });

    it('that are issued again in the next period do not disturb it', async () => {
      const [ada, { id }] = await withOpenInvoice('prepaid');
      await world.void((await ada.invoices())[0].id, { reissue: true });
      expect(id).not.toBe((await ada.invoices())[0].id);
      await ada.travel('2026-03-01T02:00:00Z');
      expect(await ada.ledger()).toEqual([
        `VOID 31: ${january}`,
        `OPEN 31: ${february}`,
        `OPEN 31: ${january}`,
        'OPEN 31: Base 2026-03-01/2026-04-01 31',
      ]);
    });

    it('can be neither edited away nor taken back once they are paid or void', async () => {
      const [, paid] = await withOpenInvoice();
      await world.pay(paid.id, '31');
      const [, voided] = await withOpenInvoice();
      await world.void(voided.id);
      for (const { id } of [paid, voided]) {
        expect(await refusal('voidInvoice', `id: "${id}"`)).toBe('INVALID_TRANSITION');
        expect(await refusal('voidInvoice', `id: "${id}", reissue: true`)).toBe('INVALID_TRANSITION');
        expect(await refusal('markInvoiceUncollectible', `id: "${id}"`)).toBe('INVALID_TRANSITION');
        expect(await refusal('finalizeInvoice', `id: "${id}"`)).toBe('INVALID_TRANSITION');
        expect(await refusal('deleteDraftInvoice', `id: "${id}"`)).toBe('INVALID_TRANSITION');
      }
    });
  });

  describe('that are written off', () => {
    it('can still be paid, in parts too', async () => {
      const [ada, { id }] = await withOpenInvoice();
      await world.writeOff(id);
      await world.pay(id, '30');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'UNCOLLECTIBLE', amountDue: '1' });
      await world.pay(id, '2');
      expect(await ada.latestInvoice()).toMatchObject({ status: 'PAID', amountDue: '0' });
      expect(await ada.balance()).toBe('1');
    });

    it('can be voided, and written off only once', async () => {
      const [ada, { id }] = await withOpenInvoice();
      await world.writeOff(id);
      expect(await refusal('markInvoiceUncollectible', `id: "${id}"`)).toBe('INVALID_TRANSITION');
      await world.void(id);
      expect((await ada.latestInvoice()).status).toBe('VOID');
    });
  });

  describe('that are overdue', () => {
    it.each([
      ['paid', (id: string) => world.pay(id, '31')],
      ['voided', (id: string) => world.void(id)],
      ['written off', (id: string) => world.writeOff(id)],
    ])('make the subscription PAST_DUE, which is billed on, until they are %s', async (_, settle) => {
      const [ada, { id }] = await withOpenInvoice();
      await ada.travel('2026-03-03T00:59:59Z');
      expect(await ada.state()).toMatch(/^ACTIVE/);
      await ada.travel('2026-03-03T01:00:00Z');
      expect(await ada.state()).toMatch(/^PAST_DUE/);
      await ada.travel('2026-04-01T02:00:00Z');
      expect(await ada.ledger()).toHaveLength(3);
      await settle((await ada.invoices())[1].id);
      expect(await ada.state()).toMatch(/^PAST_DUE/);
      await settle(id);
      expect(await ada.state()).toMatch(/^ACTIVE/);
      expect((await ada.transitions()).slice(1)).toEqual([
        '2026-03-03T01:00 ACTIVE>PAST_DUE system: An invoice is overdue.',
        '2026-04-01T02:00 PAST_DUE>ACTIVE system: No overdue invoice is left.',
      ]);
    });

    it('are so after the payment terms', async () => {
      await app.database.sql('UPDATE organizations SET payment_terms_days = 7');
      const [ada] = await withOpenInvoice();
      await app.database.sql('UPDATE organizations SET payment_terms_days = 30');
      await ada.travel('2026-02-08T01:00:00Z');
      expect((await ada.transitions()).at(-1)).toBe('2026-02-08T01:00 ACTIVE>PAST_DUE system: An invoice is overdue.');
    });
  });
});
