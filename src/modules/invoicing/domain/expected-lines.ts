import { decimalText, ONE, type Decimal } from '../../../shared/decimal.js';
import { roundToMinorUnit } from '../../../shared/money.js';
import type { Span } from '../../../shared/calendar.js';
import type { Fraction } from '../../../shared/proration.js';
import { rateUsage, type BillingTiming, type ChargeType, type Price } from '../../catalog/domain/index.js';
import type { Reading, ReadingRequest } from '../../metering/domain/index.js';
import type { Segment } from '../../subscriptions/domain/index.js';
import { billingSpans, spanFraction, type BillingSpan } from './billing-spans.js';
import { explainUsage, type Explanation } from './explanation.js';
import { fixedAmounts, type FixedAmount, type PrepaidLine } from './fixed-amounts.js';

/** A charge of a plan version, its price parsed. */
export interface BillableCharge {
  id: string;
  displayName: string;
  type: ChargeType;
  billingTiming: BillingTiming;
  meterId: string | null;
  price: Price;
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
  /** Usage lines: of the events counted. */
  eventsHash: string | null;
}

export interface Expectation {
  lines: ExpectedLine[];
  /** Keys that the time line holds too, but that are not due yet, or closed before `from`: nothing is to be done about them. */
  atRest: ReadonlySet<string>;
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
      // No billing span starts after `asOf`.
      const due = charge.billingTiming === 'IN_ADVANCE' || span.end <= asOf;
      items.push({ charge, span, key: lineKey(charge.id, span.start), due });
    }
  }
  return items;
}

/** The meter readings that `expectedLines` needs for the same input. */
export function requiredReadings(input: BillingInput): ReadingRequest[] {
  return itemsOf(input)
    .filter(({ charge, span, due }) => due && charge.type === 'USAGE' && span.end > input.from)
    .map(({ charge, span }) => ({
      meterId: charge.meterId as string,
      customerId: input.customerId,
      from: span.start,
      to: span.end,
    }));
}

/**
 * What should be billed by `asOf` (docs/billing-rules.md §1.1): a pure function of the time line, the prices and the usage.
 * `readings` answers `requiredReadings`, by `readingKey`.
 */
export function expectedLines(input: BillingInput, readings: ReadonlyMap<string, Reading>): Expectation {
  const items = itemsOf(input);
  const amounts = fixedAmountsOf(items, input);
  const isInView = ({ due, span }: Item): boolean => due && span.end > input.from;
  return {
    lines: items
      .filter(isInView)
      .map((item) => (item.charge.type === 'USAGE' ? usageLine(item, input.currency, readings) : fixedLine(item, amounts))),
    atRest: new Set(items.filter((item) => !isInView(item)).map(({ key }) => key)),
  };
}

function usageLine({ charge, span, key }: Item, currency: string, readings: ReadonlyMap<string, Reading>): ExpectedLine {
  const reading = readings.get(readingKey({ meterId: charge.meterId as string, from: span.start, to: span.end }));
  if (!reading) throw new Error(`No reading was given for ${key}.`);
  return { key, charge, span, ...rateLine(charge, reading, spanFraction(span), currency) };
}

/** Prices one reading of a usage charge. `fraction`: the span's share of the full period, for the minimum. */
export function rateLine(
  charge: BillableCharge,
  reading: Reading,
  fraction: Fraction | null,
  currency: string,
): Pick<ExpectedLine, 'quantity' | 'unitAmount' | 'amount' | 'explanation' | 'eventsHash'> {
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
    eventsHash: reading.eventsHash,
  };
}

function fixedLine({ charge, span, key }: Item, amounts: ReadonlyMap<string, FixedAmount>): ExpectedLine {
  const { amount, explanation } = amounts.get(key) as FixedAmount;
  return { key, charge, span, quantity: ONE, unitAmount: charge.price.amount, amount, explanation, eventsHash: null };
}

function fixedAmountsOf(items: readonly Item[], { currency, prepaid }: BillingInput): Map<string, FixedAmount> {
  const fixedItems = items
    .filter(({ charge }) => charge.type === 'FIXED')
    .map(({ charge, span, key }) => ({
      key,
      chargeId: charge.id,
      fixedAmount: charge.price.amount as Decimal,
      span,
      prepaid: charge.billingTiming === 'IN_ADVANCE' ? prepaid.get(key) : undefined,
    }));
  return fixedAmounts(fixedItems, currency);
}
