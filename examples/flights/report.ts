import { Decimal } from 'decimal.js';
import type { Server } from './api.js';
import { PLANS } from './catalog.js';
import { largestFirst, type ExplainedInvoice, type InvoiceSummary } from './invoices.js';
import type { Story } from './story.js';

/** What the demo prints: plain text of at most this many columns. */
export const WIDTH = 100;
const TOP = 10;

/** The invoices: what each plan came to, and the largest of them. */
export function invoiceTables(invoices: readonly InvoiceSummary[]): string {
  const largest = largestFirst(invoices).slice(0, TOP);
  return [
    table(
      ['Plan', '>Airports', '>Invoices', '>Billed USD', '>Paid USD', '>Open USD'],
      [
        ...PLANS.map(({ lookupKey, name }) =>
          planRow(
            name,
            invoices.filter(({ subscription }) => subscription.plan.lookupKey === lookupKey),
          ),
        ),
        planRow('Together', invoices),
      ],
    ),
    `The ${TOP} largest:`,
    table(
      ['Number', 'Airport', 'Plan', 'Month', '>Total USD', 'Status'],
      largest.map((invoice) => [
        invoice.number,
        invoice.customer.externalId,
        invoice.subscription.plan.name,
        invoice.periodStart.slice(0, 7),
        money(invoice.total),
        invoice.status,
      ]),
    ),
  ].join('\n\n');
}

function planRow(name: string, invoices: readonly InvoiceSummary[]): string[] {
  const airports = new Set(invoices.map(({ customer }) => customer.externalId)).size;
  const [billed, paid, open] = (['total', 'amountPaid', 'amountDue'] as const).map((field) =>
    money(Decimal.sum(0, ...invoices.map((invoice) => invoice[field]))),
  );
  return [name, String(airports), String(invoices.length), billed, paid, open];
}

/** Pads the columns; a heading that begins with `>` belongs to a column of numbers. */
function table(headings: string[], rows: string[][]): string {
  const names = headings.map((heading) => heading.replace(/^>/, ''));
  const widths = names.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => (headings[column].startsWith('>') ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('   ')
      .trimEnd();
  return [line(names), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** One invoice, line by line, in the sentences of its own explanations. */
export function explainInvoice({
  number,
  customer,
  subscription,
  lines,
  total,
  periodStart,
  periodEnd,
}: ExplainedInvoice): string {
  const period = `${periodStart.slice(0, 10)} to ${periodEnd.slice(0, 10)}`;
  return [
    `Invoice ${number}: airport ${customer.externalId}, plan "${subscription.plan.name}", ${period}`,
    ...lines.flatMap(({ description, amount, explanation }) => [
      amountLine(`  ${description} `, amount, '.'),
      ...wrap(explanation.text, 4),
    ]),
    amountLine('  Total ', total, '═'),
  ].join('\n');
}

const amountLine = (label: string, amount: string, filler: string): string => {
  const text = ` ${money(amount)} USD`;
  return label.padEnd(WIDTH - text.length, filler) + text;
};

function wrap(text: string, indent: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines[lines.length - 1].length + word.length + 1 > WIDTH - indent) lines.push('');
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines.map((line) => ' '.repeat(indent - 1) + line);
}

/** Where everything is, and what to look at first. `example` is the number of an invoice. */
export const lookAround = ({ url, apiKey }: Server, { clockId }: Story, example: string): string => `Fluxrate is up:
  GraphQL    ${url}/graphql
  GraphiQL   ${url}/graphiql
  API key    ${apiKey}

In GraphiQL (header X-API-Key), for example:
  # the invoices of an airport
  { customer(externalId: "DFW") { invoices(first: 3) { nodes { number status total amountDue } } } }
  # why an invoice says what it says, and the latest flights behind it
  { invoice(number: "${example}") { lines { amount explanation { text }
      events(first: 3) { totalCount nodes { timestamp properties } } } } }
  # who has not paid
  { subscriptions(status: PAST_DUE, first: 5) { totalCount nodes { customer { externalId } } } }
  # one more month, without a flight
  mutation { advanceTestClock(id: "${clockId}",
      to: "2001-05-01T02:00:00Z") { now } }

Or with curl:
  curl -s ${url}/graphql -H 'X-API-Key: ${apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '{"query":"{ invoice(number: \\"${example}\\") { status total amountDue } }"}'`;

const money = (amount: Decimal.Value): string => new Decimal(amount).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

export const count = (value: number): string => value.toLocaleString('en-US');
