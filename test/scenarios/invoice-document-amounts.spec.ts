import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { by, InvoiceDesk } from '../support/invoice-desk.js';
import { InvoicePapers } from '../support/invoice-papers.js';
import { flat, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the documents of an invoice', () => {
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  let papers: InvoicePapers;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
    papers = new InvoicePapers(app);
    await world.plan({
      lookupKey: 'pro',
      type: 'FIXED',
      currency: 'EUR',
      charges: [{ ...flat('31'), billingTiming: 'IN_ADVANCE' }],
    });
  });
  afterAll(() => app.close());

  it('show credits: what was given back, and what was used up', async () => {
    const story = await Story.subscribed(world, '2026-03-01T00:00:00Z', 'pro', { alignment: 'CALENDAR' });
    await story.travel('2026-03-11T02:00:00Z');
    await story.cancel('IMMEDIATE');
    const credit = await story.latestInvoice();
    expect(credit.kind).toBe('CREDIT');
    const text = await papers.pdf(credit.id);
    // 31 for March, canceled on its 11th: 21 of 31 days are not used.
    expect(text).toContain('Credit');
    expect(text).toContain('Unused 21/31 of €31.00 paid in advance');
    expect(text).toContain('-€21.00');
    await story.subscribe('pro', { alignment: 'CALENDAR' });
    await story.travel('2026-03-11T04:00:00Z');
    expect(await papers.pdf((await story.latestInvoice()).id)).toMatch(/Total €21\.00 Credit applied -€21\.00 Amount due €0\.00/);
  });

  it('show the rate of the tax, credit notes and what they did', async () => {
    await desk.do('createTaxRate', { input: { name: 'MwSt.', country: 'DE', percentage: '19' } });
    await desk.do('createTaxRate', { input: { name: 'TVA', country: 'FR', percentage: '20', inclusive: true } });
    const billed = async (name: string, country: string, more: object = {}) => {
      const customerId = await world.customer(name, { billingAddress: { country }, ...more });
      return desk.finalize((await desk.create(customerId, [by('2', '50')])).id);
    };
    const german = await billed('German', 'DE');
    await desk.pay(german.id, '20');
    await desk.credit(german.id, { lines: [{ invoiceLineId: german.lines[0].id, amount: '10' }] });
    // 100 and 19 % are 119; a note over 10 and its 1.90 leaves 107.10, of which 20 were paid.
    const text = await papers.pdf(german.id);
    const { creditNotes } = await desk.invoice(german.id);
    expect(text).toMatch(/Subtotal \$100\.00 MwSt\. 19 % \$19\.00 Total \$119\.00/);
    expect(text).toContain(`Credit note ${creditNotes[0].number} -$11.90 Paid -$20.00 Amount due $87.10`);
    expect(text).toContain(`${creditNotes[0].number}, $11.90 taken off this invoice $11.90`);
    const page = await papers.page(german.id);
    expect(page).toContain(`Credit note ${creditNotes[0].number} -$11.90 Paid -$20.00 Amount due $87.10`);
    // 100 that contain 20 %: 83.33 and 16.67.
    expect(await papers.pdf((await billed('French', 'FR')).id)).toMatch(
      /Subtotal without tax \$83\.33 TVA 20 %, contained in the prices \$16\.67 Total \$100\.00/,
    );
    const reverse = await billed('Reverse', 'FR', { taxId: 'FR12345678901', reverseCharge: true });
    expect(await papers.pdf(reverse.id)).toContain('Reverse charge: the tax is owed by the recipient.');
  });

  it('do not show lines that were taken off', async () => {
    const story = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'pro');
    await story.travel('2026-02-01T00:00:00Z');
    const draft = await story.latestInvoice();
    await desk.edit(draft.id, { lines: [by('1', '5', 'Only this')] });
    const text = await papers.pdf(draft.id);
    expect(text).toContain('Only this');
    expect(text).not.toContain('Base fee');
  });
});
