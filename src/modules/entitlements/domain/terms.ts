import { calendarAnchor, periodAt, type BillingAlignment, type BillingInterval } from '../../../shared/calendar.js';
import { ZERO, type Decimal } from '../../../shared/decimal.js';
import type { ResetPeriod } from '../../catalog/domain/index.js';
import { segmentAt, type Segment } from '../../subscriptions/domain/index.js';

/** What a plan version, or an override, says of a feature. */
export interface FeatureRule {
  enabled: boolean;
  /** METER: null is unlimited. */
  limit: Decimal | null;
  /** Null: BILLING_PERIOD. */
  resetPeriod: ResetPeriod | null;
  resetAlignment: BillingAlignment;
  softLimit: boolean;
  gracePercentage: Decimal | null;
  value: string | null;
}

export interface OverrideRule extends FeatureRule {
  from: Date;
  /** Null: for good. */
  until: Date | null;
}

export interface HeldSubscription {
  startedAt: Date;
  trialEnd: Date | null;
  timeZone: string;
  segments: readonly Segment[];
}

/** All that decides on one feature of one customer, but for usage. */
export interface Holding {
  /** Oldest first. */
  subscriptions: readonly HeldSubscription[];
  /** By plan version; a plan that is missing does not have the feature. */
  rules: ReadonlyMap<string, FeatureRule>;
  overrides: readonly OverrideRule[];
  /** The customer's. */
  timeZone: string;
}

/** `end` null: it never resets. */
export interface ResetWindow {
  start: Date;
  end: Date | null;
}

export type Refusal = 'NO_ACTIVE_SUBSCRIPTION' | 'PAUSED' | 'FEATURE_NOT_IN_PLAN' | 'DISABLED';

/** What plans and overrides give of a feature at an instant (docs/billing-rules.md §6). */
export interface Terms {
  /** Null: they give it. */
  refusal: Refusal | null;
  limit: Decimal | null;
  softLimit: boolean;
  /** How much beyond the limit is let through; null: without end. */
  grace: Decimal | null;
  value: string | null;
  /** Null: nothing is given, so nothing resets. */
  window: ResetWindow | null;
}

interface Given {
  subscription: HeldSubscription;
  segment: Segment;
  rule: FeatureRule;
}

export function termsAt(holding: Holding, at: Date): Terms {
  const running = holding.subscriptions.flatMap((subscription) => {
    const segment = segmentAt(subscription.segments, at);
    return segment ? [{ subscription, segment }] : [];
  });
  const granting = running.filter(({ segment }) => segment.kind !== 'PAUSE');
  const override = overrideAt(holding, at);
  if (override) return overridden(override, running.at(0) ?? null, holding.timeZone, at);
  if (granting.length === 0) return refused(running.length > 0 ? 'PAUSED' : 'NO_ACTIVE_SUBSCRIPTION');
  const rules = granting.flatMap(({ subscription, segment }): Given[] => {
    const rule = holding.rules.get(segment.planId);
    return rule ? [{ subscription, segment, rule }] : [];
  });
  const given = rules.filter(({ rule }) => rule.enabled);
  if (given.length === 0) return refused(rules.length > 0 ? 'DISABLED' : 'FEATURE_NOT_IN_PLAN');
  const [oldest] = given;
  return {
    refusal: null,
    ...limitsOf(given.map(({ rule }) => rule)),
    value: (given.at(-1) as Given).rule.value,
    window: windowOf(oldest.rule, oldest, at),
  };
}

const refused = (refusal: Refusal): Terms => ({
  refusal,
  limit: ZERO,
  softLimit: false,
  grace: ZERO,
  value: null,
  window: null,
});

const overrideAt = ({ overrides }: Holding, at: Date): OverrideRule | undefined =>
  overrides.find(({ from, until }) => from <= at && (until === null || at < until));

function overridden(
  override: OverrideRule,
  oldest: Pick<Given, 'subscription' | 'segment'> | null,
  timeZone: string,
  at: Date,
): Terms {
  if (!override.enabled) return refused('DISABLED');
  const alone = { subscription: { startedAt: override.from, trialEnd: null, timeZone, segments: [] }, segment: null };
  return {
    refusal: null,
    ...limitsOf([override]),
    value: override.value,
    window: windowOf(override, oldest ?? alone, at),
  };
}

/** Limits of several subscriptions add up, and so does their grace; unlimited wins. */
function limitsOf(rules: readonly FeatureRule[]): Pick<Terms, 'limit' | 'softLimit' | 'grace'> {
  let limit: Decimal | null = ZERO;
  let grace: Decimal | null = ZERO;
  for (const rule of rules) {
    limit = limit === null || rule.limit === null ? null : limit.plus(rule.limit);
    if (!rule.softLimit || grace === null) continue;
    grace = rule.gracePercentage === null ? null : grace.plus((rule.limit ?? ZERO).times(rule.gracePercentage).div(100));
  }
  return { limit, softLimit: limit !== null && rules.some(({ softLimit }) => softLimit), grace };
}

/**
 * The window that `at` lies in. It begins with the subscription at the earliest: what was used before that is not measured. A plan
 * change within it changes the limit and not the window.
 */
function windowOf(
  { resetPeriod, resetAlignment }: FeatureRule,
  { subscription, segment }: { subscription: HeldSubscription; segment: Segment | null },
  at: Date,
): ResetWindow {
  const { startedAt, trialEnd, timeZone } = subscription;
  if (resetPeriod === 'NEVER') return { start: startedAt, end: null };
  if (resetPeriod === null || resetPeriod === 'BILLING_PERIOD') {
    if (segment && !segment.cadence) return { start: segment.start, end: segment.end };
    const begun = trialEnd && trialEnd <= at ? trialEnd : startedAt;
    return within(periodAt(segment?.cadence ?? aligned('MONTH'), at), begun);
  }
  return within(periodAt(aligned(resetPeriod), at), startedAt);

  function aligned(interval: BillingInterval): Parameters<typeof periodAt>[0] {
    const anchor =
      resetAlignment === 'CALENDAR' ? calendarAnchor(startedAt, timeZone, interval, 1) : (segment?.cadence?.anchor ?? startedAt);
    return { anchor, timeZone, interval, intervalCount: 1 };
  }
}

const within = ({ start, end }: { start: Date; end: Date }, begun: Date): ResetWindow => ({
  start: start < begun ? begun : start,
  end,
});

/** The first instant after `at` at which other terms may hold, the window's end left aside. Null: never. */
export function nextChangeOfTerms({ subscriptions, overrides }: Holding, at: Date): Date | null {
  let next: Date | null = null;
  const consider = (instant: Date | null): void => {
    if (instant && instant > at && (next === null || instant < next)) next = instant;
  };
  for (const { segments } of subscriptions) {
    for (const { start, end } of segments) {
      consider(start);
      consider(end);
    }
  }
  for (const { from, until } of overrides) {
    consider(from);
    consider(until);
  }
  return next;
}
