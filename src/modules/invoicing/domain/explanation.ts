import { decimal, decimalText, ZERO, type Decimal } from '../../../shared/decimal.js';
import type { Fraction } from '../../../shared/proration.js';
import type { RatedUsage } from '../../catalog/domain/index.js';
import type { Reading } from '../../metering/domain/index.js';

/** How a line's amount came about, as it is stored: decimals as text, instants as ISO 8601. */
export interface Explanation {
  kind: 'FIXED' | 'USAGE' | 'CREDIT' | 'CORRECTION' | 'BALANCE' | 'ONE_OFF' | 'EDITED';
  /** Before the one rounding. */
  exactAmount: string;
  proration?: Fraction;
  fixedAmount?: string;
  reading?: { meterId: string; from: string; to: string; value: string; eventCount: number };
  roundedQuantity?: string;
  includedUnits?: string;
  billableQuantity?: string;
  unitAmount?: string;
  rate?: string;
  packages?: string;
  packageAmount?: string;
  eventFees?: string;
  tiers?: { from: string; upTo: string | null; quantity: string; unitAmount: string; flatAmount: string; amount: string }[];
  /** The bounds that changed the amount. */
  minimumAmount?: string;
  maximumAmount?: string;
  /** EDITED: what the line came to before a person set its amount. */
  computedAmount?: string;
  /** ONE_OFF and EDITED: what was multiplied with `unitAmount`. */
  quantity?: string;
  /** CREDIT and CORRECTION: what this charge was billed for this span before. */
  billedBefore?: string;
  /** The last part of a period: what the parts before it come to; it is the whole less those. */
  partsBefore?: string;
  /** What was billed in advance for a span that now ends early; `proration` is the unused share of it. */
  prepaidAmount?: string;
}

/** The usage part of an explanation: what was counted, and how the price made an amount of it. */
export function explainUsage(reading: Reading, rated: RatedUsage): Omit<Explanation, 'kind'> {
  const text = (value: Decimal | null): string | undefined => (value === null ? undefined : decimalText(value));
  return {
    exactAmount: decimalText(rated.exactAmount),
    reading: {
      meterId: reading.meterId,
      from: reading.from.toISOString(),
      to: reading.to.toISOString(),
      value: decimalText(reading.value),
      eventCount: reading.eventCount,
    },
    roundedQuantity: decimalText(rated.roundedQuantity),
    includedUnits: decimalText(rated.includedUnits),
    billableQuantity: decimalText(rated.billableQuantity),
    packages: text(rated.packages),
    eventFees: text(rated.eventFees),
    tiers: rated.slices?.map((slice) => ({
      from: decimalText(slice.from),
      upTo: text(slice.upTo) ?? null,
      quantity: decimalText(slice.quantity),
      unitAmount: decimalText(slice.unitAmount),
      flatAmount: decimalText(slice.flatAmount),
      amount: decimalText(slice.amount),
    })),
    minimumAmount: text(rated.appliedMinimum),
    maximumAmount: text(rated.appliedMaximum),
  };
}

/** One plain sentence. `amount` is the line's, rounded. */
export function explanationText(explanation: Explanation, amount: string, currency: string): string {
  const money = `${amount} ${currency}`;
  const before = `${explanation.billedBefore} ${currency}`;
  const steps = [
    ...usageSteps(explanation, currency),
    ...fixedSteps(explanation, currency),
    ...boundSteps(explanation, currency),
  ].join(', ');
  switch (explanation.kind) {
    case 'CREDIT':
      return explanation.prepaidAmount !== undefined && explanation.proration
        ? `Credit of the unused ${fractionText(explanation.proration)} of ${explanation.prepaidAmount} ${currency} billed in advance: ${money}.`
        : `Credit of what was billed before (${before}) and is not used: ${money}.`;
    case 'BALANCE':
      return `Kept as customer balance, because the lines add up to a credit: ${money}.`;
    case 'ONE_OFF':
      return `${explanation.quantity} × ${explanation.unitAmount} ${currency}: ${money}.`;
    case 'EDITED':
      return `Set by hand to ${explanation.quantity} × ${explanation.unitAmount} ${currency}, instead of ${explanation.computedAmount} ${currency}: ${money}.`;
    case 'CORRECTION':
      return `Usage that arrived late: ${steps} comes to ${explanation.exactAmount} ${currency}, billed before ${before}: ${money}.`;
    case 'USAGE':
    case 'FIXED': {
      const less = explanation.billedBefore === undefined ? '' : `, less ${before} billed before`;
      return steps === '' ? `${money}.` : `${steps}${less}: ${money}.`;
    }
  }
}

const fractionText = ({ numerator, denominator }: Fraction): string => `${numerator}/${denominator}`;

function usageSteps(explanation: Explanation, currency: string): string[] {
  const { reading } = explanation;
  if (!reading) return [];
  const steps = [`${reading.value} counted from ${reading.eventCount} ${reading.eventCount === 1 ? 'event' : 'events'}`];
  if (explanation.roundedQuantity !== reading.value) steps.push(`rounded to ${explanation.roundedQuantity}`);
  if (isPositive(explanation.includedUnits)) steps.push(`less ${explanation.includedUnits} included`);
  if (explanation.tiers) {
    for (const tier of explanation.tiers) {
      const flat = isPositive(tier.flatAmount) ? ` + ${tier.flatAmount}` : '';
      steps.push(
        `${tier.quantity} × ${tier.unitAmount}${flat} (${tier.upTo === null ? `above ${tier.from}` : `up to ${tier.upTo}`})`,
      );
    }
  } else if (explanation.packages !== undefined)
    steps.push(`${explanation.packages} packages × ${explanation.packageAmount} ${currency}`);
  else if (explanation.rate !== undefined) steps.push(`${explanation.billableQuantity} × ${explanation.rate}`);
  else if (explanation.unitAmount !== undefined)
    steps.push(`${explanation.billableQuantity} × ${explanation.unitAmount} ${currency}`);
  if (explanation.eventFees !== undefined) steps.push(`plus ${explanation.eventFees} ${currency} for the events`);
  return steps;
}

function fixedSteps({ kind, fixedAmount, proration, partsBefore }: Explanation, currency: string): string[] {
  if (kind !== 'FIXED' || fixedAmount === undefined) return [];
  const share = proration ? ` × ${fractionText(proration)} of the period` : ' for the period';
  const rest =
    partsBefore === undefined ? [] : [`which is the rest of ${fixedAmount} ${currency} after ${partsBefore} ${currency}`];
  return [`${fixedAmount} ${currency}${share}`, ...rest];
}

function boundSteps({ minimumAmount, maximumAmount }: Explanation, currency: string): string[] {
  if (maximumAmount !== undefined) return [`at most ${maximumAmount} ${currency}`];
  return minimumAmount === undefined ? [] : [`at least ${minimumAmount} ${currency}`];
}

const isPositive = (text: string | undefined): boolean => text !== undefined && decimal(text).gt(ZERO);
