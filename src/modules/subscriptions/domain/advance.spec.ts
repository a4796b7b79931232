import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../../shared/errors.js';
import { advance, type SubscriptionState } from './advance.js';
import { segmentsOf, type PlanInterval, type Segment, type TimelineEntry, type TimelineTerms } from './timeline.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const dayOrNull = (text: string | null): Date | null => (text === null ? null : day(text));
const PLANS = new Map<string, PlanInterval>([
  ['basic', { billingInterval: 'MONTH', intervalCount: 1 }],
  ['pro', { billingInterval: 'MONTH', intervalCount: 1 }],
]);

/** From January 10th on the plan `basic`, then as decided: `PLAN 02-15 pro`. */
function timeline(decisions: string[], trialEnd: string | null = null): Segment[] {
  const terms: TimelineTerms = {
    startedAt: day('01-10'),
    trialEnd: dayOrNull(trialEnd),
    timeZone: 'UTC',
    alignment: 'ANNIVERSARY',
    billingAnchor: null,
    proration: 'DAY',
  };
  const entries = ['PLAN 01-10 basic', ...decisions].map((decision, index): TimelineEntry => {
    const [kind, on, planId = null] = decision.split(' ');
    return { sequence: index + 1, kind: kind as TimelineEntry['kind'], at: day(on), planId, proration: 'DAY' };
  });
  return segmentsOf(terms, entries, PLANS);
}

/** What is stored of a subscription in its first period. */
const ACTIVE: SubscriptionState = {
  status: 'ACTIVE',
  planId: 'basic',
  currentPeriodStart: day('01-10'),
  currentPeriodEnd: day('02-10'),
  cancelAtPeriodEnd: false,
  endedAt: null,
  pausedAt: null,
  dueAt: day('02-10'),
};
const PENDING: SubscriptionState = { ...ACTIVE, status: 'PENDING', dueAt: day('01-10') };
const TRIAL: SubscriptionState = { ...ACTIVE, status: 'TRIAL', currentPeriodEnd: day('01-20'), dueAt: day('01-20') };
const PAST_DUE: SubscriptionState = { ...ACTIVE, status: 'PAST_DUE' };
const PAUSED: SubscriptionState = {
  ...ACTIVE,
  status: 'PAUSED',
  currentPeriodEnd: day('01-15'),
  pausedAt: day('01-15'),
  dueAt: null,
};
const CANCELED: SubscriptionState = { ...ACTIVE, status: 'CANCELED', endedAt: day('02-01'), dueAt: null };

const PAUSE = timeline(['PAUSE 01-15']);
const END = timeline(['END 02-01']);

describe('a subscription advances', () => {
  it.each<[string, SubscriptionState, Segment[], string, Partial<SubscriptionState>]>([
    ['not before its start', PENDING, timeline([]), '01-09', {}],
    ['to its start', PENDING, timeline([]), '01-10', { status: 'ACTIVE', dueAt: day('02-10') }],
    [
      'to its start in a trial, which it shows before',
      PENDING,
      timeline([], '01-20'),
      '01-09',
      { currentPeriodEnd: day('01-20'), dueAt: day('01-10') },
    ],
    [
      'into its trial',
      PENDING,
      timeline([], '01-20'),
      '01-10',
      { status: 'TRIAL', currentPeriodEnd: day('01-20'), dueAt: day('01-20') },
    ],
    [
      'out of its trial',
      TRIAL,
      timeline([], '01-20'),
      '01-20',
      { status: 'ACTIVE', currentPeriodStart: day('01-20'), currentPeriodEnd: day('02-20'), dueAt: day('02-20') },
    ],
    ['within a period by nothing', ACTIVE, timeline([]), '02-09', {}],
    [
      'into the next period',
      ACTIVE,
      timeline([]),
      '02-10',
      { currentPeriodStart: day('02-10'), currentPeriodEnd: day('03-10'), dueAt: day('03-10') },
    ],
    [
      'to another plan',
      ACTIVE,
      timeline(['PLAN 01-25 pro']),
      '01-25',
      { planId: 'pro', currentPeriodStart: day('01-25'), currentPeriodEnd: day('02-10') },
    ],
    [
      'to a pause, which cuts the period',
      ACTIVE,
      PAUSE,
      '01-15',
      { status: 'PAUSED', currentPeriodEnd: day('01-15'), pausedAt: day('01-15'), dueAt: null },
    ],
    ['in a pause by nothing', PAUSED, PAUSE, '03-01', {}],
    [
      'in a pause that is known to have begun before',
      { ...PAUSED, pausedAt: day('01-14') },
      PAUSE,
      '03-01',
      { pausedAt: day('01-14') },
    ],
    [
      'out of a pause',
      PAUSED,
      timeline(['PAUSE 01-15', 'RESUME 01-25']),
      '01-25',
      {
        status: 'ACTIVE',
        currentPeriodStart: day('01-25'),
        currentPeriodEnd: day('02-10'),
        pausedAt: null,
        dueAt: day('02-10'),
      },
    ],
    [
      'to its end',
      ACTIVE,
      END,
      '02-01',
      { status: 'CANCELED', currentPeriodEnd: day('02-01'), endedAt: day('02-01'), dueAt: null },
    ],
    [
      'towards an end that is set',
      ACTIVE,
      END,
      '01-15',
      { cancelAtPeriodEnd: true, dueAt: day('02-01'), currentPeriodEnd: day('02-01') },
    ],
    ['after its end by nothing', CANCELED, END, '03-01', { endedAt: day('02-01') }],
    [
      'late to its end, which lies where it was set',
      ACTIVE,
      END,
      '02-05',
      { status: 'CANCELED', currentPeriodEnd: day('02-05'), endedAt: day('02-01'), dueAt: null },
    ],
    ['to an end that is known to have come before', { ...CANCELED, endedAt: day('01-31') }, END, '03-01', {}],
    [
      'to an end before its start',
      PENDING,
      timeline(['END 01-10']),
      '01-05',
      { status: 'CANCELED', endedAt: day('01-05'), dueAt: null },
    ],
    [
      'to an end at the start of a period, which stays as it is',
      { ...ACTIVE, currentPeriodStart: day('02-10'), currentPeriodEnd: day('03-10') },
      timeline(['END 02-10']),
      '02-10',
      { status: 'CANCELED', endedAt: day('02-10'), dueAt: null },
    ],
  ])('%s', (_, current, segments, on, changed) => {
    const { state, transition } = advance(current, segments, day(on), false);
    expect(state).toEqual({ ...current, ...changed });
    const to = changed.status ?? current.status;
    expect(transition).toEqual(to === current.status ? null : { from: current.status, to });
  });

  it.each<[SubscriptionState, boolean, string]>([
    [ACTIVE, true, 'PAST_DUE'],
    [PAST_DUE, true, 'PAST_DUE'],
    [PAST_DUE, false, 'ACTIVE'],
    [ACTIVE, false, 'ACTIVE'],
  ])('with invoices: %j, overdue: %s', (current, hasOverdueInvoice, status) => {
    const { state, transition } = advance(current, timeline([]), day('01-15'), hasOverdueInvoice);
    expect(state.status).toBe(status);
    expect(transition).toEqual(current.status === status ? null : { from: current.status, to: status });
  });

  it('an overdue invoice concerns ACTIVE alone', () => {
    expect(advance(PAUSED, PAUSE, day('02-01'), true).state.status).toBe('PAUSED');
    expect(advance(TRIAL, timeline([], '01-20'), day('01-15'), true).state.status).toBe('TRIAL');
  });

  it('not where the table forbids it', () => {
    const revive = () => advance(CANCELED, timeline([]), day('02-01'), false);
    expect(revive).toThrow(DomainError);
    expect(revive).toThrow(expect.objectContaining({ code: 'INVALID_TRANSITION', details: { from: 'CANCELED', to: 'ACTIVE' } }));
  });
});
