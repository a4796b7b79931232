import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { by, InvoiceDesk, type DeskInvoice } from '../support/invoice-desk.js';
import { Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('balances and refunds', () => {
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
  });
  afterAll(() => app.close());

  const begin = (): Promise<Story> => Story.begin(world, '2026-01-01T00:00:00Z');
  const adjust = (ada: Story, amount: string, more: object = {}) =>
    desk.do<object>('adjustBalance', { id: ada.customerId, input: { amount, currency: 'USD', ...more } });
  async function issued(ada: Story, amount: string): Promise<DeskInvoice> {
    return desk.finalize((await desk.create(ada.customerId, [by('1', amount)])).id);
  }

  describe('by hand', () => {
    it('are credited and debited, with who did it and why', async () => {
      const ada = await begin();
      const entry = await adjust(ada, '10.5', { memo: 'Welcome' });
      expect(entry).toMatchObject({ amount: '10.5', currency: 'USD', reason: 'ADJUSTMENT', memo: 'Welcome' });
      expect((entry as { actor: string }).actor).toMatch(/^api_key:/);
      await adjust(ada, '-10.5');
      expect(await ada.balance()).toBe('0');
      expect(await desk.ledger(ada.customerId)).toEqual(['ADJUSTMENT 10.5', 'ADJUSTMENT -10.5']);
    });

    it('are never debited below 0, even at once', async () => {
      const ada = await begin();
      await adjust(ada, '10');
      const debit = { id: ada.customerId, input: { amount: '-10.01', currency: 'USD' } };
      expect(await desk.refusal('adjustBalance', debit)).toMatchObject({ code: 'CONFLICT', field: 'amount' });
      const document =
        'mutation ($id: ID!, $input: AdjustBalanceInput!) { adjustBalance(customerId: $id, input: $input) { id } }';
      const attempts = await Promise.all(
        Array.from({ length: 8 }, () => app.api.send(document, { ...debit, input: { amount: '-4', currency: 'USD' } })),
      );
      expect(attempts.filter(({ errors }) => !errors)).toHaveLength(2);
      expect(await ada.balance()).toBe('2');
    });

    it('are of a currency: the customer’s, else the organization’s', async () => {
      const ada = await begin();
      const input = { amount: '5' };
      expect(await desk.refusal('adjustBalance', { id: ada.customerId, input })).toMatchObject({
        code: 'VALIDATION_FAILED',
        field: 'currency',
      });
      await desk.do('updateOrganization', { input: { currency: 'EUR' } });
      expect(await desk.do('adjustBalance', { id: ada.customerId, input })).toMatchObject({ currency: 'EUR' });
      await desk.do('updateOrganization', { input: { currency: null } });
      const bob = await Story.begin(world, '2026-01-01T00:00:00Z', { currency: 'JPY' });
      expect(await desk.do('adjustBalance', { id: bob.customerId, input })).toMatchObject({ currency: 'JPY' });
      expect(await desk.refusal('adjustBalance', { id: bob.customerId, input: { amount: '0.5' } })).toMatchObject({
        field: 'amount',
      });
      expect(await desk.refusal('adjustBalance', { id: bob.customerId, input: { amount: '0' } })).toMatchObject({
        field: 'amount',
      });
      expect(await desk.refusal('adjustBalance', { id: bob.customerId, input: { amount: '1', currency: 'XYZ' } })).toMatchObject({
        field: 'currency',
      });
    });
  });

  it('say where they came from and what used them up', async () => {
    const ada = await begin();
    await adjust(ada, '20');
    const first = await issued(ada, '50');
    expect(first).toMatchObject({ creditsApplied: '20', amountDue: '30' });
    await desk.pay(first.id, '42');
    const { customer } = await app.api.query<{ customer: { balanceEntries: { totalCount: number; nodes: object[] } } }>(
      `query ($id: ID!) { customer(id: $id) { balanceEntries(first: 2) { totalCount nodes { reason amount invoice { id } creditNote { id } } } } }`,
      { id: ada.customerId },
    );
    // Newest first: 42 − 30.
    expect(customer.balanceEntries).toEqual({
      totalCount: 3,
      nodes: [
        { reason: 'OVERPAYMENT', amount: '12', invoice: { id: first.id }, creditNote: null },
        { reason: 'APPLIED', amount: '-20', invoice: { id: first.id }, creditNote: null },
      ],
    });
    const { payments } = await desk.invoice(first.id);
    expect(payments).toMatchObject([{ amount: '42', toBalance: '12' }]);
  });

  describe('are refunded', () => {
    const refund = (input: object) => desk.do<{ id: string }>('recordRefund', { input });
    const refusal = async (input: object) => {
      const { code, field } = await desk.refusal('recordRefund', { input });
      return `${code} ${field}`;
    };

    it('from the balance, never more than there is', async () => {
      const ada = await begin();
      await adjust(ada, '20');
      const of = { customerId: ada.customerId, currency: 'USD' };
      expect(await refund({ ...of, amount: '15', method: 'transfer', reference: 'R-1' })).toMatchObject({
        amount: '15',
        paymentId: null,
      });
      expect(await refusal({ ...of, amount: '5.01' })).toBe('CONFLICT amount');
      expect(await ada.balance()).toBe('5');
      expect(await desk.ledger(ada.customerId)).toEqual(['ADJUSTMENT 20', 'REFUND -15']);
    });

    it('from a payment, but for what became balance of it', async () => {
      const ada = await begin();
      const { id } = await issued(ada, '50');
      const { payments } = await desk.pay(id, '70');
      const paymentId = payments[0].id;
      expect(await refusal({ paymentId, amount: '50.01' })).toBe('CONFLICT amount');
      await refund({ paymentId, amount: '30' });
      expect(await refusal({ paymentId, amount: '20.01' })).toBe('CONFLICT amount');
      await refund({ paymentId, amount: '20' });
      expect(await desk.invoice(id)).toMatchObject({ status: 'PAID', payments: [{ amount: '70', amountRefunded: '50' }] });
      expect(await ada.balance()).toBe('20');
      // The credit note that documents it afterwards gives nothing back a second time.
      expect((await desk.refusal('createCreditNote', { id, input: {} })).code).toBe('CONFLICT');
      expect(await desk.credit(id, { destination: 'REFUND' })).toMatchObject({ total: '50', amountRefunded: '50' });
      expect((await desk.invoice(id)).refunds.map(({ amount }) => amount)).toEqual(['30', '20']);
    });

    it('not once more after a credit note gave it back', async () => {
      const ada = await begin();
      const { id } = await issued(ada, '50');
      const { payments } = await desk.pay(id, '50');
      await desk.credit(id);
      expect(await refusal({ paymentId: payments[0].id, amount: '0.01' })).toBe('CONFLICT amount');
      expect(await ada.balance()).toBe('50');
    });

    it('in money only as far as money was paid', async () => {
      const ada = await begin();
      await adjust(ada, '30');
      const { id } = await issued(ada, '50');
      await desk.pay(id, '20');
      expect((await desk.refusal('createCreditNote', { id, input: { destination: 'REFUND' } })).code).toBe('CONFLICT');
      expect(await desk.credit(id)).toMatchObject({ amountToBalance: '50' });
    });

    it('of payments of paid invoices; those of a voided one are balance', async () => {
      const ada = await begin();
      const { id } = await issued(ada, '50');
      const { payments } = await desk.pay(id, '20');
      const input = { paymentId: payments[0].id, amount: '1' };
      expect(await refusal(input)).toBe('INVALID_TRANSITION undefined');
      await desk.do('voidInvoice', { id });
      expect(await refusal(input)).toBe('INVALID_TRANSITION undefined');
      await refund({ customerId: ada.customerId, currency: 'USD', amount: '20' });
      expect(await ada.balance()).toBe('0');
    });

    it('with sense', async () => {
      const ada = await begin();
      const of = { customerId: ada.customerId, currency: 'USD' };
      expect(await refusal({ amount: '1' })).toBe('VALIDATION_FAILED paymentId');
      expect(await refusal({ ...of, paymentId: ada.customerId, amount: '1' })).toBe('VALIDATION_FAILED paymentId');
      expect(await refusal({ ...of, amount: '0' })).toBe('VALIDATION_FAILED amount');
      expect(await refusal({ ...of, amount: '0.001' })).toBe('VALIDATION_FAILED amount');
      expect(await refusal({ paymentId: ada.customerId, amount: '1' })).toBe('NOT_FOUND paymentId');
    });
  });
});
