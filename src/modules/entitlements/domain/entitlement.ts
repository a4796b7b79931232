import { DAY_MS, type Span } from '../../../shared/calendar.js';
import { max, sum, ZERO, type Decimal } from '../../../shared/decimal.js';
import { burnDown, earliest, stretchesOf, type Burn, type GrantState, type Stretch, type UsageOf } from './burn-down.js';
import { endOf, nextChangeOfGrant, type GrantTerms } from './grant.js';
import { nextChangeOfTerms, termsAt, type Holding, type Refusal, type ResetWindow, type Terms } from './terms.js';

export type Reason = 'GRANTED' | 'SOFT_LIMIT_EXCEEDED' | 'LIMIT_REACHED' | Refusal;

/** What has to be read before an entitlement can be told. */
export interface Inquiry {
  terms: Terms;
  window: ResetWindow | null;
  /** Empty: no grant has a part in it. */
  stretches: Stretch[];
  grants: readonly GrantTerms[];
  spans: Span[];
}

export interface Entitlement {
  enabled: boolean;
  refusal: Refusal | null;
  value: string | null;
  /** METER: null for unlimited. */
  limit: Decimal | null;
  used: Decimal;
  /** Null: unlimited. */
  remaining: Decimal | null;
  softLimit: boolean;
  /** How much more may be used under the limit; negative beyond it. Null: without end. */
  headroom: Decimal | null;
  grace: Decimal | null;
  window: ResetWindow | null;
  grants: GrantState[];
}

/** What event times may lie ahead of now. */
const AHEAD_MS = 5 * 60_000;

/** The end of a reading of the present: no event lies behind it, and whole days read faster. */
export const horizonOf = (at: Date): Date => new Date((Math.floor((at.getTime() + AHEAD_MS) / DAY_MS) + 1) * DAY_MS);

/**
 * What to read for a METER feature at `at`. `until`: events up to there count, unless they belong to the next window. For the present
 * that is the horizon: an event that was accepted is seen, though its time lies a little ahead.
 */
export function inquire(holding: Holding, grants: readonly GrantTerms[], at: Date, until: Date): Inquiry {
  const terms = termsAt(holding, at);
  const { window } = terms;
  const begun = grants.filter(({ effectiveAt }) => effectiveAt <= at);
  const matter = begun.some((grant) => !window || endOf(grant) === null || (endOf(grant) as Date) > window.start);
  if (!matter) {
    const span = window && { start: window.start, end: window.end && window.end < until ? window.end : until };
    return { terms, window, stretches: [], grants: [], spans: span ? [span] : [] };
  }
  const stretches = stretchesOf(holding, begun, at, until);
  const spans = stretches.flatMap(({ before, through }) => (before ? [before, through] : [through]));
  return { terms, window: (stretches.at(-1) as Stretch).window, stretches, grants: begun, spans };
}

/** Until when an inquiry made at `at` asks the right things of later instants, too. Null: for good. */
export const unchangedUntil = ({ window }: Inquiry, holding: Holding, grants: readonly GrantTerms[], at: Date): Date | null =>
  earliest([
    window?.end ?? null,
    nextChangeOfTerms(holding, at),
    new Date(horizonOf(at).getTime() - AHEAD_MS),
    ...grants.map((grant) => nextChangeOfGrant(grant, at)),
  ]);

/** The values that were read, in the order of `spans`, looked up by span. */
function lookUp(spans: readonly Span[], values: readonly Decimal[]): UsageOf {
  const bySpan = new Map(spans.map((span, index) => [span, values[index]]));
  return (span) => bySpan.get(span) as Decimal;
}

export const burnsOf = ({ stretches, grants, spans }: Inquiry, values: readonly Decimal[]): Burn[] =>
  burnDown(stretches, grants, lookUp(spans, values));

/** A METER feature's entitlement, given what was used in the spans of the inquiry. */
export function meterEntitlement(inquiry: Inquiry, values: readonly Decimal[]): Entitlement {
  const { terms, window } = inquiry;
  const { refusal, limit, softLimit, grace } = terms;
  if (inquiry.stretches.length > 0) {
    const burn = burnsOf(inquiry, values).at(-1) as Burn;
    return { refusal, value: null, softLimit, grace, window, ...afterBurn(terms, burn) };
  }
  const [used = ZERO] = values;
  const headroom = limit === null ? null : limit.minus(used);
  const remaining = headroom && max(ZERO, headroom);
  return {
    enabled: refusal === null,
    refusal,
    value: null,
    limit,
    used,
    remaining,
    softLimit,
    headroom,
    grace,
    window,
    grants: [],
  };
}

/** Grants count with what they held when the window began, or came into force in it: limit − used is what is left. */
function afterBurn(
  terms: Terms,
  { used, planCovered, overage, after, ended }: Burn,
): Omit<Entitlement, 'refusal' | 'value' | 'softLimit' | 'grace' | 'window'> {
  const enabled = terms.refusal === null || after.length > 0;
  if (terms.limit === null) return { enabled, limit: null, used, remaining: null, headroom: null, grants: after };
  const balance = sum(after.map((state) => state.balance));
  const covered = sum([...after, ...ended].map((state) => state.covered));
  const room = terms.limit.minus(planCovered).plus(balance).minus(overage);
  return {
    enabled,
    limit: terms.limit.plus(balance).plus(covered),
    used,
    remaining: max(ZERO, room),
    headroom: room,
    grants: after,
  };
}

/** A SWITCH or CUSTOM feature's entitlement. */
export const plainEntitlement = ({ refusal, value }: Terms): Entitlement => ({
  enabled: refusal === null,
  refusal,
  value,
  limit: null,
  used: ZERO,
  remaining: null,
  softLimit: false,
  headroom: null,
  grace: null,
  window: null,
  grants: [],
});

export interface Verdict {
  allowed: boolean;
  reason: Reason;
}

/** Whether `quantity` more may be used, `reserved` being held for others. */
export function verdictOf(entitlement: Entitlement, quantity: Decimal, reserved: Decimal): Verdict {
  const { enabled, refusal, headroom, softLimit, grace } = entitlement;
  if (!enabled) return { allowed: false, reason: refusal as Refusal };
  if (headroom === null) return { allowed: true, reason: 'GRANTED' };
  const left = headroom.minus(reserved).minus(quantity);
  if (!left.isNegative()) return { allowed: true, reason: 'GRANTED' };
  if (softLimit && (grace === null || !left.plus(grace).isNegative())) return { allowed: true, reason: 'SOFT_LIMIT_EXCEEDED' };
  return { allowed: false, reason: 'LIMIT_REACHED' };
}
