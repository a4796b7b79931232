import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { by, InvoiceDesk, type DeskInvoice } from '../support/invoice-desk.js';
import { flat, IN_ADVANCE, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const UNKNOWN = '018f0000-0000-7000-8000-000000000000';

describe('drafts', () => {
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const tiers = [{ upTo: '10', unitAmount: '1' }, { unitAmount: '0.5' }];
    const tiered = perUnit(calls, '0', { displayName: 'Tiered', model: 'GRADUATED', unitAmount: undefined, tiers });
    await world.plan({ lookupKey: 'hybrid', type: 'HYBRID', charges: [flat('31'), perUnit(calls, '0.1')] });
    await world.plan({ lookupKey: 'tiered', type: 'USAGE', charges: [tiered] });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    await world.plan({ lookupKey: 'large-prepaid', type: 'FIXED', charges: [flat('62', IN_ADVANCE)] });
  });
  afterAll(() => app.close());

  /** January's invoice with 10 calls, a draft until 01:00. */
  async function withDraft(plan = 'hybrid'): Promise<[Story, DeskInvoice]> {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', plan);
    await ada.travel('2026-01-31T00:00:00Z');
    if (plan !== 'prepaid') await ada.use('calls', '2026-01-15T00:00:00Z', '10');
    await ada.travel('2026-02-01T00:30:00Z');
    return [ada, await desk.invoice((await ada.latestInvoice()).id)];
  }
  const keep = ({ lines }: DeskInvoice, ...indexes: number[]) => indexes.map((index) => ({ id: lines[index].id }));
  const summary = ({ total, lines }: DeskInvoice): string[] => [
    total,
    ...lines.map(({ kind, description, amount, edited }) => `${kind} ${description} ${amount}${edited ? ' edited' : ''}`),
  ];

  describe('whose lines are edited', () => {
    it('take new lines, and keep the others as they were computed', async () => {
      const [ada, draft] = await withDraft('tiered');
      const edited = await desk.edit(draft.id, {
        lines: [...keep(draft, 0), by('2', '7.5', 'Support'), by('1', '-3', 'Discount')],
      });
      // 10 × 1, 2 × 7.5 and −3.
      expect(summary(edited)).toEqual(['22', 'CHARGE Tiered 10', 'ONE_OFF Support 15', 'ONE_OFF Discount -3']);
      expect(edited.lines[1].explanation.text).toBe('2 × 7.5 USD: 15 USD.');
      // Two more calls in the review window: the line of the charge is still read again, 10 × 1 + 2 × 0.5.
      await ada.use('calls', '2026-01-20T00:00:00Z', '2');
      await ada.travel('2026-02-01T02:00:00Z');
      expect(summary(await desk.invoice(draft.id))).toEqual([
        '23',
        'CHARGE Tiered 11',
        'ONE_OFF Support 15',
        'ONE_OFF Discount -3',
      ]);
      await ada.travel('2026-03-01T02:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: Tiered 0 2026-02-01/2026-03-01 0');
    });

    it('keep what a person set, whatever usage arrives and whatever the run thinks of it', async () => {
      const [ada, draft] = await withDraft();
      const [base, calls] = draft.lines;
      const edited = await desk.edit(draft.id, {
        lines: [
          { id: base.id, unitAmount: '20' },
          { id: calls.id, quantity: '4' },
        ],
      });
      // 1 × 20 and 4 × 0.1.
      expect(summary(edited)).toEqual(['20.4', 'CHARGE Base 20 edited', 'CHARGE Calls 0.4 edited']);
      expect(edited.lines[1].explanation.text).toBe('Set by hand to 4 × 0.1 USD, instead of 1 USD: 0.4 USD.');
      await ada.use('calls', '2026-01-20T00:00:00Z', '100');
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await desk.invoice(draft.id)).toMatchObject({ status: 'OPEN', total: '20.4' });
      await ada.use('calls', '2026-01-21T00:00:00Z', '100');
      // Nothing makes up for 31 − 20, nor for 206 more calls in January.
      await ada.travel('2026-03-01T02:00:00Z');
      expect((await ada.ledger()).at(-1)).toBe('OPEN 31: Base 2026-02-01/2026-03-01 31 + Calls 0 2026-02-01/2026-03-01 0');
      const { verifyInvoice } = await app.api.query<{ verifyInvoice: { matches: boolean } }>(
        `query ($id: ID!) { verifyInvoice(id: $id) { matches } }`,
        { id: draft.id },
      );
      expect(verifyInvoice.matches).toBe(true);
    });

    it('change of a line what is given; what is said again changes nothing', async () => {
      const [, draft] = await withDraft();
      const [base, calls] = draft.lines;
      const same = { id: calls.id, description: 'API calls', quantity: calls.quantity, unitAmount: calls.unitAmount };
      const edited = await desk.edit(draft.id, { lines: [{ id: base.id }, same] });
      expect(summary(edited)).toEqual(['32', 'CHARGE Base 31', 'CHARGE API calls 1']);
    });

    it('lose a line for good: its charge is not billed for that span again', async () => {
      const [ada, draft] = await withDraft();
      expect(summary(await desk.edit(draft.id, { lines: keep(draft, 0) }))).toEqual(['31', 'CHARGE Base 31']);
      await ada.use('calls', '2026-01-20T00:00:00Z', '100');
      await ada.travel('2026-03-01T02:00:00Z');
      expect(await ada.ledger()).toEqual([
        'OPEN 31: Base 2026-01-01/2026-02-01 31',
        'OPEN 31: Base 2026-02-01/2026-03-01 31 + Calls 0 2026-02-01/2026-03-01 0',
      ]);
    });

    it('credit of a line set by hand the unused part of what it came to', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      const draft = await desk.invoice((await ada.latestInvoice()).id);
      await desk.edit(draft.id, { lines: [{ id: draft.lines[0].id, unitAmount: '15.5' }] });
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel();
      // 15.5 × 21/31.
      expect((await ada.ledger()).at(-1)).toBe('PAID 0: CREDIT Base 2026-01-11/2026-02-01 -10.5 + BALANCE 10.5');
    });

    it('credit nothing of a line that was taken off', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      const draft = await desk.invoice((await ada.latestInvoice()).id);
      await desk.edit(draft.id, { lines: [by('1', '5', 'Set-up')] });
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.cancel();
      await ada.travel('2026-03-01T00:00:00Z');
      expect(await ada.ledger()).toEqual(['OPEN 5: ONE_OFF Set-up / 5']);
      expect(await ada.balance()).toBe('0');
    });

    it('are not replaced when their instant is billed once more', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.changePlan('large-prepaid');
      const draft = await desk.invoice((await ada.latestInvoice()).id);
      // The unused 21 of 31, and 62 × 21/31 set to 40.
      const edited = await desk.edit(draft.id, {
        lines: [{ id: draft.lines[0].id }, { id: draft.lines[1].id, unitAmount: '40' }],
      });
      expect(summary(edited)).toEqual(['19', 'CREDIT Base -21', 'CHARGE Base 40 edited']);
      await ada.cancel();
      // Nothing of the 40 was used: it is credited whole, on an invoice of its own.
      expect((await ada.ledger()).slice(-2)).toEqual([
        'DRAFT 19: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 40',
        'PAID 0: CREDIT Base 2026-01-11/2026-02-01 -40 + BALANCE 40',
      ]);
    });

    it('are drafted again as computed once they are deleted', async () => {
      const [ada, draft] = await withDraft();
      await desk.edit(draft.id, { lines: [by('1', '5')] });
      await world.deleteDraft(draft.id);
      await ada.travel('2026-02-01T00:45:00Z');
      expect(await ada.ledger()).toEqual(['DRAFT 32: Base 2026-01-01/2026-02-01 31 + Calls 10 2026-01-01/2026-02-01 1']);
    });

    it('are drafted again as computed once they are issued, voided and reissued', async () => {
      const [ada, draft] = await withDraft();
      await desk.edit(draft.id, { lines: keep(draft, 0) });
      await desk.finalize(draft.id);
      await world.void(draft.id, { reissue: true });
      expect((await ada.ledger()).at(-1)).toBe('DRAFT 32: Base 2026-01-01/2026-02-01 31 + Calls 10 2026-01-01/2026-02-01 1');
    });
  });

  describe('that are not well edited stay as they are', () => {
    it.each<[string, (draft: DeskInvoice) => object[], string, string]>([
      ['no lines', () => [], 'VALIDATION_FAILED', 'lines'],
      ['an unknown line', () => [{ id: UNKNOWN }], 'NOT_FOUND', 'lines[0].id'],
      ['a line twice', (draft) => [...keep(draft, 0, 0)], 'VALIDATION_FAILED', 'lines[1].id'],
      ['a new line without a price', () => [{ description: 'Work', quantity: '1' }], 'VALIDATION_FAILED', 'lines[0].unitAmount'],
      [
        'a quantity for tiers without a price',
        (draft) => [{ id: draft.lines[0].id, quantity: '3' }],
        'VALIDATION_FAILED',
        'lines[0].unitAmount',
      ],
      ['less than nothing', (draft) => [...keep(draft, 0), by('1', '-10.01')], 'VALIDATION_FAILED', 'lines'],
    ])('%s', async (_, lines, code, field) => {
      const [, draft] = await withDraft('tiered');
      expect(await desk.refusal('updateDraftInvoice', { id: draft.id, input: { lines: lines(draft) } })).toMatchObject({
        code,
        field,
      });
      expect(await desk.invoice(draft.id)).toEqual(draft);
    });

    it('once they are issued', async () => {
      const [, draft] = await withDraft();
      await desk.finalize(draft.id);
      expect((await desk.refusal('updateDraftInvoice', { id: draft.id, input: { memo: 'Too late' } })).code).toBe(
        'INVALID_TRANSITION',
      );
    });
  });

  describe('have dates and a memo of their own', () => {
    it('due when a person says', async () => {
      const [ada, draft] = await withDraft();
      const edited = await desk.edit(draft.id, { dueAt: '2026-02-14T12:00:00Z', memo: 'PO 4711' });
      expect(edited).toMatchObject({ dueAt: '2026-02-14T12:00:00.000Z', memo: 'PO 4711', total: '32' });
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await desk.invoice(draft.id)).toMatchObject({ status: 'OPEN', dueAt: '2026-02-14T12:00:00.000Z', memo: 'PO 4711' });
      expect((await desk.refusal('updateDraftInvoice', { id: draft.id, input: { dueAt: '2026-01-01T00:00:00Z' } })).code).toBe(
        'INVALID_TRANSITION',
      );
    });

    it('not due before they are issued', async () => {
      const [ada, draft] = await withDraft();
      const early = { id: draft.id, input: { dueAt: '2026-02-01T00:29:59Z' } };
      expect(await desk.refusal('updateDraftInvoice', early)).toMatchObject({ code: 'VALIDATION_FAILED', field: 'dueAt' });
      await desk.edit(draft.id, { dueAt: '2026-02-01T00:45:00Z' });
      await ada.travel('2026-02-01T02:00:00Z');
      expect(await desk.invoice(draft.id)).toMatchObject({
        issuedAt: '2026-02-01T01:00:00.000Z',
        dueAt: '2026-02-01T01:00:00.000Z',
      });
    });

    it('finalized later, or not before a person does it', async () => {
      const [ada, draft] = await withDraft();
      await desk.edit(draft.id, { finalizeAt: '2026-02-03T00:00:00Z' });
      await ada.travel('2026-02-02T23:59:59Z');
      expect((await desk.invoice(draft.id)).status).toBe('DRAFT');
      await desk.edit(draft.id, { finalizeAt: null });
      await ada.travel('2026-02-20T00:00:00Z');
      expect(await desk.invoice(draft.id)).toMatchObject({ status: 'DRAFT', finalizeAt: null, memo: null });
      expect((await desk.finalize(draft.id)).status).toBe('OPEN');
    });
  });

  describe('written by hand', () => {
    it('are numbered, paid and overdue like any other', async () => {
      const ada = await Story.begin(world, '2026-01-01T00:00:00Z');
      const draft = await desk.create(ada.customerId, [by('3', '33.333'), by('1', '-0.01', 'Discount')], { memo: 'Thank you' });
      // 3 × 33.333 = 99.999, so 100; less a cent.
      expect(draft).toMatchObject({ kind: 'ONE_OFF', status: 'DRAFT', total: '99.99', finalizeAt: null, memo: 'Thank you' });
      await ada.travel('2026-01-10T00:00:00Z');
      expect((await desk.invoice(draft.id)).status).toBe('DRAFT');
      const issued = await desk.finalize(draft.id);
      expect(issued).toMatchObject({ status: 'OPEN', dueAt: '2026-02-09T00:00:00.000Z' });
      expect(issued.number).toMatch(/^INV-2026-\d{4}$/);
      await desk.pay(draft.id, '50');
      expect(await desk.pay(draft.id, '49.99')).toMatchObject({ status: 'PAID', amountDue: '0' });
    });

    it('are finalized when they say', async () => {
      const ada = await Story.begin(world, '2026-01-01T00:00:00Z');
      const draft = await desk.create(ada.customerId, [by('1', '5')], {
        finalizeAt: '2026-01-05T00:00:00Z',
        dueAt: '2026-01-06T00:00:00Z',
      });
      await ada.travel('2026-01-05T00:00:00Z');
      expect(await desk.invoice(draft.id)).toMatchObject({ status: 'OPEN', dueAt: '2026-01-06T00:00:00.000Z' });
    });

    it('are edited, deleted, voided and written off', async () => {
      const ada = await Story.begin(world, '2026-01-01T00:00:00Z');
      const first = await desk.create(ada.customerId, [by('1', '5'), by('1', '7', 'Travel')]);
      const edited = await desk.edit(first.id, { lines: [{ id: first.lines[1].id, quantity: '2' }] });
      expect(summary(edited)).toEqual(['14', 'ONE_OFF Travel 14']);
      await world.deleteDraft(first.id);
      const second = await desk.create(ada.customerId, [by('1', '5')]);
      await desk.finalize(second.id);
      await desk.pay(second.id, '2');
      expect(await desk.refusal('voidInvoice', { id: second.id, reissue: true })).toMatchObject({ code: 'VALIDATION_FAILED' });
      expect(await desk.do('voidInvoice', { id: second.id })).toMatchObject({ status: 'VOID', amountDue: '0' });
      expect(await desk.ledger(ada.customerId)).toEqual(['VOIDED 2']);
      const third = await desk.create(ada.customerId, [by('1', '9')]);
      // The 2 are used up first.
      expect(await desk.finalize(third.id)).toMatchObject({ status: 'OPEN', creditsApplied: '2', amountDue: '7' });
      expect(await desk.do('markInvoiceUncollectible', { id: third.id })).toMatchObject({ status: 'UNCOLLECTIBLE' });
      expect(await desk.pay(third.id, '7')).toMatchObject({ status: 'PAID' });
    });

    it('are in the customer’s currency, else the organization’s, where they name none', async () => {
      const ada = await Story.begin(world, '2026-01-01T00:00:00Z', { currency: 'JPY' });
      const input = { customerId: ada.customerId, lines: [by('1', '5.5')] };
      const { result } = await app.api.query<{ result: { currency: string; total: string } }>(
        'mutation ($input: CreateInvoiceInput!) { result: createInvoice(input: $input) { currency total } }',
        { input },
      );
      // Yen have no decimals; half away from zero.
      expect(result).toEqual({ currency: 'JPY', total: '6' });
      const bob = await Story.begin(world, '2026-01-01T00:00:00Z');
      expect(await desk.refusal('createInvoice', { input: { ...input, customerId: bob.customerId } })).toMatchObject({
        field: 'currency',
      });
    });

    it('are refused with a line’s id, no lines, less than nothing, or for a customer who is archived', async () => {
      const ada = await Story.begin(world, '2026-01-01T00:00:00Z');
      const refusal = (lines: object[]) =>
        desk.refusal('createInvoice', { input: { customerId: ada.customerId, currency: 'USD', lines } });
      expect(await refusal([{ ...by('1', '1'), id: UNKNOWN }])).toMatchObject({ code: 'NOT_FOUND', field: 'lines[0].id' });
      expect(await refusal([])).toMatchObject({ code: 'VALIDATION_FAILED', field: 'lines' });
      expect(await refusal([by('1', '-1')])).toMatchObject({ code: 'VALIDATION_FAILED', field: 'lines' });
      await app.api.query('mutation ($id: ID!) { archiveCustomer(id: $id) { id } }', { id: ada.customerId });
      expect((await refusal([by('1', '1')])).code).toBe('CONFLICT');
    });
  });
});
