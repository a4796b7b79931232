import { boundary, calendarAnchor, daysBetween, periodAt, type Cadence } from '../../src/shared/calendar.js';
import type { Proration } from '../../src/shared/proration.js';
import type { TimelineTerms } from '../../src/modules/subscriptions/domain/index.js';
import type { Usage } from './books.js';

/**
 * What a subscription should have been billed in the end, by the plainest reading of the rules: the time line is replayed decision
 * by decision, cut into parts, and each part is priced with whole numbers. Shares nothing with the engine but the
 * calendar, which has an oracle of its own.
 */
export interface OraclePlan {
  id: string;
  billingInterval: Cadence['interval'];
  intervalCount: number;
  /** Charges in thousandths of the currency; usage prices are per unit. */
  arrears: bigint;
  advance: bigint;
  unit: bigint;
  /** Whole units. */
  included: bigint;
  minimum: bigint;
}

/** A decision that was accepted, as it was asked for. */
export interface Accepted {
  at: number;
  kind: 'PLAN' | 'PAUSE' | 'RESUME' | 'CANCEL' | 'UNDO';
  timing: 'IMMEDIATE' | 'PERIOD_END';
  plan: string;
  proration: Proration;
}

export interface Part {
  plan: OraclePlan;
  start: number;
  end: number;
  fullStart: number;
  fullEnd: number;
  /** Null: a whole period. */
  cutBy: Proration | null;
}

interface Stretch {
  plan: OraclePlan;
  cadence: Cadence;
  start: number;
  end: number;
  startRule: Proration;
  endRule: Proration;
}

/** The billed parts of the time line that begin by `until`, in order. A part that ends later is running. */
export function partsOf(
  terms: TimelineTerms,
  firstPlan: string,
  plans: ReadonlyMap<string, OraclePlan>,
  accepted: readonly Accepted[],
  until: number,
): Part[] {
  const trialEnd = (terms.trialEnd ?? terms.startedAt).getTime();
  const effects = effectsOf(terms, firstPlan, plans, accepted, trialEnd);
  return replay(terms, plans, effects, trialEnd).stretches.flatMap((stretch) => {
    const parts: Part[] = [];
    let { index } = periodAt(stretch.cadence, new Date(stretch.start));
    for (;;) {
      const fullStart = boundary(stretch.cadence, index).getTime();
      const fullEnd = boundary(stretch.cadence, index + 1).getTime();
      index += 1;
      const start = Math.max(fullStart, stretch.start);
      const end = Math.min(fullEnd, stretch.end);
      if (start > until || start >= stretch.end) return parts;
      const cutBy = end < fullEnd ? stretch.endRule : start > fullStart ? stretch.startRule : null;
      if (end > start) parts.push({ plan: stretch.plan, start, end, fullStart, fullEnd, cutBy });
    }
  });
}

/** Something that takes effect at an instant: what it makes of plan, pause and end, and its rule of proration. */
interface Effect {
  at: number;
  plan?: string;
  paused?: boolean;
  ended?: boolean;
  rule: Proration;
}

/**
 * Whether decisions on one instant name different rules of proration. Which of them a line was billed by depends on which of its
 * drafts was replaced and which had become final; the rules leave it open.
 */
export function mixesRules(
  terms: TimelineTerms,
  firstPlan: string,
  plans: ReadonlyMap<string, OraclePlan>,
  accepted: readonly Accepted[],
): boolean {
  const effects = effectsOf(terms, firstPlan, plans, accepted, (terms.trialEnd ?? terms.startedAt).getTime());
  return effects.some(({ at, rule }) => effects.some((other) => other.at === at && other.rule !== rule));
}

function effectsOf(
  terms: TimelineTerms,
  firstPlan: string,
  plans: ReadonlyMap<string, OraclePlan>,
  accepted: readonly Accepted[],
  trialEnd: number,
): Effect[] {
  let effects: Effect[] = [{ at: terms.startedAt.getTime(), plan: firstPlan, rule: terms.proration }];
  for (const decision of accepted) {
    const upcoming = ({ at }: Effect): boolean => at > decision.at;
    const present = replay(terms, plans, effects, trialEnd);
    const waits =
      (decision.kind === 'PLAN' || decision.kind === 'CANCEL') &&
      decision.timing === 'PERIOD_END' &&
      !present.pausedAt(decision.at);
    const at = waits ? present.periodEnd(decision.at) : decision.at;
    const rule = terms.proration;
    if (decision.kind === 'PLAN') {
      const samePlan = present.planAt(decision.at) === decision.plan;
      effects = effects.filter((effect) => !(upcoming(effect) && effect.plan !== undefined));
      if (!samePlan) effects.push({ at, plan: decision.plan, rule: decision.proration });
    } else if (decision.kind === 'CANCEL') {
      if (waits && effects.some((effect) => upcoming(effect) && effect.ended)) continue;
      effects = effects.filter((effect) => !upcoming(effect));
      effects.push({ at, ended: true, rule });
    } else if (decision.kind === 'UNDO') effects = effects.filter((effect) => !(upcoming(effect) && effect.ended));
    else effects.push({ at, paused: decision.kind === 'PAUSE', rule });
  }
  return effects;
}

function replay(terms: TimelineTerms, plans: ReadonlyMap<string, OraclePlan>, effects: Effect[], trialEnd: number) {
  const stretches: Stretch[] = [];
  const planChanges: { at: number; plan: string }[] = [];
  const pauses: { at: number; paused: boolean }[] = [];
  const cadences: { at: number; cadence: Cadence }[] = [];
  let plan = '';
  let paused = false;
  let cadence: Cadence | null = null;
  let open: Stretch | null = null;
  const instants = [...new Set([...effects.map(({ at }) => at), trialEnd])].sort((a, b) => a - b);
  for (const at of instants) {
    const together = effects.filter((effect) => effect.at === at);
    const rule = together.at(-1)?.rule ?? terms.proration;
    let ended = false;
    let nextPlan: string = plan;
    let nextPaused: boolean = paused;
    for (const effect of together) {
      nextPlan = effect.plan ?? nextPlan;
      nextPaused = effect.paused ?? nextPaused;
      ended ||= effect.ended ?? false;
    }
    const version = plans.get(nextPlan) as OraclePlan;
    let nextCadence: Cadence | null = cadence;
    if (at >= trialEnd) {
      const same = cadence?.interval === version.billingInterval && cadence.intervalCount === version.intervalCount;
      if (!same) nextCadence = cadenceFrom(terms, version, at, cadence === null);
    }
    const isChanged = nextPlan !== plan || nextPaused !== paused || nextCadence !== cadence || ended;
    if (isChanged && open) {
      open.end = at;
      open.endRule = rule;
      open = null;
    }
    [plan, paused, cadence] = [nextPlan, nextPaused, nextCadence];
    planChanges.push({ at, plan });
    pauses.push({ at, paused });
    if (cadence) cadences.push({ at, cadence });
    if (ended) break;
    if (!open && !paused && cadence) {
      open = { plan: version, cadence, start: at, end: Infinity, startRule: rule, endRule: rule };
      stretches.push(open);
    }
  }
  const latest = <T extends { at: number }>(list: T[], at: number): T | undefined => list.filter((item) => item.at <= at).at(-1);
  return {
    stretches,
    planAt: (at: number) => latest(planChanges, at)?.plan,
    pausedAt: (at: number) => latest(pauses, at)?.paused ?? false,
    /** The end of the period (or of the trial) that runs at an instant. */
    periodEnd: (at: number): number => {
      if (at < trialEnd)
        return Math.min(trialEnd, ...effects.filter((e) => e.at > at && isCut(e, planChanges, at)).map((e) => e.at));
      const running = stretches.find(({ start, end }) => start <= at && at < end);
      const end = periodAt((latest(cadences, at) as { cadence: Cadence }).cadence, new Date(at)).end.getTime();
      return Math.min(end, running?.end ?? Infinity);
    },
  };
}

const isCut = (effect: Effect, planChanges: { at: number; plan: string }[], at: number): boolean =>
  effect.ended === true || (effect.plan !== undefined && effect.plan !== planChanges.filter((c) => c.at <= at).at(-1)?.plan);

function cadenceFrom(terms: TimelineTerms, plan: OraclePlan, at: number, isFirst: boolean): Cadence {
  const { timeZone, alignment, billingAnchor } = terms;
  const { billingInterval: interval, intervalCount } = plan;
  const start = new Date(at);
  if (alignment === 'CALENDAR')
    return { anchor: calendarAnchor(start, timeZone, interval, intervalCount), timeZone, interval, intervalCount };
  return { anchor: isFirst && billingAnchor ? billingAnchor : start, timeZone, interval, intervalCount };
}

/** The time line as it was decided up to an instant. */
export type TimelineAsOf = (decidedUntil: number) => Part[];

/** Cents by plan, charge and part, once all is known; what was billed in advance, by what was known when it was billed. */
export function centsOf(asOf: TimelineAsOf, timeZone: string, usage: readonly Usage[], until: number): Map<string, bigint> {
  const cents = new Map<string, bigint>();
  const before = new Map<string, Earlier>();
  for (const part of asOf(until)) {
    const { plan, start, end, fullStart } = part;
    for (const [name, price] of [
      ['arrears', plan.arrears],
      ['advance', plan.advance],
    ] as const) {
      const key = `${plan.id} ${name} ${fullStart}`;
      const earlier = before.get(key) ?? { shares: [], cents: 0n };
      const priced = pricedCents(part, price, earlier, timeZone);
      const amount = name === 'advance' ? keptCents(part, asOf, price, priced, earlier, timeZone) : priced;
      before.set(key, { shares: [...earlier.shares, shareOfPart(part, timeZone)], cents: earlier.cents + amount });
      if (name === 'advance' ? start <= until : end <= until) cents.set(`${plan.id} ${name} ${start}`, amount);
    }
    if (end <= until) cents.set(`${plan.id} usage ${start}`, usageCents(part, shareOfPart(part, timeZone), usage));
  }
  return cents;
}

interface Earlier {
  shares: Share[];
  cents: bigint;
}
type Share = [part: bigint, whole: bigint];

const shareOfPart = ({ start, end, fullStart, fullEnd, cutBy }: Part, timeZone: string): Share =>
  cutBy === null ? [1n, 1n] : shareOf(start, end, fullStart, fullEnd, cutBy, timeZone);

function pricedCents(part: Part, price: bigint, earlier: Earlier, timeZone: string): bigint {
  const share = shareOfPart(part, timeZone);
  const completes = part.cutBy !== null && earlier.shares.length > 0 && isWhole([...earlier.shares, share]);
  return completes ? rounded(price, 10n) - earlier.cents : rounded(price * share[0], share[1] * 10n);
}

/** What stays billed of a part that was billed when it began, for as far as it reached by what was known then. */
function keptCents(part: Part, asOf: TimelineAsOf, price: bigint, priced: bigint, earlier: Earlier, timeZone: string): bigint {
  const { start, end, cutBy, plan } = part;
  const then = asOf(start).find((known) => known.start === start && known.plan === plan) as Part;
  const billed = pricedCents(then, price, earlier, timeZone);
  if (end > then.end) return priced;
  if (end === then.end || cutBy === null || cutBy === 'NONE') return billed;
  const [unused, whole] = shareOf(end, then.end, start, then.end, cutBy, timeZone);
  return billed - rounded(billed * unused, whole);
}

function usageCents({ plan, start, end, cutBy }: Part, share: Share, usage: readonly Usage[]): bigint {
  const thousandths = usage
    .filter((event) => event.at >= start && event.at < end && event.voidedAt === null)
    .reduce((total, event) => total + event.thousandths, 0n);
  const billable = thousandths > plan.included * 1000n ? thousandths - plan.included * 1000n : 0n;
  // Thousandths of a unit × thousandths of the currency: millionths; the minimum is brought to the same.
  const exact = billable * plan.unit;
  const minimum: [bigint, bigint] = cutBy === null ? [plan.minimum * 1000n, 1n] : [plan.minimum * 1000n * share[0], share[1]];
  return minimum[0] > exact * minimum[1] ? rounded(minimum[0], minimum[1] * 10_000n) : rounded(exact, 10_000n);
}

function shareOf(start: number, end: number, fullStart: number, fullEnd: number, rule: Proration, zone: string): Share {
  if (rule === 'NONE') return [end > start ? 1n : 0n, 1n];
  if (rule === 'SECOND') return [BigInt(end - start), BigInt(fullEnd - fullStart)];
  const days = (a: number, b: number): bigint => BigInt(daysBetween({ start: new Date(a), end: new Date(b) }, zone));
  const whole = days(fullStart, fullEnd);
  return whole === 0n ? [BigInt(end - start), BigInt(fullEnd - fullStart)] : [days(start, end), whole];
}

const isWhole = (shares: Share[]): boolean =>
  shares.every(([, whole]) => whole === shares[0][1]) && shares.reduce((total, [part]) => total + part, 0n) === shares[0][1];

/** numerator/denominator to a whole number, half away from zero. Both are positive. */
const rounded = (numerator: bigint, denominator: bigint): bigint => (numerator * 2n + denominator) / (denominator * 2n);
