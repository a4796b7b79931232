import type { Address } from '../../../shared/address.js';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import { formatOf, type Format } from '../../../shared/locale.js';
import { amountDue } from './amount-due.js';
import { explainInWords } from './explanation-in-words.js';
import type { Explanation } from './explanation.js';
import type { InvoiceStatus } from './invoice-status.js';
import type { AppliedTaxRate, TaxTreatment } from './tax.js';

/** One side of an invoice. */
export interface Party {
  name: string;
  address: Address | null;
  taxId: string | null;
  email: string | null;
}

/** What an invoice's document is made of. Decimals are text, as they are stored. */
export interface DocumentInput {
  invoice: {
    number: string | null;
    kind: string;
    status: InvoiceStatus;
    currency: string;
    periodStart: Date | null;
    periodEnd: Date | null;
    issuedAt: Date | null;
    dueAt: Date | null;
    paidAt: Date | null;
    subtotal: string;
    tax: string;
    taxTreatment: TaxTreatment;
    taxRate: AppliedTaxRate | null;
    total: string;
    creditsApplied: string;
    amountPaid: string;
    amountCredited: string;
    memo: string | null;
    createdAt: Date;
  };
  lines: DocumentLineInput[];
  payments: { amount: string; paidAt: Date; method: string | null; reference: string | null }[];
  creditNotes: CreditNoteInput[];
  seller: Party;
  buyer: Party;
  locale: string;
  timeZone: string;
  brandColor: string | null;
}

export interface CreditNoteInput {
  number: string;
  issuedAt: Date;
  total: string;
  amountApplied: string;
  amountToBalance: string;
  amountRefunded: string;
}

export interface DocumentLineInput {
  description: string;
  kind: string;
  quantity: string;
  unitAmount: string | null;
  amount: string;
  periodStart: Date | null;
  periodEnd: Date | null;
  explanation: Explanation;
}

/** An invoice in words, ready to be set: the PDF, the page and the mail all show this. */
export interface InvoiceDocument {
  title: string;
  number: string | null;
  /** Across the document, where it is not to be paid: DRAFT, VOID. */
  stamp: string | null;
  color: string;
  /** North America prints on Letter. */
  paper: 'A4' | 'LETTER';
  /** When it was issued, or drafted. */
  datedAt: Date;
  seller: PartyBlock;
  buyer: PartyBlock;
  facts: Entry[];
  groups: LineGroup[];
  totals: Total[];
  /** What has to be said about its tax. */
  taxNote: string | null;
  /** What became of it: credit notes, payments. */
  records: RecordList[];
  memo: string | null;
  /** For mail: what is to be paid, and by when. */
  amountDue: string;
  total: string;
  dueOn: string | null;
  paidOn: string | null;
}

export interface Entry {
  label: string;
  value: string;
}

export interface Total extends Entry {
  isStrong: boolean;
}

export interface RecordList {
  heading: string;
  entries: { date: string; text: string; amount: string }[];
}

export interface PartyBlock {
  name: string;
  email: string | null;
  lines: string[];
}

/** The lines of one period. */
export interface LineGroup {
  heading: string;
  lines: DocumentLine[];
}

export interface DocumentLine {
  description: string;
  details: string[];
  quantity: string;
  unitPrice: string;
  amount: string;
}

const REGION_BEFORE_CODE: ReadonlySet<string> = new Set(['US', 'CA', 'AU']);
/** In the language of the labels. */
const COUNTRY_NAMES = new Intl.DisplayNames('en', { type: 'region' });
/** It goes into style sheets. */
const COLOR = /^#[0-9a-f]{6}$/i;
const DARK_GREY = '#1f2937';
const LETTER_COUNTRIES: ReadonlySet<string> = new Set(['US', 'CA', 'MX', 'PH', 'CL', 'CO', 'GT', 'CR', 'PA', 'DO']);

export function invoiceDocument(input: DocumentInput): InvoiceDocument {
  const { invoice, seller, buyer } = input;
  const format = formatOf(input.locale, input.timeZone, invoice.currency);
  const country = buyer.address?.country ?? seller.address?.country;
  return {
    title: titleOf(invoice),
    number: invoice.number,
    stamp: invoice.status === 'DRAFT' || invoice.status === 'VOID' ? invoice.status : null,
    color: input.brandColor !== null && COLOR.test(input.brandColor) ? input.brandColor : DARK_GREY,
    paper: country !== undefined && LETTER_COUNTRIES.has(country) ? 'LETTER' : 'A4',
    datedAt: invoice.issuedAt ?? invoice.createdAt,
    seller: partyBlock(seller),
    buyer: partyBlock(buyer),
    facts: factsOf(invoice, format),
    groups: groupsOf(input.lines, format),
    totals: totalsOf(input, format),
    taxNote: TAX_NOTES[invoice.taxTreatment],
    records: recordsOf(input, format),
    memo: invoice.memo,
    amountDue: format.money(amountDue(invoice)),
    total: format.money(decimal(invoice.total)),
    dueOn: invoice.dueAt && format.date(invoice.dueAt),
    paidOn: invoice.paidAt && format.date(invoice.paidAt),
  };
}

function titleOf({ status, kind }: DocumentInput['invoice']): string {
  if (status === 'DRAFT') return 'Draft invoice';
  return kind === 'CREDIT' ? 'Credit' : 'Invoice';
}

function partyBlock({ name, address, taxId, email }: Party): PartyBlock {
  const lines = address ? [address.line1, address.line2, ...townLines(address), COUNTRY_NAMES.of(address.country)] : [];
  return { name, email, lines: [...lines, email, taxId ? `Tax ID ${taxId}` : null].filter(isSaid) };
}

/** `Springfield, IL 62704` where the region is part of that line, else `10115 Berlin` and the region below. */
function townLines({ country, city, region, postalCode }: Address): (string | null | undefined)[] {
  if (REGION_BEFORE_CODE.has(country)) {
    return [[city, [region, postalCode].filter(isSaid).join(' ')].filter(isSaid).join(', ')];
  }
  return [[postalCode, city].filter(isSaid).join(' '), region];
}

const isSaid = (text: string | null | undefined): text is string => text !== null && text !== undefined && text !== '';

function factsOf(invoice: DocumentInput['invoice'], format: Format): Entry[] {
  const { number, status, issuedAt, dueAt, periodStart, periodEnd } = invoice;
  const facts: [string, string | null][] = [
    ['Number', number],
    ['Issued', issuedAt && format.date(issuedAt)],
    ['Due', status === 'OPEN' || status === 'UNCOLLECTIBLE' ? dueAt && format.date(dueAt) : null],
    ['Paid', status === 'PAID' && invoice.paidAt ? format.date(invoice.paidAt) : null],
    ['Period', periodStart && periodEnd && format.days(periodStart, periodEnd)],
    ['Currency', invoice.currency],
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]));
}

/** Lines in their order, under the period they are about; a period comes where its first line stands. */
function groupsOf(lines: DocumentLineInput[], format: Format): LineGroup[] {
  const groups = new Map<string, LineGroup>();
  for (const line of lines) {
    const heading = line.periodStart && line.periodEnd ? format.days(line.periodStart, line.periodEnd) : '';
    const group = groups.get(heading) ?? { heading, lines: [] };
    groups.set(heading, group);
    group.lines.push({
      description: line.description,
      details: explainInWords(line.kind, line.explanation, format),
      quantity: format.number(decimal(line.quantity)),
      unitPrice: line.unitAmount === null ? '' : format.money(decimal(line.unitAmount)),
      amount: format.money(decimal(line.amount)),
    });
  }
  return [...groups.values()];
}

const TAX_NOTES: Readonly<Record<TaxTreatment, string | null>> = {
  NONE: null,
  RATE: null,
  EXEMPT: 'Exempt from tax.',
  REVERSE_CHARGE: 'Reverse charge: the tax is owed by the recipient.',
};

function totalsOf({ invoice, creditNotes }: DocumentInput, format: Format): Total[] {
  const { subtotal, tax, taxRate, total, creditsApplied, amountPaid } = invoice;
  const entry = (label: string, amount: Decimal, isStrong = false): Total => ({ label, value: format.money(amount), isStrong });
  const unlessZero = (label: string, amount: Decimal): Total[] => (amount.isZero() ? [] : [entry(label, amount)]);
  return [
    entry(taxRate?.inclusive ? 'Subtotal without tax' : 'Subtotal', decimal(subtotal)),
    ...(taxRate ? [entry(rateLabel(taxRate, format), decimal(tax))] : []),
    entry('Total', decimal(total), true),
    ...unlessZero('Credit applied', decimal(creditsApplied).negated()),
    ...creditNotes.flatMap(({ number, amountApplied }) => unlessZero(`Credit note ${number}`, decimal(amountApplied).negated())),
    ...unlessZero('Paid', decimal(amountPaid).negated()),
    entry('Amount due', amountDue(invoice), true),
  ];
}

function rateLabel({ name, percentage, inclusive }: AppliedTaxRate, format: Format): string {
  const rate = `${name} ${format.number(decimal(percentage))} %`;
  return inclusive ? `${rate}, contained in the prices` : rate;
}

function recordsOf({ creditNotes, payments }: DocumentInput, format: Format): RecordList[] {
  const money = (amount: string): string => format.money(decimal(amount));
  const lists = [
    {
      heading: 'Credit notes',
      entries: creditNotes.map((note) => ({
        date: format.date(note.issuedAt),
        text: [note.number, ...whereCreditWent(note, format)].join(', '),
        amount: money(note.total),
      })),
    },
    {
      heading: 'Payments',
      entries: payments.map(({ amount, paidAt, method, reference }) => ({
        date: format.date(paidAt),
        text: [method, reference].filter((text) => text !== null).join(', '),
        amount: money(amount),
      })),
    },
  ];
  return lists.filter(({ entries }) => entries.length > 0);
}

function whereCreditWent({ amountApplied, amountToBalance, amountRefunded }: CreditNoteInput, format: Format): string[] {
  const parts: [string, string][] = [
    [amountApplied, 'taken off this invoice'],
    [amountToBalance, 'kept as customer balance'],
    [amountRefunded, 'paid back'],
  ];
  return parts.flatMap(([amount, where]) => (decimal(amount).isZero() ? [] : [`${format.money(decimal(amount))} ${where}`]));
}
