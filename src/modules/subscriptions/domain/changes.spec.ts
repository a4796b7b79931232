import { describe, expect, it } from '@jest/globals';
import type { DomainError } from '../../../shared/errors.js';
import type { Proration } from '../../../shared/proration.js';
import {
  decideCancellation,
  decidePause,
  decidePlanChange,
  decideResumption,
  decideUndoCancellation,
  type ChangeTiming,
  type Decision,
  type Standing,
} from './changes.js';
import type { SubscriptionStatus } from './status.js';
import type { TimelineEntry } from './timeline.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const dayText = (date: Date): string => date.toISOString().slice(5, 10);
const NOW = day('01-15');

const standing = (status: SubscriptionStatus, cancelAtPeriodEnd = false): Standing => ({
  status,
  planId: 'basic',
  startedAt: status === 'PENDING' ? day('01-20') : day('01-01'),
  currentPeriodEnd: day('02-01'),
  cancelAtPeriodEnd,
  proration: 'DAY',
});

const entry = (sequence: number, kind: TimelineEntry['kind'], at: Date, planId: string | null = null): TimelineEntry => ({
  sequence,
  kind,
  at,
  planId,
  proration: 'DAY',
});
const BEGUN = entry(1, 'PLAN', day('01-01'), 'basic');
const CHANGED_NOW = entry(2, 'PLAN', NOW, 'basic');
const NEXT_PLAN = entry(3, 'PLAN', day('02-01'), 'pro');
const NEXT_END = entry(4, 'END', day('02-01'));
/** The start is still to come, and so is its entry, which is the subscription itself. */
const TO_BEGIN = entry(1, 'PLAN', day('01-20'), 'basic');
const TO_BEGIN_WITH_PRO = entry(2, 'PLAN', day('01-20'), 'pro');

/** `+END 02-01 DAY -3 at 02-01 later`: what is added and revoked, when it takes effect, and whether anything does at once. */
function decisionText({ revoked, appended, effectiveAt, atOnce }: Decision): string {
  const added = appended
    ? [`+${[appended.kind, dayText(appended.at), appended.planId, appended.proration].filter(Boolean).join(' ')}`]
    : [];
  const gone = revoked.map(({ sequence }) => `-${sequence}`);
  return [...added, ...gone, 'at', dayText(effectiveAt), atOnce ? 'now' : 'later'].join(' ');
}

const outcomeOf = (decide: () => Decision): string => {
  try {
    return decisionText(decide());
  } catch (error) {
    const { code, field } = error as DomainError;
    return [code, field].filter(Boolean).join(' ');
  }
};

describe('a cancellation', () => {
  it.each<[SubscriptionStatus, ChangeTiming, TimelineEntry[], string]>([
    ['ACTIVE', 'IMMEDIATE', [BEGUN], '+END 01-15 DAY at 01-15 now'],
    ['ACTIVE', 'PERIOD_END', [BEGUN], '+END 02-01 DAY at 02-01 later'],
    ['PAST_DUE', 'PERIOD_END', [BEGUN], '+END 02-01 DAY at 02-01 later'],
    ['TRIAL', 'PERIOD_END', [BEGUN], '+END 02-01 DAY at 02-01 later'],
    ['TRIAL', 'IMMEDIATE', [BEGUN], '+END 01-15 DAY at 01-15 now'],
    ['PAUSED', 'PERIOD_END', [BEGUN], '+END 01-15 DAY at 01-15 now'],
    ['PENDING', 'PERIOD_END', [TO_BEGIN], '+END 01-15 DAY at 01-15 now'],
    ['ACTIVE', 'PERIOD_END', [BEGUN, CHANGED_NOW, NEXT_PLAN], '+END 02-01 DAY -3 at 02-01 later'],
    ['ACTIVE', 'IMMEDIATE', [BEGUN, CHANGED_NOW, NEXT_PLAN], '+END 01-15 DAY -3 at 01-15 now'],
    ['CANCELED', 'IMMEDIATE', [BEGUN], 'INVALID_TRANSITION'],
    ['CANCELED', 'PERIOD_END', [BEGUN], 'INVALID_TRANSITION'],
  ])('of %s %s', (status, timing, entries, expected) => {
    expect(outcomeOf(() => decideCancellation(standing(status), entries, timing, NOW))).toBe(expected);
  });

  it('that is scheduled already changes nothing, but can be had at once', () => {
    const ending = standing('ACTIVE', true);
    const entries = [BEGUN, NEXT_END];
    expect(outcomeOf(() => decideCancellation(ending, entries, 'PERIOD_END', NOW))).toBe('at 02-01 later');
    expect(outcomeOf(() => decideCancellation(ending, entries, 'IMMEDIATE', NOW))).toBe('+END 01-15 DAY -4 at 01-15 now');
  });

  it('goes by the subscription’s rule', () => {
    const none: Standing = { ...standing('ACTIVE'), proration: 'NONE' };
    expect(outcomeOf(() => decideCancellation(none, [BEGUN], 'IMMEDIATE', NOW))).toBe('+END 01-15 NONE at 01-15 now');
  });

  it('is undone while it is to come, at once', () => {
    const entries = [BEGUN, NEXT_PLAN, NEXT_END];
    expect(outcomeOf(() => decideUndoCancellation(standing('ACTIVE', true), entries, NOW))).toBe('-4 at 01-15 now');
    expect(outcomeOf(() => decideUndoCancellation(standing('ACTIVE'), entries, NOW))).toBe('INVALID_TRANSITION');
    expect(outcomeOf(() => decideUndoCancellation(standing('CANCELED'), [BEGUN], NOW))).toBe('INVALID_TRANSITION');
  });
});

describe('a plan change', () => {
  it.each<[SubscriptionStatus, ChangeTiming, string, TimelineEntry[], string]>([
    ['ACTIVE', 'IMMEDIATE', 'pro', [BEGUN], '+PLAN 01-15 pro DAY at 01-15 now'],
    ['ACTIVE', 'PERIOD_END', 'pro', [BEGUN], '+PLAN 02-01 pro DAY at 02-01 later'],
    ['TRIAL', 'PERIOD_END', 'pro', [BEGUN], '+PLAN 02-01 pro DAY at 02-01 later'],
    ['PAST_DUE', 'PERIOD_END', 'pro', [BEGUN], '+PLAN 02-01 pro DAY at 02-01 later'],
    ['PAUSED', 'PERIOD_END', 'pro', [BEGUN], '+PLAN 01-15 pro DAY at 01-15 now'],
    ['PENDING', 'IMMEDIATE', 'pro', [TO_BEGIN], '+PLAN 01-20 pro DAY at 01-20 now'],
    ['PENDING', 'PERIOD_END', 'pro', [TO_BEGIN], '+PLAN 01-20 pro DAY at 01-20 now'],
    ['PENDING', 'IMMEDIATE', 'max', [TO_BEGIN, TO_BEGIN_WITH_PRO], '+PLAN 01-20 max DAY -2 at 01-20 now'],
    ['PENDING', 'IMMEDIATE', 'basic', [TO_BEGIN, TO_BEGIN_WITH_PRO], 'CONFLICT planId'],
    ['ACTIVE', 'PERIOD_END', 'max', [BEGUN, CHANGED_NOW, NEXT_PLAN], '+PLAN 02-01 max DAY -3 at 02-01 later'],
    ['ACTIVE', 'PERIOD_END', 'basic', [BEGUN, NEXT_PLAN], '-3 at 02-01 later'],
    ['ACTIVE', 'IMMEDIATE', 'basic', [BEGUN, NEXT_PLAN], '-3 at 01-15 now'],
    ['ACTIVE', 'IMMEDIATE', 'pro', [BEGUN, NEXT_END], '+PLAN 01-15 pro DAY at 01-15 now'],
    ['ACTIVE', 'IMMEDIATE', 'basic', [BEGUN], 'CONFLICT planId'],
    ['ACTIVE', 'IMMEDIATE', 'basic', [BEGUN, NEXT_END], 'CONFLICT planId'],
    ['CANCELED', 'IMMEDIATE', 'pro', [BEGUN], 'INVALID_TRANSITION'],
  ])('of %s %s to %s', (status, timing, planId, entries, expected) => {
    const change = { planId, timing, proration: null };
    expect(outcomeOf(() => decidePlanChange(standing(status), entries, change, NOW))).toBe(expected);
  });

  it('cannot wait for a period that the subscription ends with', () => {
    const decide = (timing: ChangeTiming) =>
      outcomeOf(() =>
        decidePlanChange(standing('ACTIVE', true), [BEGUN, NEXT_END], { planId: 'pro', timing, proration: null }, NOW),
      );
    expect(decide('PERIOD_END')).toBe('CONFLICT timing');
    expect(decide('IMMEDIATE')).toBe('+PLAN 01-15 pro DAY at 01-15 now');
  });

  it.each<[Proration, Proration | null, Proration]>([
    ['DAY', 'NONE', 'NONE'],
    ['SECOND', null, 'SECOND'],
  ])('of a subscription prorated by %s, by %s itself, goes by %s', (proration, own, expected) => {
    const of: Standing = { ...standing('ACTIVE'), proration };
    const { appended } = decidePlanChange(of, [BEGUN], { planId: 'pro', timing: 'IMMEDIATE', proration: own }, NOW);
    expect(appended?.proration).toBe(expected);
  });
});

describe('a pause', () => {
  it.each<[SubscriptionStatus, string, string]>([
    ['PENDING', 'INVALID_TRANSITION', 'INVALID_TRANSITION'],
    ['TRIAL', 'INVALID_TRANSITION', 'INVALID_TRANSITION'],
    ['ACTIVE', '+PAUSE 01-15 DAY at 01-15 now', 'INVALID_TRANSITION'],
    ['PAST_DUE', '+PAUSE 01-15 DAY at 01-15 now', 'INVALID_TRANSITION'],
    ['PAUSED', 'INVALID_TRANSITION', '+RESUME 01-15 DAY at 01-15 now'],
    ['CANCELED', 'INVALID_TRANSITION', 'INVALID_TRANSITION'],
  ])('of %s begins: %s, ends: %s', (status, pause, resumption) => {
    expect(outcomeOf(() => decidePause(standing(status), NOW))).toBe(pause);
    expect(outcomeOf(() => decideResumption(standing(status), NOW))).toBe(resumption);
  });
});
