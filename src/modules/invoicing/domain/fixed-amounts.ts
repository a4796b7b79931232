import { decimal, decimalText, sum, type Decimal } from '../../../shared/decimal.js';
import { roundToMinorUnit } from '../../../shared/money.js';
import { prorationFraction, type Fraction } from '../../../shared/proration.js';
import { spanFraction, type BillingSpan } from './billing-spans.js';
import type { Explanation } from './explanation.js';

/** What was billed in advance for a charge and span, by the line that first billed it. */
export interface PrepaidLine {
  span: { start: Date; end: Date };
  amount: Decimal;
  /** A person set the amount: the parts after it do not make up for what it is off the price. */
  byHand?: boolean;
}

/** One charge of a recurring fixed amount for one span. */
export interface FixedItem {
  key: string;
  chargeId: string;
  /** Per full period. */
  fixedAmount: Decimal;
  span: BillingSpan;
  /** The line that billed it in advance, if it has been billed. */
  prepaid: PrepaidLine | undefined;
}

export interface FixedAmount {
  /** Rounded to the currency's minor unit. */
  amount: Decimal;
  explanation: Explanation;
}

interface Parts {
  fractions: Fraction[];
  amounts: Decimal[];
}

const WHOLE: Fraction = { numerator: 1, denominator: 1 };

/**
 * The amounts of recurring charges, by line key (docs/billing-rules.md §3). `items` are in order of time and hold every part of
 * a period of which they hold one. The parts of a period that make it whole sum to the whole.
 */
export function fixedAmounts(items: readonly FixedItem[], currency: string): Map<string, FixedAmount> {
  const amounts = new Map<string, FixedAmount>();
  const partsByPeriod = new Map<string, Parts>();
  for (const item of items) {
    const period = `${item.chargeId} ${item.span.fullPeriod.start.getTime()}`;
    const parts = partsByPeriod.get(period) ?? { fractions: [], amounts: [] };
    partsByPeriod.set(period, parts);
    const fraction = spanFraction(item.span);
    const priced = pricedPart(item.fixedAmount, fraction, parts, currency);
    const billed = item.prepaid && keptPart(item.prepaid, item, priced, currency);
    amounts.set(item.key, billed ?? priced);
    parts.fractions.push(fraction ?? WHOLE);
    parts.amounts.push((item.prepaid?.byHand ? priced : (billed ?? priced)).amount);
  }
  return amounts;
}

/** The share of the amount that the span is of its period; the part that makes the period whole is the rest of the whole. */
function pricedPart(whole: Decimal, fraction: Fraction | null, before: Parts, currency: string): FixedAmount {
  const exactAmount = fraction ? share(whole, fraction) : whole;
  const explanation: Explanation = {
    kind: 'FIXED',
    exactAmount: decimalText(exactAmount),
    fixedAmount: decimalText(whole),
    ...(fraction ? { proration: fraction } : {}),
  };
  if (!fraction || before.fractions.length === 0 || !makeWhole([...before.fractions, fraction])) {
    return { amount: roundToMinorUnit(exactAmount, currency), explanation };
  }
  const billedBefore = sum(before.amounts);
  return {
    amount: roundToMinorUnit(whole, currency).minus(billedBefore),
    explanation: { ...explanation, partsBefore: decimalText(billedBefore) },
  };
}

/**
 * What of a prepaid line stays billed: all of it, or, when its span ends early, the billed amount less the unused share of
 * it. Computed from the line that was billed, never from a price (§3). Null: the span outgrew what was billed.
 */
function keptPart(
  prepaid: PrepaidLine,
  { span, fixedAmount }: FixedItem,
  priced: FixedAmount,
  currency: string,
): FixedAmount | null {
  if (span.end > prepaid.span.end) return null;
  if (span.end >= prepaid.span.end || span.cutBy === null || span.cutBy === 'NONE') {
    return { amount: prepaid.amount, explanation: priced.explanation };
  }
  const unused = prorationFraction({ start: span.end, end: prepaid.span.end }, prepaid.span, span.cutBy, span.timeZone);
  const exactCredit = share(prepaid.amount, unused);
  return {
    amount: prepaid.amount.minus(roundToMinorUnit(exactCredit, currency)),
    explanation: {
      kind: 'FIXED',
      exactAmount: decimalText(prepaid.amount.minus(exactCredit)),
      fixedAmount: decimalText(fixedAmount),
      prepaidAmount: decimalText(prepaid.amount),
      proration: unused,
    },
  };
}

/** Multiplies before it divides, so that the only digits cut are those of a quotient without an end. */
export const share = (amount: Decimal, { numerator, denominator }: Fraction): Decimal =>
  amount.times(decimal(String(numerator))).div(decimal(String(denominator)));

const makeWhole = (fractions: readonly Fraction[]): boolean => {
  const { denominator } = fractions[0];
  return (
    fractions.every((part) => part.denominator === denominator) &&
    fractions.reduce((total, part) => total + part.numerator, 0) === denominator
  );
};
