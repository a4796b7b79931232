import type { Span } from '../../../shared/calendar.js';
import { decimal, decimalText, ONE, sum, ZERO, type Decimal } from '../../../shared/decimal.js';
import type { Explanation } from './explanation.js';
import type { BillableCharge, Expectation, ExpectedLine } from './expected-lines.js';
import type { PrepaidLine } from './fixed-amounts.js';

export type LineKind = 'CHARGE' | 'CREDIT' | 'CORRECTION';

/** A line that stands on an invoice. */
export interface IssuedLine {
  key: string;
  kind: LineKind;
  chargeId: string;
  span: Span;
  quantity: Decimal;
  amount: Decimal;
  /** Of a correction: what the lines before it came to. With its own amount, what the span was billed by then. */
  billedBefore: Decimal;
  /** DRAFT: its usage is read again at finalization. WAIVED: its invoice was voided, and nothing takes its place. */
  invoice: 'DRAFT' | 'FINAL' | 'WAIVED';
  /** What credit notes took back of it. */
  credited?: Decimal;
  /** A person set its amount, or took it off the draft: nothing makes up for the difference. */
  edited?: boolean;
}

/** A line to be put on the next invoice. */
export interface LineToBill {
  kind: LineKind;
  key: string;
  charge: BillableCharge;
  /** What the line is about: of a credit, the part that is not used. */
  span: Span;
  /** With the charge, what lines about the same thing have in common. */
  keyStart: Date;
  quantity: Decimal;
  unitAmount: Decimal | null;
  amount: Decimal;
  explanation: Explanation;
  eventsHash: string | null;
}

export interface DiffOptions {
  /** Late usage is billed for spans that end after this; null: not at all (organization setting `lateUsage`). */
  lateUsageFrom: Date | null;
}

/**
 * What is to be billed = expected − already billed (docs/billing-rules.md §1.2): lines that are missing, and corrections of
 * those that were issued. Twice in a row it yields nothing the second time.
 */
export function diffLines(
  expectation: Expectation,
  issued: readonly IssuedLine[],
  charges: ReadonlyMap<string, BillableCharge>,
  options: DiffOptions,
): LineToBill[] {
  const issuedByKey = byKey(issued);
  const lines: LineToBill[] = [];
  for (const expected of expectation.lines) {
    const before = issuedByKey.get(expected.key);
    issuedByKey.delete(expected.key);
    const line = before
      ? correctionOf(expected, before, options)
      : { kind: 'CHARGE' as const, keyStart: expected.span.start, ...expected };
    if (line) lines.push(line);
  }
  for (const [key, before] of issuedByKey) {
    if (expectation.atRest.has(key)) continue;
    const line = withdrawalOf(key, before, charges);
    if (line) lines.push(line);
  }
  return lines;
}

/**
 * The lines that first billed something, by key: what was billed in advance is credited from them. What has been credited in
 * full is billed no more, and priced anew. `issued` is in order.
 */
export function prepaidOf(issued: readonly IssuedLine[]): Map<string, PrepaidLine> {
  const prepaid = new Map<string, PrepaidLine>();
  for (const [key, lines] of byKey(issued)) {
    let billed = ZERO;
    for (const line of lines) {
      const { kind, span, billedBefore } = line;
      // A correction may make good for a credit, which may since have been voided: it bills its span with what was billed before.
      if (billed.isZero() && kind !== 'CREDIT')
        prepaid.set(key, { span, amount: left(line).plus(billedBefore), byHand: isByHand([line]) });
      billed = billed.plus(left(line));
      // Not where rounding made the credit of a part as large as the whole: the part that was used has been billed, with 0.
      if (billed.isZero() && line.amount.isNegative() && !isAfterStart(span, prepaid.get(key))) prepaid.delete(key);
    }
  }
  return prepaid;
}

const isAfterStart = (credited: Span, billed: PrepaidLine | undefined): boolean =>
  billed !== undefined && credited.start > billed.span.start;

function byKey(issued: readonly IssuedLine[]): Map<string, IssuedLine[]> {
  const lines = new Map<string, IssuedLine[]>();
  for (const line of issued) {
    const together = lines.get(line.key);
    if (together) together.push(line);
    else lines.set(line.key, [line]);
  }
  return lines;
}

const isWaived = (lines: readonly IssuedLine[]): boolean => lines.some((line) => line.invoice === 'WAIVED');
/** Edited, or credited by hand: what a person decided is not charged after all. */
const isByHand = (lines: readonly IssuedLine[]): boolean =>
  lines.some(({ edited, credited }) => edited || !(credited ?? ZERO).isZero());
/** What of a line is still billed: no more than that is ever credited. */
const left = ({ amount, credited }: IssuedLine): Decimal => amount.minus(credited ?? ZERO);
const leftOf = (lines: readonly IssuedLine[]): Decimal => sum(lines.map(left));

/** What differs between a line that was issued and what it should be. */
function correctionOf(expected: ExpectedLine, before: readonly IssuedLine[], options: DiffOptions): LineToBill | null {
  if (isWaived(before)) return null;
  const isUsage = expected.charge.type === 'USAGE';
  const billed = isUsage ? sum(before.map((line) => line.amount)) : leftOf(before);
  const amount = expected.amount.minus(billed);
  if (amount.isZero() || isDecidedByHand(expected, before, amount)) return null;
  const difference = { ...expected, keyStart: expected.span.start, unitAmount: null, amount };
  const explained = { ...expected.explanation, billedBefore: decimalText(billed) };
  if (isUsage) {
    if (!billsLateUsage(expected, before, options)) return null;
    const quantity = expected.quantity.minus(sum(before.map((line) => line.quantity)));
    return { ...difference, kind: 'CORRECTION', quantity, explanation: { ...explained, kind: 'CORRECTION' } };
  }
  // Not a CHARGE, although of a fixed amount: credits are computed from what was billed first.
  if (amount.isPositive()) return { ...difference, kind: 'CORRECTION', explanation: explained };
  return {
    ...difference,
    kind: 'CREDIT',
    span: unusedPart(expected, before),
    explanation: { ...explained, kind: 'CREDIT', exactAmount: decimalText(decimal(explained.exactAmount).minus(billed)) },
  };
}

/**
 * Whether a difference is what a person wanted: of a line that was edited, any but the unused part of what it billed in advance; of
 * one with a credit note, less usage, or the price that the note took off.
 */
function isDecidedByHand({ charge }: ExpectedLine, before: readonly IssuedLine[], amount: Decimal): boolean {
  if (!isByHand(before)) return false;
  if (charge.type === 'USAGE') return amount.isNegative() || before.some(({ edited }) => edited);
  return amount.isPositive() || charge.billingTiming !== 'IN_ADVANCE';
}

/** From where the span ends now to where it ended when it was billed. */
function unusedPart({ span }: ExpectedLine, before: readonly IssuedLine[]): Span {
  const billedEnd = before[0].span.end;
  return billedEnd > span.end ? { start: span.end, end: billedEnd } : span;
}

const billsLateUsage = (expected: ExpectedLine, before: readonly IssuedLine[], { lateUsageFrom }: DiffOptions): boolean =>
  lateUsageFrom !== null && expected.span.end > lateUsageFrom && before.every((line) => line.invoice === 'FINAL');

/** The credit of a line whose span is no longer on the time line at all. */
function withdrawalOf(
  key: string,
  before: readonly IssuedLine[],
  charges: ReadonlyMap<string, BillableCharge>,
): LineToBill | null {
  const billed = leftOf(before);
  const charge = charges.get(before[0].chargeId);
  if (isWaived(before) || billed.isZero() || !charge) return null;
  return {
    kind: 'CREDIT',
    key,
    charge,
    span: before[0].span,
    keyStart: before[0].span.start,
    quantity: charge.type === 'USAGE' ? ZERO.minus(sum(before.map((line) => line.quantity))) : ONE,
    unitAmount: null,
    amount: billed.negated(),
    explanation: { kind: 'CREDIT', exactAmount: decimalText(billed.negated()), billedBefore: decimalText(billed) },
    eventsHash: null,
  };
}
