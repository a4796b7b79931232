import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { by, InvoiceDesk, type DeskInvoice } from '../support/invoice-desk.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('credit notes', () => {
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    await world.plan({ lookupKey: 'calls', type: 'USAGE', charges: [perUnit(calls, '1')] });
    const validFrom = '2025-01-01T00:00:00Z';
    await desk.do('createTaxRate', { input: { name: 'VAT', country: 'DE', percentage: '19', validFrom } });
    await desk.do('createTaxRate', { input: { name: 'VAT', country: 'AT', percentage: '20', inclusive: true, validFrom } });
  });
  afterAll(() => app.close());

  /** An issued invoice of these amounts. */
  async function issued(amounts: string[], country: string | null = null): Promise<[Story, DeskInvoice]> {
    const ada = await Story.begin(world, '2026-01-01T00:00:00Z', country ? { billingAddress: { country } } : {});
    const draft = await desk.create(
      ada.customerId,
      amounts.map((amount, index) => by('1', amount, `Line ${index + 1}`)),
    );
    return [ada, await desk.finalize(draft.id)];
  }
  const part = ({ lines }: DeskInvoice, index: number, amount?: string) => ({ invoiceLineId: lines[index].id, amount });

  it('of an open invoice lower what is due', async () => {
    const [ada, invoice] = await issued(['100', '50']);
    const note = await desk.credit(invoice.id, { lines: [part(invoice, 0, '30')], reason: 'Half a day down' });
    expect(note).toMatchObject({ total: '30', amountApplied: '30', amountToBalance: '0', amountRefunded: '0' });
    expect(note.lines).toEqual([{ description: 'Line 1', amount: '30', tax: '0' }]);
    expect(await desk.invoice(invoice.id)).toMatchObject({
      status: 'OPEN',
      amountCredited: '30',
      totalCredited: '30',
      amountDue: '120',
    });
    // The rest is paid.
    expect(await desk.pay(invoice.id, '120')).toMatchObject({ status: 'PAID', amountDue: '0', amountPaid: '120' });
    expect(await ada.balance()).toBe('0');
  });

  it('of all of an open invoice leave nothing to pay', async () => {
    const [, invoice] = await issued(['100', '-20']);
    const note = await desk.credit(invoice.id);
    expect(note).toMatchObject({ total: '80', amountApplied: '80' });
    expect(note.lines.map(({ amount }) => amount)).toEqual(['100', '-20']);
    expect(await desk.invoice(invoice.id)).toMatchObject({
      status: 'PAID',
      amountPaid: '0',
      amountCredited: '80',
      amountDue: '0',
    });
    expect((await desk.refusal('createCreditNote', { id: invoice.id, input: {} })).code).toBe('CONFLICT');
  });

  it('of an invoice paid in part first lower what is due, and keep the rest as balance', async () => {
    const [ada, invoice] = await issued(['100']);
    await desk.pay(invoice.id, '60');
    // 40 is due; 30 of the 70 were paid already.
    const note = await desk.credit(invoice.id, { lines: [part(invoice, 0, '70')] });
    expect(note).toMatchObject({ total: '70', amountApplied: '40', amountToBalance: '30' });
    expect(await desk.invoice(invoice.id)).toMatchObject({
      status: 'PAID',
      amountCredited: '40',
      totalCredited: '70',
      amountDue: '0',
    });
    expect(await desk.ledger(ada.customerId)).toEqual(['CREDIT_NOTE 30']);
  });

  it('of a paid invoice become balance, or are recorded as paid back', async () => {
    const [ada, invoice] = await issued(['100', '50']);
    await desk.pay(invoice.id, '100');
    await desk.pay(invoice.id, '50');
    expect(await desk.credit(invoice.id, { lines: [part(invoice, 0, '40')] })).toMatchObject({ amountToBalance: '40' });
    expect(await ada.balance()).toBe('40');
    // 110 is left: of the payments, oldest first.
    expect(await desk.credit(invoice.id, { destination: 'REFUND' })).toMatchObject({ total: '110', amountRefunded: '110' });
    const { status, payments, refunds, totalCredited, creditNotes } = await desk.invoice(invoice.id);
    expect({ status, totalCredited }).toEqual({ status: 'PAID', totalCredited: '150' });
    expect(payments.map(({ amount, amountRefunded }) => [amount, amountRefunded])).toEqual([
      ['100', '100'],
      ['50', '10'],
    ]);
    expect(refunds.map(({ amount }) => amount)).toEqual(['100', '10']);
    expect(creditNotes.map(({ total }) => total)).toEqual(['40', '110']);
    expect(await ada.balance()).toBe('40');
  });

  it('carry their share of the tax, which adds up to that of the line', async () => {
    // 0.1 × 19 % = 0.019: 2 cents. A third of the line has 0.02 × 3/10 = 0.006: 1 cent; two thirds 0.012, so 1 cent less the first.
    const [, invoice] = await issued(['0.1'], 'DE');
    expect(invoice).toMatchObject({ tax: '0.02', total: '0.12' });
    const notes = [];
    for (const amount of ['0.03', '0.03', undefined])
      notes.push(await desk.credit(invoice.id, { lines: [part(invoice, 0, amount)] }));
    expect(notes.map(({ subtotal, tax, total }) => `${subtotal} + ${tax} = ${total}`)).toEqual([
      '0.03 + 0.01 = 0.04',
      '0.03 + 0 = 0.03',
      '0.04 + 0.01 = 0.05',
    ]);
    expect(await desk.invoice(invoice.id)).toMatchObject({ status: 'PAID', amountCredited: '0.12' });
  });

  it('of prices with their tax in them are of the price', async () => {
    const [, invoice] = await issued(['120'], 'AT');
    expect(await desk.credit(invoice.id, { lines: [part(invoice, 0, '60')] })).toMatchObject({
      subtotal: '50',
      tax: '10',
      total: '60',
    });
    expect(await desk.credit(invoice.id)).toMatchObject({ subtotal: '50', tax: '10', total: '60' });
  });

  it('are never of more than is left, of a line or of the invoice', async () => {
    const [, invoice] = await issued(['100', '-20']);
    const refusal = async (...lines: object[]) => {
      const { code, field } = await desk.refusal('createCreditNote', { id: invoice.id, input: { lines } });
      return `${code} ${field}`;
    };
    await desk.credit(invoice.id, { lines: [part(invoice, 0, '60')] });
    expect(await refusal(part(invoice, 0, '40.01'))).toBe('VALIDATION_FAILED lines[0].amount');
    // 40 is left of the line, but 20 of the invoice.
    expect(await refusal(part(invoice, 0, '20.01'))).toBe('VALIDATION_FAILED lines');
    expect(await refusal(part(invoice, 1, '1'))).toBe('VALIDATION_FAILED lines[0].amount');
    expect(await refusal(part(invoice, 0, '0'))).toBe('VALIDATION_FAILED lines[0].amount');
    expect(await refusal(part(invoice, 0, '-1'))).toBe('VALIDATION_FAILED lines[0].amount');
    expect(await refusal(part(invoice, 0, '0.001'))).toBe('VALIDATION_FAILED lines[0].amount');
    expect(await refusal(part(invoice, 0, '1'), part(invoice, 0, '1'))).toBe('VALIDATION_FAILED lines[1].invoiceLineId');
    expect(await refusal()).toBe('VALIDATION_FAILED lines');
    const [, other] = await issued(['1']);
    expect(await refusal(part(other, 0, '1'))).toBe('NOT_FOUND lines[0].invoiceLineId');
    expect(await desk.invoice(invoice.id)).toMatchObject({ totalCredited: '60', amountDue: '20' });
  });

  it('are for invoices that are open or paid, which are then not voided any more', async () => {
    const [ada, invoice] = await issued(['100']);
    const draft = await desk.create(ada.customerId, [by('1', '5')]);
    expect((await desk.refusal('createCreditNote', { id: draft.id, input: {} })).code).toBe('INVALID_TRANSITION');
    await desk.credit(invoice.id, { lines: [part(invoice, 0, '1')] });
    expect((await desk.refusal('voidInvoice', { id: invoice.id })).code).toBe('CONFLICT');
    const [, other] = await issued(['100']);
    await desk.do('voidInvoice', { id: other.id });
    expect((await desk.refusal('createCreditNote', { id: other.id, input: {} })).code).toBe('INVALID_TRANSITION');
  });

  it('are numbered without gaps, whatever fails in between', async () => {
    const before = (await numbers()).length;
    const [, invoice] = await issued(['100']);
    await desk.credit(invoice.id, { lines: [part(invoice, 0, '1')] });
    await desk.refusal('createCreditNote', {
      id: invoice.id,
      input: { lines: [part(invoice, 0, '1')], destination: 'REFUND', reason: 'x'.repeat(1001) },
    });
    await Promise.all([1, 2, 3, 4, 5].map(() => desk.credit(invoice.id, { lines: [part(invoice, 0, '1')] })));
    const all = await numbers();
    expect(all).toHaveLength(before + 6);
    expect(all.sort()).toEqual(all.map((_, index) => `CN-2026-${String(index + 1).padStart(4, '0')}`));
    const { creditNote } = await app.api.query<{ creditNote: { number: string; invoice: { id: string } } }>(
      `query ($number: String!) { creditNote(number: $number) { number invoice { id } } }`,
      { number: all.at(-1) },
    );
    expect(creditNote).toEqual({ number: all.at(-1), invoice: { id: invoice.id } });
  });
  const numbers = async (): Promise<string[]> =>
    (
      await app.api.query<{ creditNotes: { nodes: { number: string }[] } }>('{ creditNotes(first: 100) { nodes { number } } }')
    ).creditNotes.nodes.map(({ number }) => number);

  describe('and the runs after them', () => {
    it('of a prepaid line: the unused part is of what is left', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-02T00:00:00Z');
      const invoice = await desk.invoice((await ada.latestInvoice()).id);
      await desk.credit(invoice.id, { lines: [part(invoice, 0, '15.5')] });
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel();
      // 15.5 is left, 21/31 of it unused.
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: CREDIT Base 2026-01-11/2026-02-01 -10.5 + BALANCE 10.5');
    });

    it('of a prepaid line taken back whole: nothing is billed or credited for it', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-02T00:00:00Z');
      await desk.credit((await ada.latestInvoice()).id);
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel();
      await ada.travel('2026-03-01T00:00:00Z');
      expect(await ada.ledger()).toEqual(['PAID 31: Base 2026-01-01/2026-02-01 31']);
      expect(await ada.balance()).toBe('0');
    });

    it('of usage: more of it is still billed, less of it was made good for', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'calls');
      await ada.travel('2026-01-31T00:00:00Z');
      await ada.use('calls', '2026-01-15T00:00:00Z', '100');
      await ada.travel('2026-02-02T00:00:00Z');
      await desk.credit((await ada.latestInvoice()).id);
      const { usageEvents } = await app.api.query<{ usageEvents: { nodes: { id: string }[] } }>(
        'query ($id: ID!) { usageEvents(customerId: $id) { nodes { id } } }',
        { id: ada.customerId },
      );
      await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id: usageEvents.nodes[0].id });
      await ada.travel('2026-03-02T00:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: Calls 0 2026-02-01/2026-03-01 0');
      await ada.use('calls', '2026-01-16T00:00:00Z', '107');
      await ada.travel('2026-04-02T00:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe(
        'OPEN 7: CORRECTION Calls 7 2026-01-01/2026-02-01 7 + Calls 0 2026-03-01/2026-04-01 0',
      );
    });
  });
});
