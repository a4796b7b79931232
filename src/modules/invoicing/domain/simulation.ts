import { periodAt, type Span } from '../../../shared/calendar.js';
import { decimal, decimalText, sum, ZERO, type Decimal } from '../../../shared/decimal.js';
import type { Proration } from '../../../shared/proration.js';
import type { Reading } from '../../metering/domain/index.js';
import {
  segmentAt,
  segmentsOf,
  spanAt,
  type PlanInterval,
  type Segment,
  type TimelineEntry,
  type TimelineTerms,
} from '../../subscriptions/domain/index.js';
import { billingSpans } from './billing-spans.js';
import { expectedLines, type BillableCharge, type BillingInput } from './expected-lines.js';
import type { PrepaidLine } from './fixed-amounts.js';

/** A subscription as it really was. */
export interface History {
  customerId: string;
  terms: TimelineTerms;
  entries: readonly TimelineEntry[];
  segments: readonly Segment[];
  /** The plan versions that the entries name. */
  plans: ReadonlyMap<string, PlanInterval>;
  /** What ended before this has been billed; null: everything that ended has. */
  dueAt: Date | null;
}

/** The plan version that history is rated under. */
export interface SimulatedPlan extends PlanInterval {
  id: string;
  currency: string;
  charges: readonly BillableCharge[];
}

export interface Window {
  from: Date;
  to: Date;
}

/** Of a customer, or of all: what was billed, and what would have been. */
export interface Comparison {
  billed: Decimal;
  simulated: Decimal;
}

/**
 * The stretch of time that a simulation compares, on both sides: the billing periods of the real time line that ended in
 * (from, to] and have been billed, each with all its parts. A period that a change has cut short ends where its last part
 * does. So windows that tile have every period in exactly one of them. Trials and pauses have no periods. Null: no period.
 */
export function comparedTime({ segments, dueAt }: History, { from, to }: Window): Span | null {
  const cadence = segmentAt(segments, to)?.cadence;
  // As far as the period that contains `to` may have parts: where they lie tells when it ends.
  const horizon = cadence ? periodAt(cadence, to).end : to;
  const periods: (Span & { fullPeriod: Span })[] = [];
  for (const { start, end, fullPeriod } of billingSpans(segments, from, horizon)) {
    const last = periods.at(-1);
    if (last && isSameSpan(last.fullPeriod, fullPeriod)) last.end = end;
    else periods.push({ start, end, fullPeriod });
  }
  const compared = periods.filter(({ end }) => end > from && end <= to && (dueAt === null || end < dueAt));
  const [first, last] = [compared.at(0), compared.at(-1)];
  return first && last ? { start: first.start, end: last.end } : null;
}

const isSameSpan = (a: Span, b: Span): boolean => a.start.getTime() === b.start.getTime() && a.end.getTime() === b.end.getTime();

/**
 * What bills `compared` under the plan: the real time line, changed to the plan at the start of that time and never to
 * another. Trials and pauses stay as they were. By the rules of a plan change the anchor stays where the interval does, and
 * another interval begins at the change (docs/billing-rules.md §7). What the end of the time cuts is prorated.
 */
export function simulationInput(history: History, plan: SimulatedPlan, compared: Span): BillingInput {
  const segments = simulatedSegments(history, plan, compared);
  const input: BillingInput = {
    customerId: history.customerId,
    currency: plan.currency,
    segments,
    chargesByPlan: new Map([[plan.id, plan.charges]]),
    prepaid: new Map(),
    from: compared.start,
    asOf: compared.end,
  };
  return { ...input, prepaid: billedInAdvance(input) };
}

/** What the plan would have billed. `readings` answers `requiredReadings` of the same input. */
export const simulatedAmount = (input: BillingInput, readings: ReadonlyMap<string, Reading>): Decimal =>
  sum(expectedLines(input, readings).lines.map(({ amount }) => amount));

function simulatedSegments({ terms, entries, segments, plans }: History, plan: SimulatedPlan, compared: Span): Segment[] {
  const first = segmentAt(segments, compared.start);
  const isCut = first?.start.getTime() === compared.start.getTime();
  const proration = first && isCut ? first.startProration : terms.proration;
  const change: TimelineEntry = { sequence: Infinity, kind: 'PLAN', at: compared.start, planId: plan.id, proration };
  const kept = entries.filter(({ kind, at }) => kind !== 'PLAN' || at <= compared.start);
  const changed = segmentsOf(terms, [...kept, change], new Map([...plans, [plan.id, plan]]));
  const last = segments.find(({ end }) => end?.getTime() === compared.end.getTime());
  return changed
    .filter(({ start, end }) => start < compared.end && (end === null || end > compared.start))
    .map((segment) => cutTo(segment, compared, proration, last?.endProration ?? terms.proration));
}

function cutTo(segment: Segment, { start, end }: Span, startProration: Proration, endProration: Proration): Segment {
  const fromStart = segment.start < start ? { ...segment, start, startProration } : segment;
  return segment.end === null || segment.end > end ? { ...fromStart, end, endProration } : fromStart;
}

/**
 * The prepaid lines of periods that end early: billed at their start, when nobody knew that they would, and then credited
 * (docs/billing-rules.md §3). Whatever is not cut costs the same without them.
 */
function billedInAdvance(input: BillingInput): Map<string, PrepaidLine> {
  const prepaid = new Map<string, PrepaidLine>();
  input.segments.forEach((segment, index) => {
    if (segment.kind !== 'PLAN' || segment.end === null) return;
    const { start } = spanAt(segment, new Date(segment.end.getTime() - 1));
    const foreseen = [...input.segments.slice(0, index), { ...segment, end: null }];
    const { lines } = expectedLines({ ...input, segments: foreseen, prepaid, from: start, asOf: start }, new Map());
    for (const { key, span, amount } of lines) prepaid.set(key, { span, amount });
  });
  return prepaid;
}

/** What all customers of a simulation come to. */
export interface SimulationTotals {
  customers: number;
  billed: string;
  simulated: string;
  difference: string;
  winners: number;
  losers: number;
  unchanged: number;
}

export const differenceOf = ({ billed, simulated }: Comparison): Decimal => simulated.minus(billed);

/** Winners would have paid less, losers more. */
export function totalsOf(comparisons: readonly Comparison[]): SimulationTotals {
  const billed = sum(comparisons.map((comparison) => comparison.billed));
  const simulated = sum(comparisons.map((comparison) => comparison.simulated));
  const signs = comparisons.map((comparison) => differenceOf(comparison).comparedTo(ZERO));
  return {
    customers: comparisons.length,
    billed: decimalText(billed),
    simulated: decimalText(simulated),
    difference: decimalText(decimal(simulated).minus(billed)),
    winners: signs.filter((sign) => sign < 0).length,
    losers: signs.filter((sign) => sign > 0).length,
    unchanged: signs.filter((sign) => sign === 0).length,
  };
}
