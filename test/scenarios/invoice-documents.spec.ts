import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { InvoiceDesk } from '../support/invoice-desk.js';
import { InvoicePapers, pagesOf, pictureOf } from '../support/invoice-papers.js';
import { Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ADDRESS = { line1: 'Οδός Ερμού 12', postalCode: '105 63', city: 'Αθήνα', country: 'GR' };

describe('the documents of an invoice', () => {
  let app: TestApp;
  let world: BillingWorld;
  let papers: InvoicePapers;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    papers = new InvoicePapers(app);
    await new InvoiceDesk(app.api).do('updateOrganization', {
      input: {
        name: 'Ätherwolke GmbH',
        email: 'billing@aether.example',
        taxId: 'DE123456789',
        brandColor: '#0e7490',
        address: { line1: 'Unter den Linden 1', postalCode: '10117', city: 'Berlin', country: 'DE' },
      },
    });
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const tiers = [
      { upTo: '1000', unitAmount: '0.01' },
      { upTo: '10000', unitAmount: '0.005', flatAmount: '2' },
      { unitAmount: '0.00123' },
    ];
    await world.plan({
      lookupKey: 'pro',
      type: 'HYBRID',
      currency: 'EUR',
      charges: [
        { displayName: 'Base fee', type: 'FIXED', model: 'FLAT', amount: '31', billingTiming: 'IN_ADVANCE' },
        { displayName: 'Вызовы API', type: 'USAGE', model: 'GRADUATED', meterId, includedUnits: '100', tiers },
      ],
    });
    for (const currency of ['JPY', 'KWD'])
      await world.plan({
        lookupKey: currency,
        currency,
        type: 'USAGE',
        charges: [{ displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '1.2345' }],
      });
  });
  afterAll(() => app.close());

  /** From January 15th to the end of February in Athens, on a calendar plan: two invoices and a draft. */
  const athens = async (): Promise<Story> => {
    const story = await Story.subscribed(
      world,
      '2026-01-14T22:00:00Z',
      'pro',
      { alignment: 'CALENDAR' },
      {
        name: 'Αλέξανδρος & Сыновья',
        email: 'a@example.com',
        locale: 'de-DE',
        timeZone: 'Europe/Athens',
        taxId: 'EL123456789',
        billingAddress: ADDRESS,
      },
    );
    await story.travel('2026-01-20T00:00:00Z');
    await story.use('calls', '2026-01-20T00:00:00Z', '123456');
    await story.travel('2026-02-28T22:30:00Z');
    return story;
  };

  it('show who bills whom for what, and how it came about, in the customer’s locale: PDF and page alike', async () => {
    const story = await athens();
    const [, february] = await story.invoices();
    await world.pay(february.id, '100');
    const pdf = await papers.pdf(february.id);
    const page = await papers.page(february.id);
    // 123,456 calls less 100: 1,000 at 0.01, 9,000 at 0.005 and 2 flat, 113,356 at 0.00123 (139.42788): 196.42788, with 31 in advance 227.43.
    const expected = [
      'Ätherwolke GmbH Unter den Linden 1 10117 Berlin Germany billing@aether.example Tax ID DE123456789',
      'Αλέξανδρος & Сыновья Οδός Ερμού 12 105 63 Αθήνα Greece a@example.com Tax ID EL123456789',
      `Number ${february.number}`,
      'Issued 01.02.2026',
      'Due 03.03.2026',
      '15.01.2026 – 31.01.2026 Вызовы API',
      '123.456 used, 100 included',
      '0 – 1.000: 1.000 × 0,01 € = 10,00 €',
      '1.000 – 10.000: 9.000 × 0,005 € + 2,00 € = 47,00 €',
      'above 10.000: 113.356 × 0,00123 € = 139,42788 €',
      '196,43 €',
      '01.02.2026 – 28.02.2026 Base fee',
      'Subtotal 227,43 €',
      'Total 227,43 €',
      'Paid -100,00 €',
      'Amount due 127,43 €',
      'Payments 01.03.2026',
    ];
    for (const text of expected) {
      expect(pdf).toContain(text);
      expect(page).toContain(text);
    }
    expect(pdf).toContain('Page 1 of 1');
  });

  it('are A4, in the colour of the organization, with margins that nothing runs into', async () => {
    const [, february] = await (await athens()).invoices();
    const response = await papers.get((await papers.linksOf(february.id)).pdfUrl);
    const { width, height, share } = await pictureOf(await response.arrayBuffer(), 'invoice');
    expect([width, height]).toEqual([595, 841]);
    const isInk = (rgb: string): boolean => rgb !== 'ffffff';
    expect(share({}, (rgb) => rgb === '0e7490')).toBeGreaterThan(0.001);
    for (const margin of [{ right: 0.05 }, { left: 0.95 }, { from: 0.97 }])
      expect(share({ from: 0.02, ...margin }, isInk)).toBe(0);
    // Letterhead, lines and totals: all that there is stands in the upper half, and the number of the page below.
    expect(share({ to: 0.25 }, isInk)).toBeGreaterThan(0.01);
    expect(share({ from: 0.25, to: 0.6 }, isInk)).toBeGreaterThan(0.01);
    expect(share({ from: 0.85 }, isInk)).toBeGreaterThan(0);
  });

  it('of a draft: a PDF that says so, and no page', async () => {
    const story = await athens();
    const draft = await story.latestInvoice();
    expect(draft.status).toBe('DRAFT');
    expect((await papers.linksOf(draft.id)).publicUrl).toBeNull();
    expect(await papers.pdf(draft.id)).toMatch(/Draft invoice DRAFT/);
    const [{ public_token }] = await app.database.sql<{ public_token: string }>(
      'SELECT public_token FROM invoices WHERE id = $1',
      [draft.id],
    );
    expect((await papers.get(`${app.url}/i/${public_token}`, null)).status).toBe(404);
    const preview = await app.api.query('query ($id: ID!) { previewInvoice(subscriptionId: $id) { pdfUrl publicUrl } }', {
      id: story.subscriptionId,
    });
    expect(preview).toEqual({ previewInvoice: { pdfUrl: null, publicUrl: null } });
  });

  it('say VOID, and that nothing is due', async () => {
    const [january] = await (await athens()).invoices();
    await world.void(january.id);
    const text = await papers.pdf(january.id);
    expect(text).toMatch(/Invoice VOID/);
    expect(text).toContain('Amount due 0,00 €');
  });

  it('do not change with the customer or the organization once the invoice is issued; a draft does', async () => {
    const story = await athens();
    const [january, , draft] = await story.invoices();
    await app.api.query(
      'mutation ($id: ID!) { updateCustomer(id: $id, input: { name: "Renamed", locale: "en-GB" }) { locale } }',
      {
        id: story.customerId,
      },
    );
    expect(await papers.pdf(january.id)).toContain('Αλέξανδρος & Сыновья');
    const text = await papers.pdf(draft.id);
    expect(text).toContain('Renamed');
    expect(text).toContain('€31.00');
  });

  it('know the minor units of the currency', async () => {
    for (const [currency, amount, price] of [
      // 1,000 × 1.2345 is 1,234.5: 1,235 yen, 1,234.500 dinars.
      ['JPY', '¥1,235', '¥1.2345'],
      ['KWD', 'KWD 1,234.500', 'KWD 1.2345'],
    ] as const) {
      const story = await Story.subscribed(world, '2026-01-01T00:00:00Z', currency);
      await story.travel('2026-01-02T00:00:00Z');
      await story.use('calls', '2026-01-02T00:00:00Z', '1000');
      await story.travel('2026-02-01T02:00:00Z');
      const text = await papers.pdf((await story.latestInvoice()).id);
      expect(text).toContain(`1,000 ${price} ${amount}`);
      expect(text).toContain(`Amount due ${amount}`);
    }
  });

  it('go on over as many pages as they need, each with its number and the head of the table', async () => {
    const meters = await Promise.all(
      Array.from({ length: 60 }, (_, index) => world.meter({ name: `meter-${index}`, aggregation: 'SUM' })),
    );
    const charges = meters.map((meterId, index) => ({
      displayName: `Charge ${index}`,
      type: 'USAGE',
      model: 'GRADUATED',
      meterId,
      minimumAmount: '1',
      tiers: [{ upTo: '10', unitAmount: '1' }, { unitAmount: '2' }],
    }));
    await world.plan({ lookupKey: 'long', type: 'USAGE', charges });
    const story = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'long');
    await story.travel('2026-01-02T00:00:00Z');
    await story.use('meter-7', '2026-01-02T00:00:00Z', '12');
    await story.travel('2026-02-01T02:00:00Z');
    const response = await papers.get((await papers.linksOf((await story.latestInvoice()).id)).pdfUrl);
    const pages = await pagesOf(await response.arrayBuffer());
    expect(pages.length).toBeGreaterThan(1);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
      if (page.includes('Charge')) expect(page).toContain('Description Quantity Unit price Amount');
    }
    const all = pages.join(' ');
    for (let index = 0; index < 60; index += 1) expect(all.split(`Charge ${index} `)).toHaveLength(2);
    expect(all).toContain('above 10: 2 × $2.00 = $4.00');
    expect(all).toContain('At least $1.00');
    // 59 minimums of 1, and 10 × 1 + 2 × 2.
    expect(all).toContain('Amount due $73.00');
  });

  describe('links', () => {
    it('of the page are open to whoever has them, and to nobody who guesses', async () => {
      const [january] = await (await athens()).invoices();
      const { publicUrl } = await papers.linksOf(january.id);
      expect(publicUrl).toMatch(/\/i\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const pdf = await papers.get(`${publicUrl}/pdf`, null);
      expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
      for (const token of ['nope', january.id, '018f0000-0000-4000-8000-000000000000', '%00', "' OR 1=1"])
        for (const path of ['', '/pdf'])
          expect((await papers.get(`${app.url}/i/${encodeURIComponent(token)}${path}`, null)).status).toBe(404);
    });

    it('of the PDF need a key of the organization with invoices.read', async () => {
      const [january] = await (await athens()).invoices();
      const { pdfUrl } = await papers.linksOf(january.id);
      const stranger = await app.addOrganization('sk_test_of_the_other_organization');
      const answers = await Promise.all(
        [january.id, '018f0000-0000-7000-8000-000000000000', 'nope'].map(async (id) => {
          const response = await papers.get(pdfUrl.replace(january.id, id), stranger.apiKey);
          return [response.status, await response.json()];
        }),
      );
      expect(answers[0]).toEqual([404, { code: 'NOT_FOUND', detail: 'Invoice not found.' }]);
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      expect((await papers.get(pdfUrl, null)).status).toBe(401);
    });

    it('begin with PUBLIC_URL where it is set', async () => {
      const other = await startTestApp(undefined, undefined, { publicUrl: 'https://pay.example.com/billing' });
      const own = new BillingWorld(other.api);
      await own.plan({
        lookupKey: 'free',
        type: 'FIXED',
        charges: [{ displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '1', billingTiming: 'IN_ADVANCE' }],
      });
      await own.customer('ada');
      const [{ id }] = await own.invoices(await own.subscribe('ada', 'free'));
      await own.finalize(id);
      const { invoice } = await other.api.query<{ invoice: object }>(
        'query ($id: ID!) { invoice(id: $id) { pdfUrl publicUrl } }',
        { id },
      );
      expect(invoice).toEqual({
        pdfUrl: `https://pay.example.com/billing/api/v1/invoices/${id}/pdf`,
        publicUrl: expect.stringMatching(/^https:\/\/pay\.example\.com\/billing\/i\/[0-9a-f-]{36}$/),
      });
      await other.close();
    });
  });

  it('the page runs nothing, loads nothing, is kept out of caches and search engines, and escapes what people wrote', async () => {
    const story = await Story.subscribed(
      world,
      '2026-01-01T00:00:00Z',
      'pro',
      {},
      { name: '<script>alert(1)</script> & "Söhne"' },
    );
    await story.travel('2026-01-01T02:00:00Z');
    const { publicUrl } = await papers.linksOf((await story.latestInvoice()).id);
    const response = await papers.get(publicUrl ?? '', null);
    const page = await response.text();
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Söhne&quot;');
    expect(page).not.toMatch(/<script|<img|<link|style="| on\w+=/);
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'cache-control': 'private, no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
      'x-content-type-options': 'nosniff',
    });
  });
});
