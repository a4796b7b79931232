import { describe, expect, it } from '@jest/globals';
import type { Proration } from '../../../shared/proration.js';
import { segmentsOf, type PlanInterval, type Segment, type TimelineEntry } from '../../subscriptions/domain/index.js';
import { billingSpans, lookBackStart, spanFraction, type BillingSpan } from './billing-spans.js';

const day = (text: string): Date => new Date(`${text.length === 5 ? `2026-${text}` : text}T00:00:00Z`);
const dayText = (date: Date): string => date.toISOString().replace('T00:00:00.000Z', '').replace('2026-', '');

const PLANS = new Map<string, PlanInterval>([
  ['basic', { billingInterval: 'MONTH', intervalCount: 1 }],
  ['pro', { billingInterval: 'MONTH', intervalCount: 1 }],
  ['yearly', { billingInterval: 'YEAR', intervalCount: 1 }],
]);

interface Begun {
  startedAt?: string;
  trialEnd?: string;
  billingAnchor?: string;
  proration?: Proration;
  timeZone?: string;
}

/** The plan `basic` from January 1st, or as begun, and then as decided: `PLAN 01-16 pro NONE`. */
function timeline(decisions: string[], begun: Begun = {}): Segment[] {
  const { startedAt = '01-01', trialEnd, billingAnchor, proration = 'DAY', timeZone = 'UTC' } = begun;
  const entries = [`PLAN ${startedAt} basic ${proration}`, ...decisions].map((decision, index): TimelineEntry => {
    const [kind, on, ...rest] = decision.split(' ');
    const planId = kind === 'PLAN' ? rest[0] : null;
    const rule = (rest.at(kind === 'PLAN' ? 1 : 0) ?? 'DAY') as Proration;
    return { sequence: index + 1, kind: kind as TimelineEntry['kind'], at: day(on), planId, proration: rule };
  });
  const terms = {
    startedAt: day(startedAt),
    trialEnd: trialEnd === undefined ? null : day(trialEnd),
    timeZone,
    alignment: 'ANNIVERSARY' as const,
    billingAnchor: billingAnchor === undefined ? null : day(billingAnchor),
    proration,
  };
  return segmentsOf(terms, entries, PLANS);
}

/** `basic 01-16 to 02-01 of 01-01 to 02-01 by DAY` for a part, `basic 01-01 to 02-01` for a whole period. */
const spanText = ({ planId, start, end, fullPeriod, cutBy }: BillingSpan): string =>
  [
    `${planId} ${dayText(start)} to ${dayText(end)}`,
    ...(cutBy === null ? [] : [`of ${dayText(fullPeriod.start)} to ${dayText(fullPeriod.end)} by ${cutBy}`]),
  ].join(' ');

describe('the billing spans', () => {
  it.each<[string, string[], Begun, [from: string, asOf: string], string[]]>([
    ['are whole periods, the running one included', [], {}, ['01-01', '02-10'], ['basic 01-01 to 02-01', 'basic 02-01 to 03-01']],
    [
      'begin with the period that begins at the last instant',
      [],
      {},
      ['01-01', '02-01'],
      ['basic 01-01 to 02-01', 'basic 02-01 to 03-01'],
    ],
    ['leave out what ended by then', [], {}, ['03-01', '03-10'], ['basic 03-01 to 04-01']],
    ['are none before the start', [], { startedAt: '02-01' }, ['01-01', '01-31'], []],
    ['begin at the start, to the instant', [], { startedAt: '02-01' }, ['01-01', '02-01'], ['basic 02-01 to 03-01']],
    [
      'are cut by a change on both sides, by its rule',
      ['PLAN 01-16 pro NONE'],
      {},
      ['01-01', '01-31'],
      ['basic 01-01 to 01-16 of 01-01 to 02-01 by NONE', 'pro 01-16 to 02-01 of 01-01 to 02-01 by NONE'],
    ],
    [
      'are not cut by a change on a boundary',
      ['PLAN 02-01 pro NONE'],
      {},
      ['01-01', '02-10'],
      ['basic 01-01 to 02-01', 'pro 02-01 to 03-01'],
    ],
    [
      'hold the closed parts of a period that has parts in view',
      ['PLAN 01-10 pro', 'PLAN 01-20 basic'],
      {},
      ['01-25', '01-31'],
      [
        'basic 01-01 to 01-10 of 01-01 to 02-01 by DAY',
        'pro 01-10 to 01-20 of 01-01 to 02-01 by DAY',
        'basic 01-20 to 02-01 of 01-01 to 02-01 by DAY',
      ],
    ],
    [
      'do not hold the period before that',
      ['PLAN 02-01 pro', 'PLAN 02-10 basic'],
      {},
      ['02-15', '02-20'],
      ['pro 02-01 to 02-10 of 02-01 to 03-01 by DAY', 'basic 02-10 to 03-01 of 02-01 to 03-01 by DAY'],
    ],
    [
      'cut twice go by the rule of the end',
      ['PLAN 01-10 pro NONE', 'PLAN 01-20 basic SECOND'],
      {},
      ['01-01', '01-15'],
      ['basic 01-01 to 01-10 of 01-01 to 02-01 by NONE', 'pro 01-10 to 01-20 of 01-01 to 02-01 by SECOND'],
    ],
    [
      'leave pauses out',
      ['PAUSE 01-10', 'RESUME 01-20'],
      {},
      ['01-01', '01-31'],
      ['basic 01-01 to 01-10 of 01-01 to 02-01 by DAY', 'basic 01-20 to 02-01 of 01-01 to 02-01 by DAY'],
    ],
    ['leave trials out', [], { trialEnd: '01-15' }, ['01-01', '01-20'], ['basic 01-15 to 02-15']],
    [
      'end with the time line',
      ['END 02-10'],
      {},
      ['01-01', '12-31'],
      ['basic 01-01 to 02-01', 'basic 02-01 to 02-10 of 02-01 to 03-01 by DAY'],
    ],
    ['end with the time line on a boundary', ['END 02-01'], {}, ['01-01', '12-31'], ['basic 01-01 to 02-01']],
    [
      'begin with a stub where the anchor says so',
      [],
      { startedAt: '01-10', billingAnchor: '01-05', proration: 'SECOND' },
      ['01-01', '02-05'],
      ['basic 01-10 to 02-05 of 01-05 to 02-05 by SECOND', 'basic 02-05 to 03-05'],
    ],
    [
      'begin anew with another interval',
      ['PLAN 02-16 yearly'],
      {},
      ['02-01', '02-20'],
      ['basic 02-01 to 02-16 of 02-01 to 03-01 by DAY', 'yearly 02-16 to 2027-02-16'],
    ],
  ])('%s', (_, decisions, begun, [from, asOf], expected) => {
    expect(billingSpans(timeline(decisions, begun), day(from), day(asOf)).map(spanText)).toEqual(expected);
  });

  it('leave out a day that the zone never had, and count on behind it', () => {
    // Samoa went from December 29th to 31st, 2011: its midnights of the 30th and 31st are the same instant.
    const midnight = (utc: string): Date => new Date(`2011-12-${utc}Z`);
    const segment: Segment = {
      kind: 'PLAN',
      start: midnight('28T10:00'),
      end: null,
      planId: 'daily',
      cadence: { anchor: midnight('28T10:00'), timeZone: 'Pacific/Apia', interval: 'DAY', intervalCount: 1 },
      startProration: 'DAY',
      endProration: 'DAY',
    };
    const spans = billingSpans([segment], midnight('28T10:00'), midnight('31T10:00'));
    expect(spans.map(({ start, end }) => [start, end])).toEqual([
      [midnight('28T10:00'), midnight('29T10:00')],
      [midnight('29T10:00'), midnight('30T10:00')],
      [midnight('30T10:00'), midnight('31T10:00')],
      [midnight('31T10:00'), new Date('2012-01-01T10:00Z')],
    ]);
  });

  it('carry the zone of their periods', () => {
    const [span] = billingSpans(timeline([], { timeZone: 'Asia/Tokyo' }), day('01-01'), day('01-02'));
    expect(span.timeZone).toBe('Asia/Tokyo');
  });
});

describe('the share of a span', () => {
  const shareOf = (decisions: string[], begun: Begun = {}) => {
    const [span] = billingSpans(timeline(decisions, begun), day('01-01'), day('01-02'));
    return spanFraction(span);
  };
  it('of a whole period is none', () => expect(shareOf([])).toBeNull());
  // January: 31 days, of which 15 lie before the 16th.
  it('by days', () => expect(shareOf(['PLAN 01-16 pro'])).toEqual({ numerator: 15, denominator: 31 }));
  it('by seconds', () =>
    expect(shareOf(['PLAN 01-16 pro SECOND'])).toEqual({ numerator: 15 * 86_400, denominator: 31 * 86_400 }));
  it('by the days of its zone', () => {
    // From 09:00 of January 1st in Tokyo to 09:00 on the 16th: the 1st to the 15th, of 31 dates.
    expect(shareOf(['PLAN 01-16 pro'], { timeZone: 'Asia/Tokyo' })).toEqual({ numerator: 15, denominator: 31 });
  });
});

describe('how far closed spans are looked back on', () => {
  const MONTHS = timeline([]);
  const since = (segments: Segment[], at: string, periods: number, rebillFrom: string | null = null): string =>
    dayText(
      lookBackStart(segments, day(at), periods, {
        startedAt: day('01-01'),
        rebillFrom: rebillFrom === null ? null : day(rebillFrom),
      }),
    );
  it.each<[string, Segment[], string, number, string | null, string]>([
    // The period that ends on June 1st begins on May 1st; three closed ones before it begin on February 1st.
    ['at a boundary: the periods before the one that ends', MONTHS, '06-01', 3, null, '02-01'],
    ['within a period', MONTHS, '06-15', 3, null, '02-01'],
    ['not at all', MONTHS, '06-01', 0, null, '05-01'],
    ['as far as a draft that was taken back', MONTHS, '06-01', 0, '03-01', '03-01'],
    ['further than a draft that was taken back', MONTHS, '06-01', 3, '03-01', '02-01'],
    ['after the end by the periods it had', timeline(['END 03-10']), '06-01', 1, null, '04-01'],
    ['in a pause by the periods it interrupts', timeline(['PAUSE 05-10']), '06-01', 1, null, '04-01'],
    ['in a trial to the start', timeline([], { trialEnd: '03-01' }), '02-01', 3, null, '01-01'],
    ['on a time line without segments to the start', [], '02-01', 3, null, '01-01'],
    ['by years after a change to them', timeline(['PLAN 02-16 yearly']), '2028-02-16', 1, null, '02-16'],
  ])('%s', (_, segments, at, periods, rebillFrom, expected) => {
    expect(since(segments, at, periods, rebillFrom)).toBe(expected);
  });
});
