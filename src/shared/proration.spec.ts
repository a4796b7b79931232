import { describe, expect, it } from '@jest/globals';
import type { Span } from './calendar.js';
import { Decimal, decimal } from './decimal.js';
import { roundToMinorUnit } from './money.js';
import { prorationFraction, type Fraction, type Proration } from './proration.js';

const span = (start: string, end: string): Span => ({ start: new Date(start), end: new Date(end) });
const JANUARY = span('2024-01-01T00:00Z', '2024-02-01T00:00Z');

const amount = (price: string, { numerator, denominator }: Fraction): Decimal =>
  roundToMinorUnit(decimal(price).times(String(numerator)).div(String(denominator)), 'USD');

describe('prorationFraction', () => {
  const rows: [string, Proration, string, Span, Span, number, number][] = [
    ['the rest of a month, not reduced', 'DAY', 'UTC', span('2024-01-15T00:00Z', '2024-02-01T00:00Z'), JANUARY, 17, 31],
    ['a day is whole from any hour of it', 'DAY', 'UTC', span('2024-01-15T23:59Z', '2024-02-01T00:00Z'), JANUARY, 17, 31],
    ['the whole, not reduced', 'DAY', 'UTC', JANUARY, JANUARY, 31, 31],
    ['a span within one date', 'DAY', 'UTC', span('2024-01-15T08:00Z', '2024-01-15T18:00Z'), JANUARY, 0, 31],
    // 15 January in Tokyo starts at 15:00Z of the 14th; the month runs from Dec 31 15:00Z.
    [
      'dates are local',
      'DAY',
      'Asia/Tokyo',
      span('2024-01-14T15:00Z', '2024-01-31T15:00Z'),
      span('2023-12-31T15:00Z', '2024-01-31T15:00Z'),
      17,
      31,
    ],
    // March in New York lasts 743 hours; March 11 starts at 04:00Z.
    [
      'a clock change is still a day',
      'DAY',
      'America/New_York',
      span('2024-03-11T04:00Z', '2024-04-01T04:00Z'),
      span('2024-03-01T05:00Z', '2024-04-01T04:00Z'),
      21,
      31,
    ],
    [
      'the same by seconds: 504 of 743 hours',
      'SECOND',
      'America/New_York',
      span('2024-03-11T04:00Z', '2024-04-01T04:00Z'),
      span('2024-03-01T05:00Z', '2024-04-01T04:00Z'),
      1_814_400,
      2_674_800,
    ],
    [
      'whole seconds, not reduced',
      'SECOND',
      'UTC',
      span('2024-01-21T21:55:18Z', '2024-02-01T00:00Z'),
      JANUARY,
      871_482,
      2_678_400,
    ],
    [
      'a year of seconds',
      'SECOND',
      'UTC',
      span('2023-07-02T12:00Z', '2024-01-01T00:00Z'),
      span('2023-01-01T00:00Z', '2024-01-01T00:00Z'),
      15_768_000,
      31_536_000,
    ],
    // 892 800 500 of 2 678 400 000 ms; both are divisible by 500 and by nothing more (1 785 601 is odd, not by 3, 5 or 31).
    [
      'parts of a second: lowest terms of ms',
      'SECOND',
      'UTC',
      span('2024-01-21T15:59:59.500Z', '2024-02-01T00:00Z'),
      JANUARY,
      1_785_601,
      5_356_800,
    ],
    [
      'parts of a second that cancel out in the length',
      'SECOND',
      'UTC',
      span('2024-01-01T00:00:00.250Z', '2024-01-01T00:00:02.250Z'),
      JANUARY,
      2,
      2_678_400,
    ],
    [
      'a period that is no whole number of seconds: 1000 of 1500 ms',
      'SECOND',
      'UTC',
      span('2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z'),
      span('2024-01-01T00:00:00Z', '2024-01-01T00:00:01.500Z'),
      2,
      3,
    ],
    // 2^31 − 1 seconds from 1970 on end at 03:14:07 on January 19th, 2038.
    [
      'as many seconds as 32 bits hold',
      'SECOND',
      'UTC',
      span('1970-01-01T00:00Z', '2038-01-19T03:14:07Z'),
      span('1970-01-01T00:00Z', '2038-01-19T03:14:07Z'),
      2_147_483_647,
      2_147_483_647,
    ],
    [
      'one second more: lowest terms, 2 of 2^31',
      'SECOND',
      'UTC',
      span('1970-01-01T00:00Z', '1970-01-01T00:00:02Z'),
      span('1970-01-01T00:00Z', '2038-01-19T03:14:08Z'),
      1,
      1_073_741_824,
    ],
    ['nothing elapsed', 'SECOND', 'UTC', span('2024-01-05T00:00Z', '2024-01-05T00:00Z'), JANUARY, 0, 2_678_400],
    [
      'an empty period',
      'SECOND',
      'UTC',
      span('2024-01-05T00:00Z', '2024-01-05T00:00Z'),
      span('2024-01-05T00:00Z', '2024-01-05T00:00Z'),
      0,
      1,
    ],
    ['any started span', 'NONE', 'UTC', span('2024-01-31T23:59:59.999Z', '2024-02-01T00:00Z'), JANUARY, 1, 1],
    ['no started span', 'NONE', 'UTC', span('2024-01-31T00:00Z', '2024-01-31T00:00Z'), JANUARY, 0, 1],
    [
      'a period without a date of its own is measured by seconds',
      'DAY',
      'UTC',
      span('2024-01-31T06:00Z', '2024-01-31T09:00Z'),
      span('2024-01-31T00:00Z', '2024-01-31T12:00Z'),
      10_800,
      43_200,
    ],
  ];

  it.each(rows)('%s (%s, %s)', (_title, rule, timeZone, covered, full, numerator, denominator) => {
    expect(prorationFraction(covered, full, rule, timeZone)).toEqual({ numerator, denominator });
  });

  it('prices a stub of 30 a month from January 15: 16.45', () => {
    const fraction = prorationFraction(span('2024-01-15T00:00Z', '2024-02-01T00:00Z'), JANUARY, 'DAY', 'UTC');
    expect(amount('30', fraction).toFixed(2)).toBe('16.45');
  });

  it('lets the day of a change belong to what comes after', () => {
    const change = '2024-03-12T13:12Z';
    const march = span('2024-03-01T00:00Z', '2024-04-01T00:00Z');
    expect(prorationFraction(span('2024-03-01T00:00Z', change), march, 'DAY', 'UTC')).toEqual({ numerator: 11, denominator: 31 });
    expect(prorationFraction(span(change, '2024-04-01T00:00Z'), march, 'DAY', 'UTC')).toEqual({ numerator: 20, denominator: 31 });
  });
});
