import { describe, expect, it } from '@jest/globals';
import {
  addDays,
  boundary,
  calendarAnchor,
  daysBetween,
  isTimeZone,
  localDate,
  periodAt,
  type BillingInterval,
  type Cadence,
} from './calendar.js';

/** Short instants in the tables: '2024-01-31' is that midnight in UTC, '2024-01-31T02:30' that minute. */
const at = (text: string): Date => new Date(text.includes('T') ? `${text}Z` : `${text}T00:00Z`);
const every = (intervalCount: number, interval: BillingInterval, timeZone: string, anchor: string): Cadence => ({
  anchor: at(anchor),
  timeZone,
  interval,
  intervalCount,
});

describe('boundary', () => {
  const rows: [string, Cadence, Record<number, string>][] = [
    [
      'Jan 31 monthly: clamped, and back to the 31st',
      every(1, 'MONTH', 'UTC', '2023-01-31'),
      {
        0: '2023-01-31',
        1: '2023-02-28',
        2: '2023-03-31',
        3: '2023-04-30',
        4: '2023-05-31',
        13: '2024-02-29',
        [-1]: '2022-12-31',
      },
    ],
    [
      'Jan 30 and 29 in February of a leap year and of a common year',
      every(1, 'MONTH', 'UTC', '2024-01-30T08:15'),
      { 1: '2024-02-29T08:15', 2: '2024-03-30T08:15', 13: '2025-02-28T08:15', [-11]: '2023-02-28T08:15' },
    ],
    [
      'Feb 29 yearly',
      every(1, 'YEAR', 'UTC', '2024-02-29'),
      {
        1: '2025-02-28',
        2: '2026-02-28',
        3: '2027-02-28',
        4: '2028-02-29',
        76: '2100-02-28',
        [-1]: '2023-02-28',
        [-4]: '2020-02-29',
      },
    ],
    [
      'quarters from Nov 30',
      every(3, 'MONTH', 'UTC', '2021-11-30'),
      { 1: '2022-02-28', 2: '2022-05-30', 3: '2022-08-30', 4: '2022-11-30', 9: '2024-02-29' },
    ],
    [
      'two weeks over a leap day',
      every(2, 'WEEK', 'UTC', '2024-02-20'),
      { 1: '2024-03-05', 2: '2024-03-19', [-1]: '2024-02-06' },
    ],
    ['five days over a leap day', every(5, 'DAY', 'UTC', '2024-02-27'), { 1: '2024-03-03', [-1]: '2024-02-22' }],
    [
      'New York 02:30: skipped on 2024-03-10, so 03:30 EDT',
      every(1, 'MONTH', 'America/New_York', '2024-01-10T07:30'),
      { 1: '2024-02-10T07:30', 2: '2024-03-10T07:30', 3: '2024-04-10T06:30' },
    ],
    [
      'New York 01:30: twice on 2024-11-03, so the one in EDT',
      every(1, 'MONTH', 'America/New_York', '2024-10-03T05:30'),
      { 1: '2024-11-03T05:30', 2: '2024-12-03T06:30' },
    ],
    [
      'Berlin 02:30 from Jan 31: clamped in February, skipped on 2024-03-31',
      every(1, 'MONTH', 'Europe/Berlin', '2024-01-31T01:30'),
      { 1: '2024-02-29T01:30', 2: '2024-03-31T01:30', 3: '2024-04-30T00:30' },
    ],
    [
      'Lord Howe 02:15: half an hour is skipped on 2024-10-06, so 02:45 (+11)',
      every(1, 'DAY', 'Australia/Lord_Howe', '2024-10-04T15:45'),
      { 1: '2024-10-05T15:45', 2: '2024-10-06T15:15' },
    ],
    [
      'Lord Howe 01:45: twice on 2024-04-07, so the one at +11',
      every(1, 'DAY', 'Australia/Lord_Howe', '2024-04-05T14:45'),
      { 1: '2024-04-06T14:45', 2: '2024-04-07T15:15' },
    ],
    [
      'Sao Paulo midnight: skipped on 2018-11-04, so 01:00',
      every(1, 'MONTH', 'America/Sao_Paulo', '2018-10-04T03:00'),
      { 1: '2018-11-04T03:00', 2: '2018-12-04T02:00' },
    ],
    [
      'Apia 10:00: the date 2011-12-30 was skipped, two boundaries are one instant',
      every(1, 'DAY', 'Pacific/Apia', '2011-12-28T20:00'),
      { 1: '2011-12-29T20:00', 2: '2011-12-30T20:00', 3: '2011-12-30T20:00', 4: '2011-12-31T20:00' },
    ],
    [
      'Monrovia, 44:30 minutes behind UTC until 1972-01-07',
      every(1, 'MONTH', 'Africa/Monrovia', '1971-12-15T00:44:30'),
      { 1: '1972-01-15', [-1]: '1971-11-15T00:44:30' },
    ],
  ];

  it.each(rows)('%s', (_title, cadence, expected) => {
    for (const [n, instant] of Object.entries(expected)) expect([n, boundary(cadence, Number(n))]).toEqual([n, at(instant)]);
  });

  it('keeps the milliseconds of the anchor', () => {
    const anchor = '2024-01-31T10:00:00.337';
    expect(boundary(every(1, 'MONTH', 'UTC', anchor), 1)).toEqual(at('2024-02-29T10:00:00.337'));
    expect(boundary(every(1, 'MONTH', 'Asia/Tokyo', anchor), 1)).toEqual(at('2024-02-29T10:00:00.337'));
  });

  it('refuses what has no boundaries', () => {
    for (const timeZone of ['UTC', 'Europe/Berlin']) {
      expect(() => boundary(every(0, 'MONTH', timeZone, '2024-01-01'), 1)).toThrow(RangeError);
      expect(() => boundary(every(1.5, 'DAY', timeZone, '2024-01-01'), 1)).toThrow(RangeError);
      expect(() => boundary(every(1, 'DAY', timeZone, '2024-01-01'), 0.5)).toThrow(RangeError);
      expect(() => boundary(every(1, 'YEAR', timeZone, '2024-01-01'), 10_000_000)).toThrow(RangeError);
    }
    expect(() => boundary(every(1, 'DAY', 'Mars/Olympus', '2024-01-01'), 1)).toThrow(RangeError);
  });
});

describe('periodAt', () => {
  const rows: [title: string, Cadence, instant: string, index: number, span: string][] = [
    ['the anchor itself', every(1, 'MONTH', 'UTC', '2024-01-31'), '2024-01-31', 0, '2024-01-31 2024-02-29'],
    ['just before a boundary', every(1, 'MONTH', 'UTC', '2024-01-31'), '2024-02-28T23:59:59.999', 0, '2024-01-31 2024-02-29'],
    ['a clamped boundary', every(1, 'MONTH', 'UTC', '2024-01-31'), '2024-02-29', 1, '2024-02-29 2024-03-31'],
    ['before the anchor', every(1, 'MONTH', 'UTC', '2024-02-01'), '2024-01-10T12:00', -1, '2024-01-01 2024-02-01'],
    ['a quarter', every(3, 'MONTH', 'UTC', '2022-01-31'), '2022-08-15', 2, '2022-07-31 2022-10-31'],
    ['a leap year', every(1, 'YEAR', 'UTC', '2024-02-29'), '2028-02-28T12:00', 3, '2027-02-28 2028-02-29'],
    [
      'weeks in Kolkata',
      every(1, 'WEEK', 'Asia/Kolkata', '2023-01-04T09:00'),
      '2024-03-06T09:00',
      61,
      '2024-03-06T09:00 2024-03-13T09:00',
    ],
    [
      'a day of 23 hours',
      every(1, 'DAY', 'America/New_York', '2024-03-01T05:00'),
      '2024-03-11T03:59',
      9,
      '2024-03-10T05:00 2024-03-11T04:00',
    ],
    [
      'a boundary moved by a gap: before it',
      every(1, 'DAY', 'America/New_York', '2024-03-09T07:30'),
      '2024-03-10T07:29',
      0,
      '2024-03-09T07:30 2024-03-10T07:30',
    ],
    // 01:10 EST, shown after the boundary at 01:30 EDT.
    [
      'the hour that comes twice: past the boundary, the clock is back before it',
      every(1, 'DAY', 'America/New_York', '2024-11-02T05:30'),
      '2024-11-03T06:10',
      1,
      '2024-11-03T05:30 2024-11-04T06:30',
    ],
    [
      'Apia: before the skipped date',
      every(1, 'DAY', 'Pacific/Apia', '2011-12-28T20:00'),
      '2011-12-30T19:59',
      1,
      '2011-12-29T20:00 2011-12-30T20:00',
    ],
    [
      'Apia: never the empty period',
      every(1, 'DAY', 'Pacific/Apia', '2011-12-28T20:00'),
      '2011-12-30T20:00',
      3,
      '2011-12-30T20:00 2011-12-31T20:00',
    ],
  ];

  it.each(rows)('%s', (_title, cadence, instant, index, span) => {
    const [start = '', end = ''] = span.split(' ');
    expect(periodAt(cadence, at(instant))).toEqual({ index, start: at(start), end: at(end) });
  });
});

describe('calendarAnchor', () => {
  const rows: [string, string, string, BillingInterval, number, string][] = [
    ['a day', '2026-03-02T07:58:45', 'UTC', 'DAY', 1, '2026-03-02'],
    ['three days, from its own', '2026-03-02T07:58:45', 'UTC', 'DAY', 3, '2026-03-02'],
    ['a Sunday belongs to the Monday before', '2024-06-02T12:00', 'UTC', 'WEEK', 1, '2024-05-27'],
    ['a Monday is its own', '2024-06-03', 'UTC', 'WEEK', 2, '2024-06-03'],
    ['a week before 1970', '1969-12-28T12:00', 'UTC', 'WEEK', 1, '1969-12-22'],
    ['Sunday in UTC, Monday in Berlin', '2024-06-02T23:30', 'Europe/Berlin', 'WEEK', 1, '2024-06-02T22:00'],
    ['a month, local', '2024-02-29T19:00', 'Asia/Kolkata', 'MONTH', 1, '2024-02-29T18:30'],
    ['a quarter', '2026-05-22T10:00', 'UTC', 'MONTH', 3, '2026-04-01'],
    ['a half year', '2026-12-31T23:59', 'UTC', 'MONTH', 6, '2026-07-01'],
    ['five months: January, June, November', '2024-12-15', 'UTC', 'MONTH', 5, '2024-11-01'],
    ['18 months', '2024-12-15', 'UTC', 'MONTH', 18, '2024-01-01'],
    ['a year, local', '2024-12-31T23:30', 'Europe/Berlin', 'YEAR', 1, '2024-12-31T23:00'],
    ['two years, from its own', '2023-03-15', 'UTC', 'YEAR', 2, '2023-01-01'],
    ['a date without midnight: one step earlier', '2018-11-04T12:00', 'America/Sao_Paulo', 'DAY', 1, '2018-11-03T03:00'],
    [
      'a date without midnight: one step of two days earlier',
      '2018-11-04T12:00',
      'America/Sao_Paulo',
      'DAY',
      2,
      '2018-11-02T03:00',
    ],
  ];

  it.each(rows)('%s', (_title, start, timeZone, interval, count, anchor) => {
    expect(calendarAnchor(at(start), timeZone, interval, count)).toEqual(at(anchor));
  });

  it('keeps later boundaries at midnight although the start has none', () => {
    const start = at('2018-11-04T12:00');
    const anchor = calendarAnchor(start, 'America/Sao_Paulo', 'DAY', 1);
    const cadence: Cadence = { anchor, timeZone: 'America/Sao_Paulo', interval: 'DAY', intervalCount: 1 };
    expect(periodAt(cadence, start)).toEqual({ index: 1, start: at('2018-11-04T03:00'), end: at('2018-11-05T02:00') });
  });

  it('refuses a count below 1', () => {
    expect(() => calendarAnchor(at('2024-01-01'), 'UTC', 'MONTH', 0)).toThrow(RangeError);
  });
});

describe('local dates', () => {
  it('are those of the zone', () => {
    expect(localDate(at('2024-03-31T22:30'), 'Europe/Berlin')).toBe('2024-04-01');
    expect(localDate(at('2024-01-01T04:59:59.999'), 'America/New_York')).toBe('2023-12-31');
    expect(localDate(at('2024-01-01T05:00'), 'America/New_York')).toBe('2024-01-01');
    expect(localDate(at('1969-12-31T23:59'), 'UTC')).toBe('1969-12-31');
  });

  const rows: [string, string, string, string, number][] = [
    ['a month that loses an hour', '2024-03-01T05:00', '2024-04-01T04:00', 'America/New_York', 31],
    ['a month that gains an hour', '2024-11-01T04:00', '2024-12-01T05:00', 'America/New_York', 30],
    ['the day of the start counts, that of the end does not', '2024-03-12T12:12', '2024-04-01', 'UTC', 20],
    ['one minute over midnight', '2024-01-15T22:59', '2024-01-15T23:00', 'Europe/Berlin', 1],
    ['within one date', '2024-01-15T00:00', '2024-01-15T23:59', 'UTC', 0],
    ['nothing', '2024-01-15T10:00', '2024-01-15T10:00', 'UTC', 0],
    ['the end before the start', '2024-01-15', '2024-01-10', 'UTC', 0],
    ['a date that comes twice (set back over midnight)', '2006-10-29T02:30:30', '2006-10-29T02:45', 'America/St_Johns', 0],
  ];

  it.each(rows)('are counted: %s', (_title, start, end, timeZone, days) => {
    expect(daysBetween({ start: at(start), end: at(end) }, timeZone)).toBe(days);
  });
});

describe('addDays', () => {
  it('keeps the wall time', () => {
    expect(addDays(at('2024-03-01T15:00'), 14, 'America/New_York')).toEqual(at('2024-03-15T14:00'));
    expect(addDays(at('2024-03-15T14:00'), -14, 'America/New_York')).toEqual(at('2024-03-01T15:00'));
    expect(addDays(at('2024-02-28T09:30'), 30, 'UTC')).toEqual(at('2024-03-29T09:30'));
    expect(addDays(at('2024-03-09T07:30'), 1, 'America/New_York')).toEqual(at('2024-03-10T07:30'));
    expect(addDays(at('2024-03-09T07:30'), 0, 'America/New_York')).toEqual(at('2024-03-09T07:30'));
  });

  it('refuses parts of a day', () => {
    expect(() => addDays(at('2024-03-09'), 0.5, 'UTC')).toThrow(RangeError);
  });
});

describe('isTimeZone', () => {
  it('takes IANA names, aliases too', () => {
    const names = ['UTC', 'Etc/GMT+5', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Calcutta', 'America/Port-au-Prince', 'EST5EDT'];
    expect(names.filter(isTimeZone)).toEqual(names);
  });

  it('takes nothing else', () => {
    const names = [
      '',
      '+02:00',
      '-03',
      'UTC+2',
      'GMT+2',
      'PST',
      'CEST',
      'europe/berlin',
      'Europe/berlin',
      'utc',
      'A/B',
      ' UTC',
      'Z',
    ];
    expect(names.map(isTimeZone)).toEqual(names.map(() => false));
  });
});
