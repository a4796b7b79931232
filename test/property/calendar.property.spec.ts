import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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
} from '../../src/shared/calendar.js';
import { prorationFraction } from '../../src/shared/proration.js';
import { instantOf, moved, readingAt, type Reading } from './calendar.oracle.js';
import { randomRuns } from '../support/random-runs.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(1970, 0, 2);
const TO = Date.UTC(2100, 0, 1);
const RUNS = randomRuns(1_500);
const ZONES = [...Intl.supportedValuesOf('timeZone'), 'UTC', 'Asia/Kolkata'];
const INTERVALS: readonly BillingInterval[] = ['DAY', 'WEEK', 'MONTH', 'YEAR'];

const zone = fc.constantFrom(...ZONES);
const someInstant = fc.integer({ min: FROM, max: TO });
const interval = fc.constantFrom(...INTERVALS);
const intervalCount = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 13 }));
const step = fc.integer({ min: -30, max: 30 });

/** Days 28 to 31 of any month, Feb 29 among them. */
const lateDay = fc
  .record({
    year: fc.integer({ min: 1972, max: 2090 }),
    month: fc.integer({ min: 1, max: 12 }),
    last: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ year, month, last }) => Date.UTC(year, month, 0) - last * DAY);
const leapDay = fc.integer({ min: 493, max: 522 }).map((n) => Date.UTC(n * 4, 1, 29));
const anchorInstant = fc
  .tuple(fc.oneof(someInstant, lateDay, leapDay), fc.constantFrom(0, 1, HOUR / 2, 2.5 * HOUR), fc.integer({ min: 0, max: DAY }))
  .map(([instant, early, any]) => instant + (any % 2 === 0 ? early : any));

/** The instant of a clock change of the zone in a year, found by reading its clock, or null. */
function clockChange(timeZone: string, year: number, which: number): number | null {
  const offset = (ms: number): number => readingAt(ms, timeZone).asUtc - ms;
  const weeks = Array.from({ length: 53 }, (_, week) => Date.UTC(year, 0, 1) + week * 7 * DAY);
  const changes = weeks.slice(1).flatMap((end, i) => (offset(weeks[i] ?? end) === offset(end) ? [] : [end]));
  if (changes.length === 0) return null;
  let high = changes[which % changes.length] ?? 0;
  let low = high - 7 * DAY;
  const before = offset(low);
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (offset(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

const cadence: fc.Arbitrary<Cadence> = fc
  .record({ anchor: anchorInstant, timeZone: zone, interval, intervalCount })
  .map((parts) => ({ ...parts, anchor: new Date(parts.anchor) }));

const expectedBoundary = (c: Cadence, n: number): number =>
  instantOf(moved(readingAt(c.anchor.getTime(), c.timeZone), c.interval, n * c.intervalCount), c.timeZone);

describe('boundary', () => {
  it('agrees with reading the clock, for any anchor and zone', () => {
    fc.assert(
      fc.property(cadence, step, (c, n) => {
        expect(boundary(c, n).getTime()).toBe(expectedBoundary(c, n));
      }),
      RUNS,
    );
  });

  it('agrees with reading the clock around every kind of clock change', () => {
    const place = fc.record({
      timeZone: zone,
      year: fc.integer({ min: 1970, max: 2037 }),
      which: fc.nat(7),
      n: fc.nat(20),
      count: fc.integer({ min: 1, max: 3 }),
    });
    const minutes = fc.integer({ min: -150, max: 150 });
    fc.assert(
      fc.property(place, minutes, minutes, ({ timeZone, year, which, n, count }, off, later) => {
        const change = clockChange(timeZone, year, which);
        fc.pre(change !== null);
        const anchor = new Date(change - n * count * DAY + off * 60_000);
        const c: Cadence = { anchor, timeZone, interval: 'DAY', intervalCount: count };
        for (const k of [n - 1, n, n + 1]) expect(boundary(c, k).getTime()).toBe(expectedBoundary(c, k));
        const at = change + later * 60_000;
        const period = periodAt(c, new Date(at));
        expect([period.start.getTime() <= at, at < period.end.getTime()]).toEqual([true, true]);
        expect([boundary(c, period.index), boundary(c, period.index + 1)]).toEqual([period.start, period.end]);
      }),
      { ...randomRuns(1_000), maxSkipsPerRun: 100 },
    );
  });

  it('holds in every zone: monthly from 31 January, 02:30', () => {
    for (const timeZone of ZONES) {
      const anchor = new Date(instantOf({ ...readingAt(0, 'UTC'), year: 2024, month: 1, day: 31, timeMs: 2.5 * HOUR }, timeZone));
      const c: Cadence = { anchor, timeZone, interval: 'MONTH', intervalCount: 1 };
      for (let n = 0; n <= 12; n += 1) expect(boundary(c, n).getTime()).toBe(expectedBoundary(c, n));
    }
  });

  it('on the fast path of UTC is what Temporal computes', () => {
    fc.assert(
      fc.property(cadence, step, someInstant, (c, n, at) => {
        // GMT has the same clock and no fast path.
        const [fast, slow] = [
          { ...c, timeZone: 'UTC' },
          { ...c, timeZone: 'GMT' },
        ];
        expect(boundary(fast, n)).toEqual(boundary(slow, n));
        expect(periodAt(fast, new Date(at))).toEqual(periodAt(slow, new Date(at)));
      }),
      RUNS,
    );
  });
});

describe('periods', () => {
  it('tile the time line: no gap, no overlap, no drift', () => {
    fc.assert(
      fc.property(cadence, fc.integer({ min: -12, max: 12 }), (c, first) => {
        let period = periodAt(c, boundary(c, first));
        for (let i = 0; i < 12; i += 1) {
          const next = periodAt(c, period.end);
          expect(next.start).toEqual(period.end);
          // Only an empty period (a date the zone skipped) may lie between the two.
          for (let n = period.index + 1; n <= next.index; n += 1) expect(boundary(c, n)).toEqual(next.start);
          expect(next.end.getTime()).toBeGreaterThan(next.start.getTime());
          period = next;
        }
        expect(period.end.getTime()).toBe(expectedBoundary(c, period.index + 1));
      }),
      randomRuns(1_000),
    );
  });

  it('are found again from any of their instants', () => {
    fc.assert(
      fc.property(cadence, someInstant, fc.double({ min: 0, max: 1, noNaN: true }), (c, at, share) => {
        const period = periodAt(c, new Date(at));
        expect(period.start.getTime()).toBeLessThanOrEqual(at);
        expect(period.end.getTime()).toBeGreaterThan(at);
        expect(boundary(c, period.index)).toEqual(period.start);
        expect(boundary(c, period.index + 1)).toEqual(period.end);
        const length = period.end.getTime() - period.start.getTime();
        for (const inside of [0, Math.floor((length - 1) * share), length - 1]) {
          expect(periodAt(c, new Date(period.start.getTime() + inside))).toEqual(period);
        }
        expect(periodAt(c, new Date(period.start.getTime() - 1)).end).toEqual(period.start);
      }),
      RUNS,
    );
  });
});

describe('calendarAnchor', () => {
  it('lays boundaries on the local midnights that start the units', () => {
    fc.assert(
      fc.property(zone, someInstant, interval, fc.integer({ min: 1, max: 6 }), (timeZone, at, unit, count) => {
        const start = new Date(at);
        const anchor = calendarAnchor(start, timeZone, unit, count);
        const period = periodAt({ anchor, timeZone, interval: unit, intervalCount: count }, start);
        let first: Reading = { ...readingAt(at, timeZone), timeMs: 0 };
        if (unit === 'YEAR') first = { ...first, month: 1, day: 1 };
        // Of k months from January on, the one that starts the group.
        if (unit === 'MONTH') first = { ...first, day: 1, month: first.month - ((first.month - 1) % count) };
        while (unit === 'WEEK' && first.weekday !== 'Mon') first = moved(first, 'DAY', -1);
        const expected = instantOf(first, timeZone);
        // A clock set back over midnight may show a start's date once more before that date's first midnight.
        if (at >= expected) expect(period.start.getTime()).toBe(expected);
        expect(anchor.getTime()).toBeLessThanOrEqual(Math.max(expected, at));
      }),
      RUNS,
    );
  });
});

describe('days', () => {
  it('are counted and added on local dates', () => {
    const oneOf = fc.tuple(zone, someInstant, fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: DAY }));
    fc.assert(
      fc.property(oneOf, ([timeZone, at, days, rest]) => {
        const [start, end] = [new Date(at), new Date(at + days * DAY + rest)];
        expect(localDate(start, timeZone)).toBe(dateText(readingAt(at, timeZone)));
        let count = 0;
        const last = dateText(readingAt(end.getTime(), timeZone));
        for (let day = readingAt(at, timeZone); dateText(day) < last; day = moved(day, 'DAY', 1)) count += 1;
        expect(daysBetween({ start, end }, timeZone)).toBe(count);
        expect(addDays(start, days, timeZone).getTime()).toBe(instantOf(moved(readingAt(at, timeZone), 'DAY', days), timeZone));
      }),
      RUNS,
    );
  });

  it('of adjoining parts add up to the period, under DAY and under SECOND', () => {
    fc.assert(
      fc.property(
        cadence,
        someInstant,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        (c, at, shares) => {
          const full = periodAt(c, new Date(at));
          const length = full.end.getTime() - full.start.getTime();
          const cuts = [0, ...shares.toSorted((a, b) => a - b), 1].map(
            (share) => new Date(full.start.getTime() + Math.floor(share * length)),
          );
          const parts = cuts.slice(1).map((end, i) => ({ start: cuts[i] ?? end, end }));
          const days = parts.map((part) => prorationFraction(part, full, 'DAY', c.timeZone));
          expect(days.reduce((total, f) => total + f.numerator, 0)).toBe(days[0]?.denominator);
          const exact = parts.map((part) => prorationFraction(part, full, 'SECOND', c.timeZone));
          const elapsed = exact.map((f) => (BigInt(length) * BigInt(f.numerator)) / BigInt(f.denominator));
          expect(elapsed.reduce((total, ms) => total + ms, 0n)).toBe(BigInt(length));
        },
      ),
      RUNS,
    );
  });
});

describe('isTimeZone', () => {
  it('knows every zone that the platform lists', () => {
    expect(ZONES.filter((name) => !isTimeZone(name))).toEqual([]);
  });
});

const dateText = (r: Reading): string => `${r.year}-${String(r.month).padStart(2, '0')}-${String(r.day).padStart(2, '0')}`;
