import { decimal, decimalText, sum, type Decimal } from '../../../shared/decimal.js';
import { roundToMinorUnit } from '../../../shared/money.js';
import type { Span } from '../../../shared/calendar.js';
import { prorationFraction, type Fraction } from '../../../shared/proration.js';
import { rateUsage, type BillingTiming, type ChargeType, type Price } from '../../catalog/domain/index.js';
import type { Reading, ReadingRequest } from '../../metering/domain/index.js';
import type { Segment } from '../../subscriptions/domain/index.js';
import { billingSpans, spanFraction, type BillingSpan } from './billing-spans.js';
import { explainUsage, type Explanation } from './explanation.js';

/** A charge of a plan version, its price parsed. */
export interface BillableCharge {
  id: string;
  displayName: string;
  type: ChargeType;
  billingTiming: BillingTiming;
  meterId: string | null;
  price: Price;
}

/** What was billed in advance for a charge and span, by the line that first billed it. */
export interface PrepaidLine {
  span: Span;
  amount: Decimal;
}

export interface BillingInput {
  customerId: string;
  currency: string;
  segments: readonly Segment[];
  chargesByPlan: ReadonlyMap<string, readonly BillableCharge[]>;
  /** Prepaid lines that have been issued, by line key. */
  prepaid: ReadonlyMap<string, PrepaidLine>;
  /** Closed spans that ended at or before this are left alone. */
  from: Date;
  asOf: Date;
}

/** A line that should have been billed by `asOf`. `key` names charge and span start: the same for every line about them. */
export interface ExpectedLine {
  key: string;
  charge: BillableCharge;
  span: Span;
  quantity: Decimal;
  unitAmount: Decimal | null;
  /** Rounded to the currency's minor unit. */
  amount: Decimal;
  explanation: Explanation;
}

export interface Expectation {
  lines: ExpectedLine[];
  /** Keys of lines that the time line holds but that are not due yet. */
  upcoming: ReadonlySet<string>;
}

export const lineKey = (chargeId: string, spanStart: Date): string => `${chargeId} ${spanStart.toISOString()}`;
export const readingKey = ({ meterId, from, to }: Pick<ReadingRequest, 'meterId' | 'from' | 'to'>): string =>
  `${meterId} ${from.getTime()} ${to.getTime()}`;

interface Item {
  charge: BillableCharge;
  span: BillingSpan;
  key: string;
  due: boolean;
}

/** Every (charge, span) of the time line in view, with whether it is due at `asOf`: in advance at its start, else at its end. */
function itemsOf({ segments, chargesByPlan, from, asOf }: BillingInput): Item[] {
  const items: Item[] = [];
  for (const span of billingSpans(segments, from, asOf)) {
    for (const charge of chargesByPlan.get(span.planId) ?? []) {
      const due = charge.billingTiming === 'IN_ADVANCE' ? span.start <= asOf : span.end <= asOf;
      items.push({ charge, span, key: lineKey(charge.id, span.start), due });
    }
  }
  return items;
}

/** The meter readings that `expectedLines` needs for the same input. */
export function requiredReadings(input: BillingInput): ReadingRequest[] {
  return itemsOf(input)
    .filter(({ charge, span, due }) => due && charge.type === 'USAGE' && span.end > input.from)
    .map(({ charge, span }) => ({ meterId: charge.meterId ?? '', customerId: input.customerId, from: span.start, to: span.end }));
}

/**
 * What should be billed by `asOf` (docs/billing-rules.md §1.1): a pure function of the time line, the prices and the usage.
 * `readings` answers `requiredReadings`, by `readingKey`.
 */
export function expectedLines(input: BillingInput, readings: ReadonlyMap<string, Reading>): Expectation {
  const items = itemsOf(input);
  const fixedAmounts = fixedAmountsOf(items, input);
  const lines: ExpectedLine[] = [];
  for (const item of items) {
    if (!item.due || item.span.end <= input.from) continue;
    lines.push(item.charge.type === 'USAGE' ? usageLine(item, input.currency, readings) : fixedLine(item, fixedAmounts));
  }
  return { lines, upcoming: new Set(items.filter(({ due }) => !due).map(({ key }) => key)) };
}

function usageLine({ charge, span, key }: Item, currency: string, readings: ReadonlyMap<string, Reading>): ExpectedLine {
  const reading = readings.get(readingKey({ meterId: charge.meterId ?? '', from: span.start, to: span.end }));
  if (!reading) throw new Error(`No reading was given for ${key}.`);
  return { key, charge, span, ...rateLine(charge, reading, spanFraction(span), currency) };
}

/** Prices one reading of a usage charge. `fraction`: the span's share of the full period, for the minimum. */
export function rateLine(
  charge: BillableCharge,
  reading: Reading,
  fraction: Fraction | null,
  currency: string,
): Pick<ExpectedLine, 'quantity' | 'unitAmount' | 'amount' | 'explanation'> {
  const { price } = charge;
  const rated = rateUsage(price, reading, fraction ?? undefined);
  const text = (value: Decimal | null): string | undefined => (value === null ? undefined : decimalText(value));
  return {
    quantity: rated.roundedQuantity,
    unitAmount: price.unitAmount,
    amount: roundToMinorUnit(rated.exactAmount, currency),
    explanation: {
      kind: 'USAGE',
      ...explainUsage(reading, rated),
      unitAmount: text(price.unitAmount),
      rate: text(price.rate),
      packageAmount: text(price.packageAmount),
      ...(fraction ? { proration: fraction } : {}),
    },
  };
}

interface FixedAmount {
  amount: Decimal;
  exactAmount: Decimal;
  fraction: Fraction | null;
}

function fixedLine({ charge, span, key }: Item, amounts: ReadonlyMap<string, FixedAmount>): ExpectedLine {
  const { amount, exactAmount, fraction } = amounts.get(key) as FixedAmount;
  const fixedAmount = charge.price.amount as Decimal;
  return {
    key,
    charge,
    span,
    quantity: decimal('1'),
    unitAmount: fixedAmount,
    amount,
    explanation: {
      kind: 'FIXED',
      exactAmount: decimalText(exactAmount),
      fixedAmount: decimalText(fixedAmount),
      ...(fraction ? { proration: fraction } : {}),
    },
  };
}

/** The amounts of recurring charges, by line key. The parts of one period that make it whole sum to the whole (§3). */
function fixedAmountsOf(items: readonly Item[], { currency, prepaid }: BillingInput): Map<string, FixedAmount> {
  const amounts = new Map<string, FixedAmount>();
  const parts = new Map<string, { fractions: Fraction[]; amounts: Decimal[] }>();
  for (const { charge, span, key } of items) {
    if (charge.type !== 'FIXED') continue;
    const fraction = spanFraction(span);
    const whole = charge.price.amount as Decimal;
    const exactAmount = fraction ? share(whole, fraction) : whole;
    let amount = roundToMinorUnit(exactAmount, currency);
    const period = `${charge.id} ${span.fullPeriod.start.getTime()}`;
    const before = parts.get(period) ?? { fractions: [], amounts: [] };
    parts.set(period, before);
    if (fraction && before.fractions.length > 0 && makeWhole([...before.fractions, fraction])) {
      amount = roundToMinorUnit(whole, currency).minus(sum(before.amounts));
    }
    const billed = charge.billingTiming === 'IN_ADVANCE' ? prepaid.get(key) : undefined;
    if (billed) amount = keptOf(billed, span, amount, currency);
    before.fractions.push(fraction ?? { numerator: 1, denominator: 1 });
    before.amounts.push(amount);
    amounts.set(key, { amount, exactAmount, fraction });
  }
  return amounts;
}

const share = (amount: Decimal, { numerator, denominator }: Fraction): Decimal =>
  amount.times(decimal(String(numerator))).div(decimal(String(denominator)));

const makeWhole = (fractions: readonly Fraction[]): boolean => {
  const { denominator } = fractions[0];
  return (
    fractions.every((part) => part.denominator === denominator) &&
    fractions.reduce((total, part) => total + part.numerator, 0) === denominator
  );
};

/**
 * What of a prepaid line stays billed when its span ends early: the billed amount less the unused share of it. Computed from
 * the line that was billed, never from a price (docs/billing-rules.md §3).
 */
function keptOf(billed: PrepaidLine, span: BillingSpan, priced: Decimal, currency: string): Decimal {
  if (span.end > billed.span.end) return priced;
  if (span.end >= billed.span.end || span.cutBy === null) return billed.amount;
  if (span.cutBy === 'NONE') return billed.amount;
  const unused = prorationFraction({ start: span.end, end: billed.span.end }, billed.span, span.cutBy, span.timeZone);
  return billed.amount.minus(roundToMinorUnit(share(billed.amount, unused), currency));
}
