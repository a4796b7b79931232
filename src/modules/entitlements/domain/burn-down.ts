import type { Span } from '../../../shared/calendar.js';
import { max, min, ZERO, type Decimal } from '../../../shared/decimal.js';
import { endOf, inBurnOrder, isInForce, nextChangeOfGrant, refillsAt, type GrantTerms } from './grant.js';
import { nextChangeOfTerms, termsAt, type Holding, type ResetWindow, type Terms } from './terms.js';

/** A stretch of time in which neither the terms nor the grants change, so that the order of its events does not matter. */
export interface Stretch extends Span {
  terms: Terms;
  /** Where nothing resets by plan: since nothing is given. */
  window: ResetWindow;
  /** It begins a window as the one before ended. */
  resets: boolean;
  /** What was used of the window before the stretch, where no stretch before it says so. */
  before: Span | null;
  /** What was used of the window up to the stretch's end. */
  through: Span;
}

export interface GrantState {
  grant: GrantTerms;
  balance: Decimal;
  /** What it covered in the present window. */
  covered: Decimal;
  /** The part of that which can come back to it: not from before it was filled up. */
  returnable: Decimal;
}

/** How one stretch went. */
export interface Burn {
  stretch: Stretch;
  /** Used of the window, up to the stretch's end. */
  used: Decimal;
  /** Of that in the stretch itself. */
  usage: Decimal;
  planCovered: Decimal;
  /** What nothing has covered; forgotten when the window ends. */
  overage: Decimal;
  /** Grants in force, in the order they burn, before and after; and those that ended in this window. */
  before: GrantState[];
  after: GrantState[];
  ended: GrantState[];
}

/**
 * The time line from the first grant on, cut wherever something changes. Usage of each stretch is a reading, so that balances
 * follow from events alone. `until`: how far events are counted in the last stretch, at least `at`.
 */
export function stretchesOf(holding: Holding, grants: readonly GrantTerms[], at: Date, until: Date): Stretch[] {
  const stretches: Stretch[] = [];
  let start = new Date(Math.min(...grants.map(({ effectiveAt }) => effectiveAt.getTime())));
  while (start <= at) {
    const previous = stretches.at(-1) ?? null;
    const terms = termsAt(holding, start);
    const window = terms.window ?? openWindow(previous, start);
    const next = earliest([
      window.end,
      nextChangeOfTerms(holding, start),
      ...grants.map((grant) => nextChangeOfGrant(grant, start)),
    ]);
    const end = next && next <= at ? next : (earliest([window.end, next, until]) as Date);
    const isSame = previous !== null && previous.window.start.getTime() === window.start.getTime();
    stretches.push({
      start,
      end,
      terms,
      window,
      resets: previous?.window.end?.getTime() === start.getTime(),
      before: isSame || window.start.getTime() === start.getTime() ? null : { start: window.start, end: start },
      through: { start: window.start, end },
    });
    if (!next || next > at) break;
    start = next;
  }
  return stretches;
}

/** Nothing is given by plan: usage is measured since then. */
const openWindow = (previous: Stretch | null, start: Date): ResetWindow =>
  previous && previous.terms.window === null ? previous.window : { start, end: null };

export function earliest(instants: (Date | null)[]): Date | null {
  return instants.reduce((least, instant) => (instant && (least === null || instant < least) ? instant : least), null);
}

/** What was used in a span, as it was asked for by a stretch. */
export type UsageOf = (span: Span) => Decimal;

/** Burns usage down, stretch by stretch: the plan's limit first, then grants in their order (docs/billing-rules.md §6). */
export function burnDown(stretches: readonly Stretch[], grants: readonly GrantTerms[], usageOf: UsageOf): Burn[] {
  const ordered = inBurnOrder(grants);
  const burns: Burn[] = [];
  for (const stretch of stretches) {
    const previous = burns.at(-1) ?? null;
    const state = openingOf(stretch, previous, ordered, usageOf);
    const before = state.grants.map((item) => ({ ...item }));
    const used = usageOf(stretch.through);
    const usage = used.minus(state.used);
    if (usage.isNegative()) giveBack(state, usage.neg());
    else take(state, usage, stretch.terms.limit);
    const { planCovered, overage, grants: after, ended } = state;
    burns.push({ stretch, used, usage, planCovered, overage, before, after, ended });
  }
  return burns;
}

interface State {
  used: Decimal;
  planCovered: Decimal;
  overage: Decimal;
  grants: GrantState[];
  ended: GrantState[];
}

/** What a stretch begins with: at a reset, grants roll over first and are filled up then. */
function openingOf(stretch: Stretch, previous: Burn | null, ordered: readonly GrantTerms[], usageOf: UsageOf): State {
  const { start, window, terms, resets } = stretch;
  const goesOn = previous !== null && previous.stretch.window.start.getTime() === window.start.getTime();
  const known = new Map(previous?.after.map((state) => [state.grant.id, state]));
  const grants = ordered
    .filter((grant) => isInForce(grant, start))
    .map((grant): GrantState => {
      const state = known.get(grant.id);
      if (!state) return { grant, balance: grant.amount, covered: ZERO, returnable: ZERO };
      const rolled = resets ? rolledOver(grant, state.balance) : state.balance;
      const isFilled = refillsAt(grant, start);
      const balance = isFilled ? max(rolled, grant.amount) : rolled;
      const covered = goesOn ? state.covered : ZERO;
      return { grant, balance, covered, returnable: goesOn && !isFilled ? state.returnable : ZERO };
    });
  if (goesOn) {
    const { used, planCovered, overage } = previous;
    const justEnded = previous.after.filter(({ grant }) => endOf(grant)?.getTime() === start.getTime());
    const state = { used, planCovered, overage, grants, ended: [...previous.ended, ...justEnded] };
    settle(state, terms.limit);
    return state;
  }
  const used = stretch.before ? usageOf(stretch.before) : ZERO;
  const state = { used, planCovered: used, overage: ZERO, grants, ended: [] };
  settle(state, terms.limit);
  return state;
}

function rolledOver({ rolloverMinimum, rolloverMaximum }: GrantTerms, balance: Decimal): Decimal {
  const kept = max(balance, rolloverMinimum ?? ZERO);
  return rolloverMaximum === null ? kept : min(kept, rolloverMaximum);
}

/**
 * The limit covers first, whatever changed since: what it covered and covers no more falls to the grants, what it has room for comes
 * back from them, and what nothing had covered is covered by what has come.
 */
function settle(state: State, limit: Decimal | null): void {
  if (limit !== null && state.planCovered.gt(limit)) {
    state.overage = state.overage.plus(state.planCovered).minus(limit);
    state.planCovered = limit;
  }
  let room = limit === null ? null : limit.minus(state.planCovered);
  for (const item of [...state.grants].reverse()) {
    const returned = room === null ? item.returnable : min(room, item.returnable);
    giveTo(item, returned);
    state.planCovered = state.planCovered.plus(returned);
    room = room && room.minus(returned);
  }
  const owed = state.overage;
  state.overage = ZERO;
  take(state, owed, limit);
}

function giveTo(item: GrantState, amount: Decimal): void {
  item.balance = item.balance.plus(amount);
  item.covered = item.covered.minus(amount);
  item.returnable = item.returnable.minus(amount);
}

function take(state: State, usage: Decimal, limit: Decimal | null): void {
  const byPlan = limit === null ? usage : min(usage, max(ZERO, limit.minus(state.planCovered)));
  state.planCovered = state.planCovered.plus(byPlan);
  let left = usage.minus(byPlan);
  for (const item of state.grants) {
    if (left.isZero()) break;
    const burned = min(left, item.balance);
    item.balance = item.balance.minus(burned);
    item.covered = item.covered.plus(burned);
    item.returnable = item.returnable.plus(burned);
    left = left.minus(burned);
  }
  state.overage = state.overage.plus(left);
}

/** Corrections, and gauges that fall: the last to burn is the first to get back, as far as it covered in this window. */
function giveBack(state: State, amount: Decimal): void {
  const forgiven = min(amount, state.overage);
  state.overage = state.overage.minus(forgiven);
  let left = amount.minus(forgiven);
  for (const item of [...state.grants].reverse()) {
    const returned = min(left, item.returnable);
    giveTo(item, returned);
    left = left.minus(returned);
  }
  state.planCovered = state.planCovered.minus(left);
}
