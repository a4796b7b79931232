import { describe, expect, it } from '@jest/globals';
import type { Proration } from '../../../shared/proration.js';
import {
  nextDueAfter,
  segmentAt,
  segmentsOf,
  spanAt,
  type PlanInterval,
  type Segment,
  type TimelineEntry,
  type TimelineTerms,
} from './timeline.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const dayText = (date: Date | null): string =>
  date === null ? '…' : date.toISOString().replace('T00:00:00.000Z', '').replace('2026-', '');

const PLANS = new Map<string, PlanInterval>([
  ['monthly', { billingInterval: 'MONTH', intervalCount: 1 }],
  ['dearer', { billingInterval: 'MONTH', intervalCount: 1 }],
  ['quarterly', { billingInterval: 'MONTH', intervalCount: 3 }],
  ['yearly', { billingInterval: 'YEAR', intervalCount: 1 }],
]);
const TERMS: TimelineTerms = {
  startedAt: day('01-01'),
  trialEnd: null,
  timeZone: 'UTC',
  alignment: 'ANNIVERSARY',
  billingAnchor: null,
  proration: 'DAY',
};

/** `PLAN 01-16 yearly`, with the rule where it is not the subscription's: `PAUSE 01-16 NONE`. */
function entriesOf(decisions: string[]): TimelineEntry[] {
  return decisions.map((decision, index) => {
    const [kind, on, ...rest] = decision.split(' ');
    const proration = (rest.find((word) => word === word.toUpperCase()) ?? 'DAY') as Proration;
    const planId = rest.find((word) => word !== word.toUpperCase()) ?? null;
    return { sequence: index + 1, kind: kind as TimelineEntry['kind'], at: day(on), planId, proration };
  });
}
const timeline = (decisions: string[], terms: Partial<TimelineTerms> = {}): Segment[] =>
  segmentsOf({ ...TERMS, ...terms }, entriesOf(['PLAN 01-01 monthly', ...decisions]), PLANS);

/** `PLAN monthly 01-01 to 01-16 from 01-01`: kind, plan, start, end and the anchor of its periods. */
const segmentText = ({ kind, planId, start, end, cadence }: Segment): string =>
  `${kind} ${planId} ${dayText(start)} to ${dayText(end)}${cadence ? ` from ${dayText(cadence.anchor)}` : ''}`;

describe('the segments of a time line', () => {
  it.each<[string, string[], Partial<TimelineTerms>, string[]]>([
    ['a plan', [], {}, ['PLAN monthly 01-01 to … from 01-01']],
    [
      'a trial, whose end is the anchor',
      [],
      { trialEnd: day('01-15') },
      ['TRIAL monthly 01-01 to 01-15', 'PLAN monthly 01-15 to … from 01-15'],
    ],
    ['no trial that ends with its start', [], { trialEnd: day('01-01') }, ['PLAN monthly 01-01 to … from 01-01']],
    ['no trial that ended before', [], { trialEnd: new Date('2025-12-31') }, ['PLAN monthly 01-01 to … from 01-01']],
    [
      'another plan of the same interval, on the old anchor',
      ['PLAN 01-16 dearer'],
      {},
      ['PLAN monthly 01-01 to 01-16 from 01-01', 'PLAN dearer 01-16 to … from 01-01'],
    ],
    [
      'another interval, on an anchor of its own',
      ['PLAN 01-16 yearly'],
      {},
      ['PLAN monthly 01-01 to 01-16 from 01-01', 'PLAN yearly 01-16 to … from 01-16'],
    ],
    [
      'as many months more: another interval, too',
      ['PLAN 01-16 quarterly'],
      {},
      ['PLAN monthly 01-01 to 01-16 from 01-01', 'PLAN quarterly 01-16 to … from 01-16'],
    ],
    [
      'a change back: the second anchor is not the first',
      ['PLAN 01-16 yearly', 'PLAN 02-10 monthly'],
      {},
      ['PLAN monthly 01-01 to 01-16 from 01-01', 'PLAN yearly 01-16 to 02-10 from 01-16', 'PLAN monthly 02-10 to … from 02-10'],
    ],
    ['a change undone on its instant', ['PLAN 01-16 yearly', 'PLAN 01-16 monthly'], {}, ['PLAN monthly 01-01 to … from 01-01']],
    ['a change to the same plan', ['PLAN 01-16 monthly'], {}, ['PLAN monthly 01-01 to … from 01-01']],
    [
      'a pause, after which the anchor is the original one',
      ['PAUSE 01-10', 'RESUME 01-20'],
      {},
      ['PLAN monthly 01-01 to 01-10 from 01-01', 'PAUSE monthly 01-10 to 01-20 from 01-01', 'PLAN monthly 01-20 to … from 01-01'],
    ],
    ['a pause undone on its instant', ['PAUSE 01-10', 'RESUME 01-10'], {}, ['PLAN monthly 01-01 to … from 01-01']],
    [
      'a change in a pause',
      ['PAUSE 01-10', 'PLAN 01-15 dearer'],
      {},
      ['PLAN monthly 01-01 to 01-10 from 01-01', 'PAUSE monthly 01-10 to 01-15 from 01-01', 'PAUSE dearer 01-15 to … from 01-01'],
    ],
    ['an end', ['END 03-01'], {}, ['PLAN monthly 01-01 to 03-01 from 01-01']],
    ['nothing after the end', ['END 03-01', 'PLAN 04-01 yearly'], {}, ['PLAN monthly 01-01 to 03-01 from 01-01']],
    ['nothing where the end is the start', ['END 01-01'], {}, []],
    ['an end together with a change', ['PLAN 02-01 yearly', 'END 02-01'], {}, ['PLAN monthly 01-01 to 02-01 from 01-01']],
    ['an end in a trial', ['END 01-10'], { trialEnd: day('01-15') }, ['TRIAL monthly 01-01 to 01-10']],
    [
      'a change in a trial',
      ['PLAN 01-10 yearly'],
      { trialEnd: day('01-15') },
      ['TRIAL monthly 01-01 to 01-10', 'TRIAL yearly 01-10 to 01-15', 'PLAN yearly 01-15 to … from 01-15'],
    ],
    [
      'a change that is none in a trial',
      ['PLAN 01-10 monthly'],
      { trialEnd: day('01-15') },
      ['TRIAL monthly 01-01 to 01-15', 'PLAN monthly 01-15 to … from 01-15'],
    ],
    [
      'a change at the end of a trial',
      ['PLAN 01-15 yearly'],
      { trialEnd: day('01-15') },
      ['TRIAL monthly 01-01 to 01-15', 'PLAN yearly 01-15 to … from 01-15'],
    ],
    [
      'an explicit anchor, for the first interval only',
      ['PLAN 02-10 yearly'],
      { startedAt: day('01-10'), billingAnchor: day('01-05') },
      ['PLAN monthly 01-10 to 02-10 from 01-05', 'PLAN yearly 02-10 to … from 02-10'],
    ],
    [
      'an explicit anchor after a trial',
      [],
      { trialEnd: day('01-15'), billingAnchor: day('01-05') },
      ['TRIAL monthly 01-01 to 01-15', 'PLAN monthly 01-15 to … from 01-05'],
    ],
    [
      'the calendar’s units',
      ['PLAN 05-10 quarterly', 'PLAN 08-20 yearly'],
      { startedAt: day('01-10'), alignment: 'CALENDAR' },
      ['PLAN monthly 01-10 to 05-10 from 01-01', 'PLAN quarterly 05-10 to 08-20 from 04-01', 'PLAN yearly 08-20 to … from 01-01'],
    ],
    [
      'what was decided before the start at the start, the last word counting',
      ['PLAN 01-05 yearly', 'PLAN 01-03 dearer'],
      { startedAt: day('01-10') },
      ['PLAN dearer 01-10 to … from 01-10'],
    ],
  ])('are %s', (_, decisions, terms, expected) => {
    const segments = timeline(decisions, terms);
    expect(segments.map(segmentText)).toEqual(expected);
  });

  it('take entries by instant, then by sequence, however they are listed', () => {
    const entries = entriesOf(['PLAN 01-01 monthly', 'PLAN 02-10 dearer', 'PLAN 01-16 dearer', 'PLAN 01-16 yearly', 'END 03-01']);
    const expected = [
      'PLAN monthly 01-01 to 01-16 from 01-01',
      'PLAN yearly 01-16 to 02-10 from 01-16',
      'PLAN dearer 02-10 to 03-01 from 02-10',
    ];
    for (const listed of [entries, [...entries].reverse()])
      expect(segmentsOf(TERMS, listed, PLANS).map(segmentText)).toEqual(expected);
  });

  it('keep interval, count and zone of their periods', () => {
    const [segment] = timeline([], { timeZone: 'Asia/Tokyo' });
    expect(segment.cadence).toEqual({ anchor: day('01-01'), timeZone: 'Asia/Tokyo', interval: 'MONTH', intervalCount: 1 });
    const [quarter] = timeline(['PLAN 01-01 quarterly'], { alignment: 'CALENDAR', timeZone: 'Asia/Tokyo' });
    // Midnight of January 1st in Tokyo.
    expect(quarter.cadence).toEqual({
      anchor: new Date('2025-12-31T15:00:00Z'),
      timeZone: 'Asia/Tokyo',
      interval: 'MONTH',
      intervalCount: 3,
    });
  });

  it.each<[string, string[], Partial<TimelineTerms>, string[]]>([
    ['that of the first entry, where nothing changes', [], {}, ['DAY DAY']],
    ['that of the change, on both sides', ['PLAN 01-16 dearer NONE'], {}, ['DAY NONE', 'NONE NONE']],
    ['each change’s own', ['PLAN 01-16 dearer NONE', 'END 02-10 SECOND'], {}, ['DAY NONE', 'NONE SECOND']],
    [
      'that of the last of several changes',
      ['PLAN 01-16 yearly NONE', 'PLAN 01-16 dearer SECOND'],
      {},
      ['DAY SECOND', 'SECOND SECOND'],
    ],
    ['the subscription’s at a trial’s end', [], { trialEnd: day('01-15'), proration: 'NONE' }, ['DAY NONE', 'NONE NONE']],
  ])('are prorated by %s', (_, decisions, terms, expected) => {
    const segments = timeline(decisions, terms);
    expect(segments.map(({ startProration, endProration }) => `${startProration} ${endProration}`)).toEqual(expected);
  });

  it('cannot be made of plans that are not given', () => {
    expect(() => timeline(['PLAN 02-01 unknown'])).toThrow('names the plan unknown');
  });
});

describe('the segment at an instant', () => {
  const segments = timeline(['PLAN 01-16 dearer', 'END 02-10']);
  it.each([
    ['2025-12-31T23:59:59.999Z', null],
    ['2026-01-01T00:00:00.000Z', 'monthly'],
    ['2026-01-15T23:59:59.999Z', 'monthly'],
    ['2026-01-16T00:00:00.000Z', 'dearer'],
    ['2026-02-09T23:59:59.999Z', 'dearer'],
    ['2026-02-10T00:00:00.000Z', null],
  ])('%s is %s', (at, planId) => {
    expect(segmentAt(segments, new Date(at))?.planId ?? null).toBe(planId);
  });

  it('is the open one for ever', () => {
    expect(segmentAt(timeline([]), day('12-31'))?.planId).toBe('monthly');
    expect(segmentAt([], day('12-31'))).toBeNull();
  });
});

describe('the period shown', () => {
  const spanText = (segments: Segment[], on: string): string => {
    const at = day(on);
    const segment = segmentAt(segments, at);
    if (!segment) throw new Error('There is no segment.');
    const { start, end } = spanAt(segment, at);
    return `${dayText(start)} to ${dayText(end)}`;
  };
  it.each<[string, string[], Partial<TimelineTerms>, string, string]>([
    ['a whole period', [], {}, '02-14', '02-01 to 03-01'],
    ['the next one, at its first instant', [], {}, '03-01', '03-01 to 04-01'],
    ['up to a change', ['PLAN 01-16 dearer'], {}, '01-02', '01-01 to 01-16'],
    ['from a change on', ['PLAN 01-16 dearer'], {}, '01-20', '01-16 to 02-01'],
    ['whole before a change on its end', ['PLAN 02-01 dearer'], {}, '01-20', '01-01 to 02-01'],
    ['whole before a later change', ['PLAN 02-10 dearer'], {}, '01-20', '01-01 to 02-01'],
    ['a stub from the start on', [], { startedAt: day('01-10'), billingAnchor: day('01-05') }, '01-20', '01-10 to 02-05'],
    ['the trial', [], { trialEnd: day('02-15') }, '01-20', '01-01 to 02-15'],
  ])('is %s', (_, decisions, terms, on, expected) => {
    expect(spanText(timeline(decisions, terms), on)).toBe(expected);
  });
});

describe('what falls due next', () => {
  const PAUSED = ['PAUSE 01-10', 'RESUME 01-20'];
  it.each<[string, string[], Partial<TimelineTerms>, string, string]>([
    ['the start', [], { startedAt: day('01-10') }, '01-05', '01-10'],
    ['a period’s end', [], {}, '01-05', '02-01'],
    ['the end of the period that begins', [], {}, '02-01', '03-01'],
    ['a change within the period', ['PLAN 01-16 dearer'], {}, '01-05', '01-16'],
    ['the period’s end before a later change', ['PLAN 02-16 dearer'], {}, '01-05', '02-01'],
    ['the end of a trial', [], { trialEnd: day('02-15') }, '01-05', '02-15'],
    ['the resumption', PAUSED, {}, '01-10', '01-20'],
    ['the end of the stub after a pause', PAUSED, {}, '01-20', '02-01'],
    ['nothing in a pause without an end', ['PAUSE 01-10'], {}, '01-10', '…'],
    ['the end', ['END 01-20'], {}, '01-05', '01-20'],
    ['nothing after the end', ['END 01-20'], {}, '01-20', '…'],
    ['nothing where nothing ever begins', ['END 01-01'], {}, '01-01', '…'],
  ])('is %s', (_, decisions, terms, on, expected) => {
    expect(dayText(nextDueAfter(timeline(decisions, terms), day(on)))).toBe(expected);
  });
});
