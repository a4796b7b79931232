import { describe, expect, it } from '@jest/globals';
import type { Address } from '../../../shared/address.js';
import { invoiceDocument, type DocumentInput, type DocumentLineInput } from './invoice-document.js';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);

const line = (description: string, from: string | null, to: string | null): DocumentLineInput => ({
  description,
  kind: 'CHARGE',
  quantity: '1',
  unitAmount: null,
  amount: '10',
  periodStart: from === null ? null : day(from),
  periodEnd: to === null ? null : day(to),
  explanation: { kind: 'FIXED', exactAmount: '10' },
});

const INPUT: DocumentInput = {
  invoice: {
    number: 'INV-2026-0001',
    kind: 'SUBSCRIPTION',
    status: 'OPEN',
    currency: 'USD',
    periodStart: null,
    periodEnd: null,
    issuedAt: day('2026-02-01'),
    dueAt: day('2026-03-03'),
    paidAt: null,
    subtotal: '30',
    tax: '5.7',
    taxTreatment: 'RATE',
    taxRate: { id: 'r', name: 'VAT', country: 'DE', region: null, percentage: '19', inclusive: false },
    total: '35.7',
    creditsApplied: '5',
    amountPaid: '0.7',
    amountCredited: '0',
    memo: null,
    createdAt: day('2026-02-01'),
  },
  lines: [],
  payments: [],
  creditNotes: [],
  seller: { name: 'Acme', address: null, taxId: null, email: null },
  buyer: { name: 'Ada', address: null, taxId: null, email: null },
  locale: 'en-US',
  timeZone: 'UTC',
  brandColor: null,
};

const withInvoice = (changes: Partial<DocumentInput['invoice']>): DocumentInput => ({
  ...INPUT,
  invoice: { ...INPUT.invoice, ...changes },
});

const facts = (input: DocumentInput): string[] => invoiceDocument(input).facts.map(({ label, value }) => `${label} ${value}`);
const totals = (input: DocumentInput): string[] => invoiceDocument(input).totals.map(({ label, value }) => `${label} ${value}`);

describe('an invoice in words', () => {
  it('adds up: 30 and 5.70 tax, less 5 of credit and 0.70 paid, leave 30', () => {
    expect(totals(INPUT)).toEqual([
      'Subtotal $30.00',
      'VAT 19 % $5.70',
      'Total $35.70',
      'Credit applied -$5.00',
      'Paid -$0.70',
      'Amount due $30.00',
    ]);
  });

  it('leaves out what is zero', () => {
    const input = withInvoice({
      tax: '0',
      taxTreatment: 'NONE',
      taxRate: null,
      total: '30',
      creditsApplied: '0',
      amountPaid: '0',
    });
    expect(totals(input)).toEqual(['Subtotal $30.00', 'Total $30.00', 'Amount due $30.00']);
  });

  it('says of prices that contain their tax what they are without it: 11.90 are 10 and 19 %', () => {
    const rate = { id: 'r', name: 'MwSt.', country: 'DE', region: null, percentage: '19.0000', inclusive: true };
    const amounts = { subtotal: '10', tax: '1.9', total: '11.9', creditsApplied: '0', amountPaid: '0' };
    expect(totals(withInvoice({ ...amounts, taxRate: rate }))).toEqual([
      'Subtotal without tax $10.00',
      'MwSt. 19 %, contained in the prices $1.90',
      'Total $11.90',
      'Amount due $11.90',
    ]);
  });

  it('shows a rate of 0 %, and why there is none', () => {
    const zero = { id: 'r', name: 'Zero', country: 'DE', region: null, percentage: '0', inclusive: false };
    expect(totals(withInvoice({ tax: '0', total: '30', taxRate: zero }))).toContain('Zero 0 % $0.00');
    const note = (taxTreatment: DocumentInput['invoice']['taxTreatment']) =>
      invoiceDocument(withInvoice({ taxTreatment, taxRate: null })).taxNote;
    expect(note('EXEMPT')).toBe('Exempt from tax.');
    expect(note('REVERSE_CHARGE')).toBe('Reverse charge: the tax is owed by the recipient.');
    expect(note('NONE')).toBeNull();
  });

  it('tells of credit notes what they took off the invoice, and where the rest went', () => {
    const note = { issuedAt: day('2026-02-10'), amountToBalance: '0', amountRefunded: '0' };
    const input: DocumentInput = {
      ...withInvoice({ amountCredited: '10' }),
      creditNotes: [
        { ...note, number: 'CN-2026-0001', total: '10', amountApplied: '10' },
        { ...note, number: 'CN-2026-0002', total: '3', amountApplied: '0', amountToBalance: '1', amountRefunded: '2' },
      ],
      payments: [{ amount: '0.7', paidAt: day('2026-02-11'), method: 'card', reference: null }],
    };
    // 35.70 less 5 of credit, 10 by the note and 0.70 paid.
    expect(totals(input).slice(3)).toEqual([
      'Credit applied -$5.00',
      'Credit note CN-2026-0001 -$10.00',
      'Paid -$0.70',
      'Amount due $20.00',
    ]);
    expect(invoiceDocument(input).records).toEqual([
      {
        heading: 'Credit notes',
        entries: [
          { date: 'Feb 10, 2026', text: 'CN-2026-0001, $10.00 taken off this invoice', amount: '$10.00' },
          { date: 'Feb 10, 2026', text: 'CN-2026-0002, $1.00 kept as customer balance, $2.00 paid back', amount: '$3.00' },
        ],
      },
      { heading: 'Payments', entries: [{ date: 'Feb 11, 2026', text: 'card', amount: '$0.70' }] },
    ]);
  });

  it.each([
    ['DRAFT', { issuedAt: null, dueAt: null, number: null }, 'Draft invoice', 'DRAFT', ['Currency USD']],
    ['OPEN', {}, 'Invoice', null, ['Number INV-2026-0001', 'Issued Feb 1, 2026', 'Due Mar 3, 2026', 'Currency USD']],
    [
      'PAID',
      { paidAt: day('2026-02-02') },
      'Invoice',
      null,
      ['Number INV-2026-0001', 'Issued Feb 1, 2026', 'Paid Feb 2, 2026', 'Currency USD'],
    ],
    ['VOID', {}, 'Invoice', 'VOID', ['Number INV-2026-0001', 'Issued Feb 1, 2026', 'Currency USD']],
  ] as const)('of a %s one', (status, changes, title, stamp, expected) => {
    const input = withInvoice({ status, ...changes });
    expect(invoiceDocument(input)).toMatchObject({ title, stamp });
    expect(facts(input)).toEqual(expected);
  });

  it('asks for nothing once it is void, nor when more was paid than was due', () => {
    expect(invoiceDocument(withInvoice({ status: 'VOID' })).amountDue).toBe('$0.00');
    expect(invoiceDocument(withInvoice({ status: 'PAID', amountPaid: '50' })).amountDue).toBe('$0.00');
  });

  it('puts lines under their period, periods in the order of their first line', () => {
    const lines = [
      line('a', '2026-01-01', '2026-02-01'),
      line('b', '2026-02-01', '2026-03-01'),
      line('c', '2026-01-01', '2026-02-01'),
      line('d', null, null),
    ];
    const { groups } = invoiceDocument({ ...INPUT, lines });
    expect(groups.map(({ heading, lines: own }) => [heading, own.map(({ description }) => description).join()])).toEqual([
      ['Jan 1, 2026 – Jan 31, 2026', 'a,c'],
      ['Feb 1, 2026 – Feb 28, 2026', 'b'],
      ['', 'd'],
    ]);
  });

  it('writes addresses as they are written there, and takes the paper from there', () => {
    const american = { line1: '1 Main Street', city: 'Springfield', region: 'IL', postalCode: '62704', country: 'US' };
    const german = { line1: 'Hauptstraße 1', line2: null, city: 'Berlin', postalCode: '10115', country: 'DE' };
    const document = invoiceDocument({
      ...INPUT,
      seller: { ...INPUT.seller, address: german, taxId: 'DE123456789' },
      buyer: { ...INPUT.buyer, address: american, email: 'ada@example.com' },
    });
    expect(document.buyer.lines).toEqual(['1 Main Street', 'Springfield, IL 62704', 'United States', 'ada@example.com']);
    expect(document.seller.lines).toEqual(['Hauptstraße 1', '10115 Berlin', 'Germany', 'Tax ID DE123456789']);
    expect(document.paper).toBe('LETTER');
    expect(invoiceDocument({ ...INPUT, seller: { ...INPUT.seller, address: german } }).paper).toBe('A4');
  });

  it.each<[object, string[]]>([
    [{ country: 'DE' }, ['Germany']],
    [{ country: 'DE', city: 'Berlin' }, ['Berlin', 'Germany']],
    [{ country: 'DE', line1: 'Hauptstraße 1', line2: '', postalCode: '10115' }, ['Hauptstraße 1', '10115', 'Germany']],
    [{ country: 'IT', city: 'Roma', region: 'RM', postalCode: '00100' }, ['00100 Roma', 'RM', 'Italy']],
    [{ country: 'CA', city: 'Halifax', region: 'NS', postalCode: 'B3H' }, ['Halifax, NS B3H', 'Canada']],
    [{ country: 'AU', city: 'Perth', region: 'WA', postalCode: '6000' }, ['Perth, WA 6000', 'Australia']],
    [{ country: 'US', city: 'Springfield' }, ['Springfield', 'United States']],
    [{ country: 'US', region: 'IL' }, ['IL', 'United States']],
  ])('writes of an address what is said: %j', (address, lines) => {
    const buyer = { ...INPUT.buyer, address: address as Address };
    expect(invoiceDocument({ ...INPUT, buyer }).buyer.lines).toEqual(lines);
  });

  it('says nothing of a party of which nothing is known but the name', () => {
    expect(invoiceDocument(INPUT).seller).toEqual({ name: 'Acme', email: null, lines: [] });
  });

  // Where paper is cut by inches.
  it.each(['US', 'CA', 'MX', 'PH', 'CL', 'CO', 'GT', 'CR', 'PA', 'DO'])('is on Letter for %s', (country) => {
    expect(invoiceDocument({ ...INPUT, buyer: { ...INPUT.buyer, address: { country } } }).paper).toBe('LETTER');
  });

  it('is on A4 where no address is known', () => expect(invoiceDocument(INPUT).paper).toBe('A4'));

  it('is a credit, where the invoice is one', () => {
    expect(invoiceDocument(withInvoice({ kind: 'CREDIT' })).title).toBe('Credit');
  });

  it('says its days, where it has them', () => {
    const paidAt = day('2026-02-02');
    expect(invoiceDocument(withInvoice({ paidAt }))).toMatchObject({ dueOn: 'Mar 3, 2026', paidOn: 'Feb 2, 2026' });
    expect(invoiceDocument(withInvoice({ dueAt: null }))).toMatchObject({ dueOn: null, paidOn: null });
    const createdAt = day('2026-01-31');
    expect(invoiceDocument(withInvoice({ createdAt })).datedAt).toEqual(day('2026-02-01'));
    expect(invoiceDocument(withInvoice({ createdAt, issuedAt: null })).datedAt).toEqual(createdAt);
  });

  it('says what is a fact: a day of payment once it is paid, a period that has both ends', () => {
    const more = (changes: Partial<DocumentInput['invoice']>): string => facts(withInvoice(changes)).slice(2).join('; ');
    expect(more({ paidAt: day('2026-02-02') })).toBe('Due Mar 3, 2026; Currency USD');
    expect(more({ status: 'PAID' })).toBe('Currency USD');
    expect(more({ status: 'UNCOLLECTIBLE' })).toBe('Due Mar 3, 2026; Currency USD');
    const [periodStart, periodEnd] = [day('2026-01-01'), day('2026-02-01')];
    expect(more({ status: 'PAID', periodStart, periodEnd })).toBe('Period Jan 1, 2026 – Jan 31, 2026; Currency USD');
    expect(more({ status: 'PAID', periodStart })).toBe('Currency USD');
  });

  it('sets off what it comes to, and what is due', () => {
    expect(invoiceDocument(INPUT).totals.map(({ isStrong }) => isStrong)).toEqual([false, false, true, false, false, true]);
  });

  it('has nothing to tell of what did not happen', () => expect(invoiceDocument(INPUT).records).toEqual([]));

  it('tells of payments how they came', () => {
    const payment = { amount: '1', paidAt: day('2026-02-11'), method: 'card', reference: 'R-1' };
    const payments = [payment, { ...payment, method: null }, { ...payment, method: null, reference: null }];
    const [{ entries }] = invoiceDocument({ ...INPUT, payments }).records;
    expect(entries.map(({ text }) => text)).toEqual(['card, R-1', 'R-1', '']);
  });

  it('shows of a line its price, where it has a single one', () => {
    const own = line('a', '2026-01-01', null);
    const { groups } = invoiceDocument({ ...INPUT, lines: [own, { ...own, quantity: '2', unitAmount: '5' }] });
    expect(groups).toEqual([
      {
        heading: '',
        lines: [
          { description: 'a', details: [], quantity: '1', unitPrice: '', amount: '$10.00' },
          { description: 'a', details: [], quantity: '2', unitPrice: '$5.00', amount: '$10.00' },
        ],
      },
    ]);
  });

  it('takes no colour that is more than a colour', () => {
    expect(invoiceDocument({ ...INPUT, brandColor: '#0E7490' }).color).toBe('#0E7490');
    for (const brandColor of ['red', '#fff', 'x#0e7490', '#0e7490;}body{', 'url(x)'])
      expect(invoiceDocument({ ...INPUT, brandColor }).color).toBe('#1f2937');
  });
});
