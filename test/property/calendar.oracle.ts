import type { BillingInterval } from '../../src/shared/calendar.js';

/**
 * A second calendar, slow and plain, that shares no code and no library with the product's: clocks are read with
 * Intl.DateTimeFormat, dates are walked one day or one month at a time, and a wall time is turned into an instant by
 * trying.
 */
export interface Reading {
  year: number;
  month: number;
  day: number;
  /** Milliseconds since 00:00 on the clock's face. */
  timeMs: number;
  weekday: string;
  /** The same reading on a UTC clock, in epoch milliseconds. */
  asUtc: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const formats = new Map<string, Intl.DateTimeFormat>();

function format(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}

/** What a clock in the zone shows at an instant. */
export function readingAt(instantMs: number, timeZone: string): Reading {
  const ms = ((instantMs % 1000) + 1000) % 1000;
  const text = format(timeZone).format(instantMs - ms);
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(Number);
  return reading(year, month, day, (hour * 60 + minute) * MINUTE + second * 1000 + ms);
}

function reading(year: number, month: number, day: number, timeMs: number): Reading {
  const midnight = Date.UTC(year, month - 1, day);
  return { year, month, day, timeMs, weekday: WEEKDAYS[new Date(midnight).getUTCDay()] ?? '', asUtc: midnight + timeMs };
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const monthLength = (year: number, month: number): number =>
  [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;

/** The reading `units` intervals later (or earlier): walked from the 1st, then the day cut to the month. */
export function moved(from: Reading, interval: BillingInterval, units: number): Reading {
  let { year, month, day } = from;
  const forward = units > 0;
  const stepMonth = (): void => {
    month += forward ? 1 : -1;
    if (month === 13) [year, month] = [year + 1, 1];
    if (month === 0) [year, month] = [year - 1, 12];
  };
  const steps = Math.abs(units) * { DAY: 1, WEEK: 7, MONTH: 1, YEAR: 12 }[interval];
  const byDay = interval === 'DAY' || interval === 'WEEK';
  for (let i = 0; i < steps; i += 1) {
    if (!byDay) {
      stepMonth();
    } else if (forward) {
      day += 1;
      if (day > monthLength(year, month)) {
        stepMonth();
        day = 1;
      }
    } else {
      day -= 1;
      if (day === 0) {
        stepMonth();
        day = monthLength(year, month);
      }
    }
  }
  return reading(year, month, Math.min(day, monthLength(year, month)), from.timeMs);
}

/** The instant at which the zone's clock shows a reading; the earlier of two; in a gap, counted on from the change. */
export function instantOf(wanted: Reading, timeZone: string): number {
  const wall = reading(wanted.year, wanted.month, wanted.day, wanted.timeMs).asUtc;
  const offsets = new Set<number>();
  for (let ms = wall - 30 * HOUR; ms <= wall + 30 * HOUR; ms += 6 * HOUR) offsets.add(readingAt(ms, timeZone).asUtc - ms);
  const showing = [...offsets].map((offset) => wall - offset).filter((ms) => readingAt(ms, timeZone).asUtc === wall);
  if (showing.length > 0) return Math.min(...showing);

  // Nobody's clock showed it: find the last second before the jump and go on counting from there.
  const shows = (seconds: number): number => readingAt(seconds * 1000, timeZone).asUtc;
  let before = Math.floor(wall / 1000) - 30 * 3600;
  let after = before + 60 * 3600;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (shows(middle) > wall) after = middle;
    else before = middle;
  }
  return before * 1000 + (wall - shows(before));
}
