import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { playFlights, type Story } from '../../examples/flights/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/*
 * The story of examples/flights, compared with what it must come to. The second half of this file works that out from the raw
 * rows with BigInts and `Set`s; it shares no code with the product, nor with the story.
 */
describe('220 airports, three months and 20,000 flights', () => {
  let app: TestApp;
  let story: Story;
  let invoices: InvoiceView[];
  beforeAll(async () => {
    app = await startTestApp();
    story = await playFlights({ url: app.url, apiKey: app.apiKey });
    invoices = await allInvoices(app);
  }, 180_000);
  afterAll(() => app.close());

  it('counts every event once, also those that were sent twice', async () => {
    // Three events a flight; every tenth of the 20,000 flights is sent again.
    expect(story.events).toEqual({ accepted: 60_000, duplicates: 6_000, conflicts: 0, rejected: 0 });
    const stored = await app.database.sql<{ name: string; count: string }>(
      'SELECT m.name, count(*) FROM usage_events e JOIN meters m ON m.id = e.meter_id GROUP BY m.name ORDER BY m.name',
    );
    expect(stored).toEqual(['destinations', 'flights', 'miles'].map((name) => ({ name, count: '20000' })));
  });

  it('bills every line of every airport and month to the cent', () => {
    const billed = invoices.map(({ customer, periodStart, periodEnd, total, lines }) => ({
      airport: customer.externalId,
      periodStart,
      periodEnd,
      total,
      lines: lines.map(({ description, quantity, amount, explanation }) => ({
        description,
        quantity,
        amount,
        exactAmount: explanation.exactAmount,
        flights: explanation.reading?.eventCount ?? null,
      })),
    }));
    const expected = expectedInvoices();
    expect(expected).toHaveLength(660);
    expect(billed.sort(byAirportAndMonth)).toEqual(expected.sort(byAirportAndMonth));
  });

  it('finalizes all of them, under numbers without a gap', () => {
    const numbers = Array.from({ length: 660 }, (_, index) => `INV-2001-${String(index + 1).padStart(4, '0')}`);
    expect(invoices.map((invoice) => invoice.number).sort()).toEqual(numbers);
    const issued = (month: string) =>
      invoices.filter((invoice) => invoice.periodStart.startsWith(month)).map((one) => one.issuedAt);
    // An hour after the month's end, the default review window.
    expect(new Set(issued('2001-01'))).toEqual(new Set(['2001-02-01T01:00:00.000Z']));
    expect(new Set(issued('2001-02'))).toEqual(new Set(['2001-03-01T01:00:00.000Z']));
    expect(new Set(issued('2001-03'))).toEqual(new Set(['2001-04-01T01:00:00.000Z']));
  });

  it('leaves open what nobody has paid, and those who do not pay PAST_DUE', async () => {
    const debtors = new Set(AIRPORTS.filter((_, index) => index % 10 === 9));
    const isPaid = ({ total, periodStart, customer }: InvoiceView) =>
      total === '0' || (periodStart < '2001-03-01' && !debtors.has(customer.externalId));
    for (const invoice of invoices) {
      expect([invoice.number, invoice.status, invoice.amountDue]).toEqual(
        isPaid(invoice) ? [invoice.number, 'PAID', '0'] : [invoice.number, 'OPEN', invoice.total],
      );
    }
    const { subscriptions } = await app.api.query<{ subscriptions: { nodes: { customer: { externalId: string } }[] } }>(
      '{ subscriptions(status: PAST_DUE, first: 100) { nodes { customer { externalId } } } }',
    );
    // 30 days after their issue, January's and February's are overdue; March's are not yet.
    const overdue = invoices.filter((invoice) => invoice.status === 'OPEN' && invoice.periodStart < '2001-03-01');
    expect(subscriptions.nodes.map(({ customer }) => customer.externalId).sort()).toEqual(
      [...new Set(overdue.map(({ customer }) => customer.externalId))].sort(),
    );
  });
});

interface InvoiceView {
  number: string;
  status: string;
  issuedAt: string;
  periodStart: string;
  periodEnd: string;
  total: string;
  amountDue: string;
  customer: { externalId: string };
  lines: {
    description: string;
    quantity: string;
    amount: string;
    explanation: { exactAmount: string; reading: { eventCount: number } | null };
  }[];
}

async function allInvoices(app: TestApp): Promise<InvoiceView[]> {
  const all: InvoiceView[] = [];
  for (let after: string | null = null; ;) {
    const { invoices }: { invoices: { nodes: InvoiceView[]; pageInfo: { hasNextPage: boolean; endCursor: string } } } =
      await app.api.query(
        `query ($after: String) { invoices(first: 100, after: $after) {
           nodes { number status issuedAt periodStart periodEnd total amountDue customer { externalId }
                   lines { description quantity amount explanation { exactAmount reading { eventCount } } } }
           pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
    all.push(...invoices.nodes);
    if (!invoices.pageInfo.hasNextPage) return all;
    after = invoices.pageInfo.endCursor;
  }
}

interface Row {
  date: string;
  origin: string;
  destination: string;
  distance: number;
}

const ROWS = JSON.parse(gunzipSync(readFileSync('examples/flights/flights-20k.json.gz')).toString()) as Row[];
const AIRPORTS = [...new Set(ROWS.map((row) => row.origin))].sort();
const MONTHS = [
  ['2001/01', '2001-01-01T00:00:00.000Z', '2001-02-01T00:00:00.000Z'],
  ['2001/02', '2001-02-01T00:00:00.000Z', '2001-03-01T00:00:00.000Z'],
  ['2001/03', '2001-03-01T00:00:00.000Z', '2001-04-01T00:00:00.000Z'],
];

interface ExpectedLine {
  description: string;
  quantity: string;
  amount: string;
  exactAmount: string;
  flights: number | null;
}

interface ExpectedInvoice {
  airport: string;
  periodStart: string;
  periodEnd: string;
  total: string;
  lines: ExpectedLine[];
}

const byAirportAndMonth = (a: Omit<ExpectedInvoice, 'lines' | 'total'>, b: typeof a) =>
  `${a.airport} ${a.periodStart}` < `${b.airport} ${b.periodStart}` ? -1 : 1;

/** Airports in alphabetical order take the plans in turn: graduated miles, hub, packages. */
const PLANS: ((rows: Row[]) => [description: string, quantity: bigint, micros: bigint, flights: number | null][])[] = [
  (rows) => [['Miles flown', milesOf(rows), graduated(milesOf(rows)), rows.length]],
  (rows) => {
    const flights = BigInt(rows.length);
    const destinations = BigInt(new Set(rows.map((row) => row.destination)).size);
    return [
      ['Base fee', 1n, 149_000_000n, null],
      ['Flights', flights, (flights > 20n ? flights - 20n : 0n) * 2_125_000n, rows.length],
      ['Destinations served', destinations, destinations * 9_950_000n, rows.length],
    ];
  },
  (rows) => [['Packages of 2,500 miles', milesOf(rows), ((milesOf(rows) + 2_499n) / 2_500n) * 89_900_000n, rows.length]],
];

const milesOf = (rows: Row[]) => rows.reduce((miles, row) => miles + BigInt(row.distance), 0n);

/** In millionths of a dollar: 0.0475 up to 10,000 miles; 24.90 and 0.03125 a mile up to 100,000; then 0.021875. */
function graduated(miles: bigint): bigint {
  if (miles <= 10_000n) return miles * 47_500n;
  if (miles <= 100_000n) return 475_000_000n + 24_900_000n + (miles - 10_000n) * 31_250n;
  return 475_000_000n + 24_900_000n + 2_812_500_000n + (miles - 100_000n) * 21_875n;
}

function expectedInvoices(): ExpectedInvoice[] {
  return AIRPORTS.flatMap((airport, index) =>
    MONTHS.map(([month, periodStart, periodEnd]) => {
      const lines = PLANS[index % 3](ROWS.filter((row) => row.origin === airport && row.date.startsWith(month)));
      return {
        airport,
        periodStart,
        periodEnd,
        total: inCents(lines.reduce((sum, [, , micros]) => sum + centsOf(micros), 0n)),
        lines: lines.map(([description, quantity, micros, flights]) => ({
          description,
          quantity: quantity.toString(),
          amount: inCents(centsOf(micros)),
          exactAmount: text(micros, 6),
          flights,
        })),
      };
    }),
  );
}

/** Half up, which is half away from zero: nothing here is negative. */
const centsOf = (micros: bigint) => (micros + 5_000n) / 10_000n;
const inCents = (cents: bigint) => text(cents, 2);

/** 1200 hundredths are "12", 1250 are "12.5". */
const text = (value: bigint, places: number) =>
  `${value / 10n ** BigInt(places)}.${(value % 10n ** BigInt(places)).toString().padStart(places, '0')}`.replace(/\.?0+$/, '');
