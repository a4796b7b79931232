import {
  boundary,
  calendarAnchor,
  periodAt,
  type BillingAlignment,
  type BillingInterval,
  type Cadence,
  type Span,
} from '../../../shared/calendar.js';
import type { Proration } from '../../../shared/proration.js';

/** What was decided about a subscription, and from when on it holds. Entries are ordered by (at, sequence). */
export interface TimelineEntry {
  sequence: number;
  kind: 'PLAN' | 'PAUSE' | 'RESUME' | 'END';
  at: Date;
  /** The plan version from `at` on; null but for PLAN. */
  planId: string | null;
  /** How the parts that this change cuts are prorated. */
  proration: Proration;
}

/** The terms a subscription began with. */
export interface TimelineTerms {
  startedAt: Date;
  trialEnd: Date | null;
  timeZone: string;
  alignment: BillingAlignment;
  /** An explicit anchor (ANNIVERSARY only); null: the start, or the trial's end. */
  billingAnchor: Date | null;
  proration: Proration;
}

export interface PlanInterval {
  billingInterval: BillingInterval;
  intervalCount: number;
}

/** A stretch of the time line in which nothing changes. `end` null: open. */
export interface Segment {
  kind: 'TRIAL' | 'PLAN' | 'PAUSE';
  start: Date;
  end: Date | null;
  planId: string;
  /** Null in a trial, which has no billing periods. */
  cadence: Cadence | null;
  /** The rule for a part that the segment's start, or end, cuts out of a period. */
  startProration: Proration;
  endProration: Proration;
}

interface State {
  planId: string;
  paused: boolean;
  ended: boolean;
  cadence: Cadence | null;
  proration: Proration;
}

/**
 * The time line of a subscription (docs/billing-rules.md §7) as segments that tile [startedAt, end). Entries on one instant
 * take effect together: only what they come to matters, so a change that is undone on its own instant leaves no trace.
 */
export function segmentsOf(
  terms: TimelineTerms,
  entries: readonly TimelineEntry[],
  plans: ReadonlyMap<string, PlanInterval>,
): Segment[] {
  const instants = instantsOf(terms, entries);
  const segments: Segment[] = [];
  let state: State = { planId: '', paused: false, ended: false, cadence: null, proration: terms.proration };
  for (const { at, entries: together } of instants) {
    const next = stateAfter(state, at, together, terms, plans);
    const open = segments.at(-1);
    if (open && !continues(state, next)) {
      open.end = at;
      open.endProration = next.proration;
    }
    if (next.ended) return segments;
    if (!open || open.end !== null) segments.push(segmentFrom(at, next, terms));
    state = next;
  }
  return segments;
}

/** The instants at which something takes effect, in order, each with its entries in sequence. */
function instantsOf(terms: TimelineTerms, entries: readonly TimelineEntry[]): { at: Date; entries: TimelineEntry[] }[] {
  const byInstant = new Map<number, TimelineEntry[]>();
  if (terms.trialEnd && terms.trialEnd > terms.startedAt) byInstant.set(terms.trialEnd.getTime(), []);
  for (const entry of [...entries].sort((a, b) => a.sequence - b.sequence)) {
    const at = Math.max(entry.at.getTime(), terms.startedAt.getTime());
    byInstant.set(at, [...(byInstant.get(at) ?? []), entry]);
  }
  return [...byInstant].sort(([a], [b]) => a - b).map(([at, together]) => ({ at: new Date(at), entries: together }));
}

function stateAfter(
  before: State,
  at: Date,
  together: TimelineEntry[],
  terms: TimelineTerms,
  plans: ReadonlyMap<string, PlanInterval>,
): State {
  const next: State = { ...before, proration: together.at(-1)?.proration ?? terms.proration };
  for (const entry of together) {
    if (entry.planId !== null) next.planId = entry.planId;
    if (entry.kind === 'PAUSE') next.paused = true;
    if (entry.kind === 'RESUME') next.paused = false;
    if (entry.kind === 'END') next.ended = true;
  }
  next.cadence = inTrial(at, terms) ? null : cadenceAt(before, next.planId, at, terms, plans);
  return next;
}

/** Same interval: the anchor stays. Another interval, or the first billed plan: a new anchor (docs/billing-rules.md §2, §7). */
function cadenceAt(
  before: State,
  planId: string,
  at: Date,
  terms: TimelineTerms,
  plans: ReadonlyMap<string, PlanInterval>,
): Cadence {
  const plan = plans.get(planId);
  if (!plan) throw new Error(`The timeline names the plan ${planId}, which was not given.`);
  const { billingInterval: interval, intervalCount } = plan;
  if (before.cadence?.interval === interval && before.cadence.intervalCount === intervalCount) return before.cadence;
  const { timeZone, alignment } = terms;
  if (alignment === 'CALENDAR')
    return { anchor: calendarAnchor(at, timeZone, interval, intervalCount), timeZone, interval, intervalCount };
  const anchor = before.cadence === null && terms.billingAnchor ? terms.billingAnchor : at;
  return { anchor, timeZone, interval, intervalCount };
}

const inTrial = (at: Date, terms: TimelineTerms): boolean => terms.trialEnd !== null && at < terms.trialEnd;

/** Whether the running segment goes on unchanged. */
const continues = (before: State, next: State): boolean =>
  !next.ended && before.planId === next.planId && before.paused === next.paused && before.cadence === next.cadence;

const segmentFrom = (start: Date, state: State, terms: TimelineTerms): Segment => ({
  kind: state.paused ? 'PAUSE' : inTrial(start, terms) ? 'TRIAL' : 'PLAN',
  start,
  end: null,
  planId: state.planId,
  cadence: state.cadence,
  startProration: state.proration,
  endProration: state.proration,
});

export const segmentAt = (segments: readonly Segment[], at: Date): Segment | null =>
  segments.find((segment) => segment.start <= at && (segment.end === null || at < segment.end)) ?? null;

/** The period of a segment that contains `at`, cut to the segment: what `currentPeriodStart` and `currentPeriodEnd` show. */
export function spanAt(segment: Segment, at: Date): Span {
  if (!segment.cadence) return { start: segment.start, end: segment.end ?? segment.start };
  const period = periodAt(segment.cadence, at);
  return {
    start: period.start < segment.start ? segment.start : period.start,
    end: segment.end !== null && segment.end < period.end ? segment.end : period.end,
  };
}

/** The next instant after `at` at which something falls due: a period's end, or the start or end of a segment. Null: never. */
export function nextDueAfter(segments: readonly Segment[], at: Date): Date | null {
  const running = segmentAt(segments, at);
  if (!running) return segments.find((segment) => segment.start > at)?.start ?? null;
  if (running.kind !== 'PLAN' || !running.cadence) return running.end;
  const end = boundary(running.cadence, periodAt(running.cadence, at).index + 1);
  return running.end !== null && running.end < end ? running.end : end;
}
