import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { by, DESK_INVOICE, InvoiceDesk, type DeskInvoice } from '../support/invoice-desk.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const address = (country: string, region: string | null = null) => ({ billingAddress: { country, region } });

describe('taxes', () => {
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({ lookupKey: 'hybrid', type: 'HYBRID', charges: [flat('30'), perUnit(calls, '0.1')] });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    const validFrom = '2025-01-01T00:00:00Z';
    for (const rate of [
      { name: 'VAT', country: 'DE', percentage: '19' },
      { name: 'VAT', country: 'AT', percentage: '20', inclusive: true },
      { name: 'GST', country: 'CA', percentage: '5' },
      { name: 'HST', country: 'CA', region: 'NS', percentage: '14' },
      { name: 'VAT', country: 'CH', percentage: '7.7', validTo: '2026-02-01T01:00:00Z' },
      { name: 'VAT', country: 'CH', percentage: '8.1', validFrom: '2026-02-01T01:00:00Z' },
    ])
      await desk.do('createTaxRate', { input: { validFrom, ...rate } });
  });
  afterAll(() => app.close());

  const customer = async (input: object): Promise<Story> => Story.begin(world, '2026-01-01T00:00:00Z', { ...input });
  /** An issued one-off invoice of these amounts. */
  async function issued(input: object, ...amounts: string[]): Promise<DeskInvoice> {
    const draft = await desk.create(
      (await customer(input)).customerId,
      amounts.map((amount) => by('1', amount)),
    );
    const invoice = await desk.finalize(draft.id);
    // What the draft showed is what was issued.
    for (const field of ['subtotal', 'tax', 'total', 'taxes', 'taxTreatment', 'lines'] as const)
      expect(draft[field]).toEqual(invoice[field]);
    return invoice;
  }
  const sums = ({ subtotal, tax, total }: DeskInvoice): string => `${subtotal} + ${tax} = ${total}`;

  it('come on top where the rate is exclusive', async () => {
    // 10.05, 0.33 and 0.33: 10.71 × 19 % = 2.0349. 1.9095 and twice 0.0627, rounded down, leave 1 cent for the largest remainder.
    const invoice = await issued(address('DE'), '10.05', '0.33', '0.33');
    expect(sums(invoice)).toBe('10.71 + 2.03 = 12.74');
    expect(invoice.lines.map(({ amount, netAmount, tax, taxRate }) => [amount, netAmount, tax, taxRate])).toEqual([
      ['10.05', '10.05', '1.91', '19'],
      ['0.33', '0.33', '0.06', '19'],
      ['0.33', '0.33', '0.06', '19'],
    ]);
    expect(invoice.taxTreatment).toBe('RATE');
    expect(invoice.taxes).toEqual([{ name: 'VAT', percentage: '19', inclusive: false, amount: '2.03' }]);
  });

  it('are in the price where the rate is inclusive: the total stays', async () => {
    // 20 × 20/120 = 3.3333.
    const invoice = await issued(address('AT'), '10', '10');
    expect(sums(invoice)).toBe('16.67 + 3.33 = 20');
    expect(invoice.lines.map(({ amount, netAmount, tax, taxInclusive }) => [amount, netAmount, tax, taxInclusive])).toEqual([
      ['10', '8.33', '1.67', true],
      ['10', '8.34', '1.66', true],
    ]);
  });

  it('are those of the region, else of the country, else none', async () => {
    expect(sums(await issued(address('CA', 'ns'), '100'))).toBe('100 + 14 = 114');
    expect(sums(await issued(address('CA', 'BC'), '100'))).toBe('100 + 5 = 105');
    const none = await issued(address('US', 'NS'), '100');
    expect(none).toMatchObject({ tax: '0', total: '100', taxTreatment: 'NONE', taxes: [] });
    expect(await issued({}, '100')).toMatchObject({ tax: '0', taxTreatment: 'NONE' });
  });

  it('are not asked of who is exempt, or charged in reverse', async () => {
    expect(await issued({ ...address('DE'), taxExempt: true }, '100')).toMatchObject({
      total: '100',
      taxTreatment: 'EXEMPT',
      taxes: [],
    });
    const reverse = { ...address('DE'), taxId: 'DE 123 456 789', reverseCharge: true };
    expect(await issued(reverse, '100')).toMatchObject({ total: '100', taxTreatment: 'REVERSE_CHARGE', taxes: [] });
    // Whose price is with tax, is charged the price.
    expect(await issued({ ...address('AT'), taxExempt: true }, '120')).toMatchObject({ subtotal: '120', tax: '0', total: '120' });
  });

  it('need an id of the right form to be reversed in the EU', async () => {
    const refusal = async (input: object) =>
      (
        await app.api.failure('mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }', {
          input: { externalId: 'eve', reverseCharge: true, ...input },
        })
      ).extensions;
    expect(await refusal(address('DE'))).toMatchObject({ code: 'VALIDATION_FAILED', field: 'taxId' });
    expect(await refusal({ ...address('DE'), taxId: 'DE12345678' })).toMatchObject({ code: 'VALIDATION_FAILED', field: 'taxId' });
    const bob = await customer({ ...address('CH'), taxId: 'CHE-123.456.788', reverseCharge: true });
    // The update is held against what there is already.
    const update = (input: object) => desk.refusal('updateCustomer', { id: bob.customerId, input });
    expect(await update(address('FR'))).toMatchObject({ code: 'VALIDATION_FAILED', field: 'taxId' });
    expect(await update({ taxId: null })).toMatchObject({ code: 'VALIDATION_FAILED', field: 'taxId' });
    await desk.do('updateCustomer', { id: bob.customerId, input: { taxId: null, reverseCharge: false } });
  });

  it('of a subscription are in its preview, its draft and its invoice, each at the rate of its time', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'hybrid', {}, address('CH'));
    await ada.use('calls', '2026-01-01T00:00:00Z', '25');
    const { previewInvoice } = await app.api.query<{ previewInvoice: DeskInvoice }>(
      `query ($id: ID!) { previewInvoice(subscriptionId: $id) { ${DESK_INVOICE.replace('creditNotes', 'creditNotes')} } }`,
      { id: ada.subscriptionId },
    );
    // 32.5 × 7.7 % = 2.5025; 2.31 of 30, and 0.1925 of 2.5.
    expect(sums(previewInvoice)).toBe('32.5 + 2.5 = 35');
    expect(previewInvoice.lines.map(({ tax }) => tax)).toEqual(['2.31', '0.19']);
    await ada.travel('2026-02-01T00:30:00Z');
    const draft = await desk.invoice((await ada.latestInvoice()).id);
    expect(sums(draft)).toBe('32.5 + 2.5 = 35');
    // Issued when the new rate has come into force, with 5 more calls: 33 × 8.1 % = 2.673; 2.43 and 0.243.
    await ada.use('calls', '2026-01-20T00:00:00Z', '5');
    await ada.travel('2026-02-01T01:00:00Z');
    const invoice = await desk.invoice(draft.id);
    expect(sums(invoice)).toBe('33 + 2.67 = 35.67');
    expect(invoice.lines.map(({ tax, taxRate }) => `${tax} ${taxRate}`)).toEqual(['2.43 8.1', '0.24 8.1']);
    const { verifyInvoice } = await app.api.query<{ verifyInvoice: object }>(
      'query ($id: ID!) { verifyInvoice(id: $id) { matches totalsMatch } }',
      { id: draft.id },
    );
    expect(verifyInvoice).toEqual({ matches: true, totalsMatch: true });
  });

  it('come back with a credit: what is kept as balance is what was charged', async () => {
    for (const [country, kept] of [
      // 31 + 19 % = 36.89 was charged; 21 + 3.99 of it is unused.
      ['DE', '24.99'],
      // 31 was charged, with its tax in it.
      ['AT', '21'],
    ]) {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid', {}, address(country));
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel();
      expect(await ada.balance()).toBe(kept);
      const credit = await desk.invoice((await ada.latestInvoice()).id);
      expect(credit).toMatchObject({ status: 'PAID', total: '0' });
      const { verifyInvoice } = await app.api.query<{ verifyInvoice: object }>(
        'query ($id: ID!) { verifyInvoice(id: $id) { matches totalsMatch } }',
        { id: credit.id },
      );
      expect(verifyInvoice).toEqual({ matches: true, totalsMatch: true });
    }
  });

  it('are in the preview of a plan change, which goes stale with them', async () => {
    await world.plan({ lookupKey: 'larger', type: 'FIXED', charges: [flat('62', IN_ADVANCE)] });
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid', {}, address('DE'));
    await ada.travel('2026-01-11T00:00:00Z');
    const input = { planId: await world.planId('larger'), timing: 'IMMEDIATE' as const };
    const { previewPlanChange } = await app.api.query<{ previewPlanChange: { total: string; tax: string; hash: string } }>(
      `query ($id: ID!, $input: ChangePlanInput!) { previewPlanChange(subscriptionId: $id, input: $input) { total tax hash } }`,
      { id: ada.subscriptionId, input },
    );
    // 42 − 21 = 21, and 19 % of that.
    expect(previewPlanChange).toMatchObject({ total: '24.99', tax: '3.99' });
    await desk.do('updateCustomer', { id: ada.customerId, input: { taxExempt: true } });
    const stale = { ...input, previewHash: previewPlanChange.hash };
    expect((await ada.refusal('changePlan', stale, 'ChangePlanInput')).code).toBe('PREVIEW_STALE');
  });

  describe('have rates', () => {
    const rate = (more: object) => ({
      input: { name: 'VAT', country: 'ES', percentage: '21', validFrom: '2026-01-01T00:00:00Z', ...more },
    });

    it('of which one is in force at a time', async () => {
      const { id } = await desk.do<{ id: string }>('createTaxRate', rate({}));
      expect(await desk.refusal('createTaxRate', rate({ percentage: '22', validFrom: '2027-01-01T00:00:00Z' }))).toMatchObject({
        code: 'CONFLICT',
      });
      expect(await desk.refusal('createTaxRate', rate({ validFrom: '2025-01-01T00:00:00Z' }))).toMatchObject({
        code: 'CONFLICT',
      });
      // A region is another place, and a rate that ends where this one begins is out of its way.
      await desk.do('createTaxRate', rate({ region: 'CN', percentage: '7' }));
      expect(await desk.refusal('createTaxRate', rate({ region: ' cn ', percentage: '8' }))).toMatchObject({ code: 'CONFLICT' });
      await desk.do(
        'createTaxRate',
        rate({ percentage: '18', validFrom: '2025-01-01T00:00:00Z', validTo: '2026-01-01T00:00:00Z' }),
      );
      expect(await desk.do('endTaxRate', { id, validTo: '2027-01-01T00:00:00Z' })).toMatchObject({
        validTo: '2027-01-01T00:00:00.000Z',
      });
      await desk.do('createTaxRate', rate({ percentage: '22.1234', validFrom: '2027-01-01T00:00:00Z' }));
      expect(await desk.refusal('endTaxRate', { id, validTo: '2027-01-02T00:00:00Z' })).toMatchObject({ code: 'CONFLICT' });
    });

    it.each([
      [{ percentage: '-1' }, 'percentage'],
      [{ percentage: '100.0001' }, 'percentage'],
      [{ percentage: '8.87501' }, 'percentage'],
      [{ country: 'XX' }, 'country'],
      [{ country: 'es' }, 'country'],
      [{ name: ' ' }, 'name'],
      [{ country: 'PT', validTo: '2026-01-01T00:00:00Z' }, 'validTo'],
    ])('that make sense: %j does not', async (input, field) => {
      expect(await desk.refusal('createTaxRate', rate(input))).toMatchObject({ code: 'VALIDATION_FAILED', field });
    });
  });
});
