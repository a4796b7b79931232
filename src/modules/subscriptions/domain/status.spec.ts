import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../shared/errors.js';
import { assertTransition } from '../../../shared/transitions.js';
import { statusAt, SUBSCRIPTION_TRANSITIONS, type SubscriptionStatus } from './status.js';
import { segmentsOf, type TimelineEntry } from './timeline.js';

const STATUSES: SubscriptionStatus[] = ['PENDING', 'TRIAL', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELED'];

/** docs/billing-rules.md §7, row by row. */
const ALLOWED = [
  'PENDING TRIAL',
  'PENDING ACTIVE',
  'TRIAL ACTIVE',
  'ACTIVE PAST_DUE',
  'PAST_DUE ACTIVE',
  'ACTIVE PAUSED',
  'PAST_DUE PAUSED',
  'PAUSED ACTIVE',
  'PAUSED PAST_DUE',
  'PENDING CANCELED',
  'TRIAL CANCELED',
  'ACTIVE CANCELED',
  'PAST_DUE CANCELED',
  'PAUSED CANCELED',
];

describe('the transitions of a subscription', () => {
  const pairs = STATUSES.flatMap((from) => STATUSES.map((to): [SubscriptionStatus, SubscriptionStatus] => [from, to]));
  it.each(pairs)('%s to %s', (from, to) => {
    let code = 'allowed';
    try {
      assertTransition('The subscription', SUBSCRIPTION_TRANSITIONS, from, to);
    } catch (error) {
      code = (error as DomainError).code;
      expect((error as DomainError).details).toEqual({ from, to });
    }
    expect(code).toBe(ALLOWED.includes(`${from} ${to}`) ? 'allowed' : 'INVALID_TRANSITION');
  });
});

it('a subscription that is canceled stays so', () => expect(SUBSCRIPTION_TRANSITIONS.CANCELED).toEqual([]));

describe('the state that a time line gives', () => {
  const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
  const entry = (sequence: number, kind: TimelineEntry['kind'], on: string): TimelineEntry => ({
    sequence,
    kind,
    at: day(on),
    planId: kind === 'PLAN' ? 'plan' : null,
    proration: 'DAY',
  });
  const segments = segmentsOf(
    {
      startedAt: day('01-10'),
      trialEnd: day('01-20'),
      timeZone: 'UTC',
      alignment: 'ANNIVERSARY',
      billingAnchor: null,
      proration: 'DAY',
    },
    [entry(1, 'PLAN', '01-10'), entry(2, 'PAUSE', '02-10'), entry(3, 'RESUME', '03-10'), entry(4, 'END', '04-10')],
    new Map([['plan', { billingInterval: 'MONTH', intervalCount: 1 }]]),
  );
  it.each([
    ['01-09', 'PENDING'],
    ['01-10', 'TRIAL'],
    ['01-19', 'TRIAL'],
    ['01-20', 'ACTIVE'],
    ['02-10', 'PAUSED'],
    ['03-09', 'PAUSED'],
    ['03-10', 'ACTIVE'],
    ['04-09', 'ACTIVE'],
    ['04-10', 'CANCELED'],
    ['12-31', 'CANCELED'],
  ])('on %s is %s', (on, status) => expect(statusAt(segments, day(on))).toBe(status));

  it('is CANCELED where it ended before it began', () => expect(statusAt([], day('01-01'))).toBe('CANCELED'));
});
