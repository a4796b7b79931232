import { boundary, periodAt, type Cadence, type Period, type Span } from '../../../shared/calendar.js';
import { prorationFraction, type Fraction, type Proration } from '../../../shared/proration.js';
import { segmentAt, type Segment } from '../../subscriptions/domain/index.js';

/** A period, or the part of one that a segment of the time line covers: what one line of a charge is billed for. */
export interface BillingSpan extends Span {
  planId: string;
  /** The whole period that contains the span: the denominator of every proration. */
  fullPeriod: Span;
  /** The rule that holds where a change has cut the span out of its period; null: the span is the whole period. */
  cutBy: Proration | null;
  timeZone: string;
}

/**
 * The billing spans that end after `from` and start at or before `asOf`, in order. Trials and pauses have none. The last one
 * may end after `asOf`: it is running. Spans before `from` that share its first period are included, so that the parts
 * of a period are always seen together.
 */
export function billingSpans(segments: readonly Segment[], from: Date, asOf: Date): BillingSpan[] {
  const spans: BillingSpan[] = [];
  const periodAtFrom = periodFinder(from);
  for (const segment of segments) {
    if (segment.kind !== 'PLAN' || !segment.cadence || segment.start > asOf) continue;
    const first = segment.start > from ? periodAt(segment.cadence, segment.start) : periodAtFrom(segment.cadence);
    for (let { index, start, end } = first; start <= asOf && (segment.end === null || start < segment.end); index += 1) {
      if (end > start) spans.push(spanOf(segment, { start, end }, segment.cadence.timeZone));
      start = end;
      end = boundary(segment.cadence, index + 2);
    }
  }
  return spans;
}

/** `periodAt`, found once for as many segments in a row as share a cadence: of a long history, most of what lies before `from`. */
function periodFinder(at: Date): (cadence: Cadence) => Period {
  let last: { cadence: Cadence; period: Period } | undefined;
  return (cadence) => {
    if (last?.cadence !== cadence) last = { cadence, period: periodAt(cadence, at) };
    return last.period;
  };
}

function spanOf(segment: Segment, fullPeriod: Span, timeZone: string): BillingSpan {
  const startCut = segment.start > fullPeriod.start;
  const endCut = segment.end !== null && segment.end < fullPeriod.end;
  return {
    planId: segment.planId,
    start: startCut ? segment.start : fullPeriod.start,
    end: endCut && segment.end ? segment.end : fullPeriod.end,
    fullPeriod,
    cutBy: endCut ? segment.endProration : startCut ? segment.startProration : null,
    timeZone,
  };
}

/** The share of its full period that a span is billed (docs/billing-rules.md §3); null: all of it, nothing to prorate. */
export const spanFraction = (span: BillingSpan): Fraction | null =>
  span.cutBy === null ? null : prorationFraction(span, span.fullPeriod, span.cutBy, span.timeZone);

/**
 * How far back closed spans are looked at again at the instant `at`: `lateUsagePeriods` closed periods (§8), or as far as a
 * span whose draft was taken back (`rebillFrom`).
 */
export function lookBackStart(
  segments: readonly Segment[],
  at: Date,
  lateUsagePeriods: number,
  { startedAt, rebillFrom }: { startedAt: Date; rebillFrom: Date | null },
): Date {
  const cadence = (segmentAt(segments, at) ?? segments.at(-1))?.cadence;
  if (!cadence) return startedAt;
  // One more than the setting says: the period that ends at `at` is itself closed.
  const from = boundary(cadence, periodAt(cadence, at).index - lateUsagePeriods - 1);
  return rebillFrom !== null && rebillFrom < from ? rebillFrom : from;
}
