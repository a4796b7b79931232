import { Temporal } from 'temporal-polyfill';

export type BillingInterval = 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';
export type BillingAlignment = 'ANNIVERSARY' | 'CALENDAR';

/**
 * An endless row of boundaries (docs/billing-rules.md §2): boundary n = anchor + n × intervalCount × interval, n any
 * integer, counted on the wall clock of `timeZone` (an IANA name). `intervalCount` is a whole number ≥ 1.
 */
export interface Cadence {
  anchor: Date;
  timeZone: string;
  interval: BillingInterval;
  intervalCount: number;
}

/** Half-open instants `[start, end)` (§1.5). */
export interface Span {
  start: Date;
  end: Date;
}

/** The span from boundary `index` to boundary `index + 1`. */
export interface Period extends Span {
  index: number;
}

export const DAY_MS = 86_400_000;
/** Zones whose wall clock is the instant itself; they skip Temporal, which is the costly part of every step. */
const UTC_NAMES = new Set(['UTC', 'Etc/UTC']);

/**
 * A wall-clock reading, written as the epoch milliseconds at which a UTC clock would show it. Calendar arithmetic is
 * done on these; only the two conversions below know time zones.
 */
type WallTime = number;

const anchorWalls = new WeakMap<Cadence, WallTime>();

/** True for a name of the IANA time zone database in its own spelling ("Europe/Berlin", "Asia/Kolkata", "UTC"); no offsets. */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    // Temporal corrects the letter case of a name; Intl alone would also take old abbreviations such as "PST".
    return new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch {
    return false;
  }
}

/**
 * Boundary n of a cadence, always computed from the anchor (§2). The day of the month is clamped to the month's last
 * day; the anchor's wall time is kept: one that a clock change skips gives the later instant, one that occurs twice the
 * earlier.
 *
 * Boundaries never decrease. Two are equal only where a zone once skipped a whole date (Pacific/Apia, 2011-12-30) and
 * the interval is one day: the period between them is empty, and `periodAt` never returns it.
 * @throws RangeError for an unknown zone, n or intervalCount that are not whole numbers, or a date out of range.
 */
export function boundary(cadence: Cadence, n: number): Date {
  const { interval, intervalCount, timeZone } = checked(cadence);
  return new Date(instantAt(shift(anchorWall(cadence), interval, n * intervalCount), timeZone));
}

/** The one non-empty period with start ≤ instant < end; before the anchor the index is negative. Errors as `boundary`. */
export function periodAt(cadence: Cadence, instant: Date): Period {
  const { interval, intervalCount, timeZone } = checked(cadence);
  const anchor = anchorWall(cadence);
  const at = instant.getTime();
  const boundaryMs = (n: number): number => instantAt(shift(anchor, interval, n * intervalCount), timeZone);

  let index = Math.floor(wholeUnitsBetween(anchor, wallTime(at, timeZone), interval) / intervalCount);
  let start = boundaryMs(index);
  // The estimate is right on the wall clock; where clocks change, the instants may lie a step further.
  while (start > at) start = boundaryMs(--index);
  let end = boundaryMs(index + 1);
  while (end <= at) {
    start = end;
    index += 1;
    end = boundaryMs(index + 1);
  }
  return { index, start: new Date(start), end: new Date(end) };
}

/**
 * The anchor of CALENDAR alignment (§2): the local midnight that starts the unit `start` lies in: its date, its ISO
 * Monday, the 1st of its month, its January 1st. With `intervalCount` > 1 months are grouped from January of the start's
 * year (3: quarters); other units are counted from the start's own.
 *
 * Where clocks skip that very midnight, the anchor is the same midnight one step earlier: the boundaries are the
 * same, that one falls on the first instant of its date, and the others stay at midnight.
 */
export function calendarAnchor(start: Date, timeZone: string, interval: BillingInterval, intervalCount: number): Date {
  checked({ anchor: start, timeZone, interval, intervalCount });
  const unit = unitStart(wallTime(start.getTime(), timeZone), interval, intervalCount);
  for (let step = 0; step < 3; step += 1) {
    const midnight = shift(unit, interval, -step * intervalCount);
    const instant = instantAt(midnight, timeZone);
    if (wallTime(instant, timeZone) === midnight) return new Date(instant);
  }
  return new Date(instantAt(unit, timeZone));
}

/** The local date of an instant, `YYYY-MM-DD`. */
export function localDate(instant: Date, timeZone: string): string {
  return new Date(wallTime(instant.getTime(), timeZone)).toISOString().slice(0, 10);
}

/** The number of local dates d with date(start) ≤ d < date(end) (§3): a change of date counts, elapsed hours do not. */
export function daysBetween(span: Span, timeZone: string): number {
  const day = (instant: Date): number => Math.floor(wallTime(instant.getTime(), timeZone) / DAY_MS);
  return Math.max(0, day(span.end) - day(span.start));
}

/** `days` calendar days later (earlier if negative) at the same wall time, clock changes as in `boundary`. */
export function addDays(instant: Date, days: number, timeZone: string): Date {
  return new Date(instantAt(shift(wallTime(instant.getTime(), timeZone), 'DAY', days), timeZone));
}

function checked(cadence: Cadence): Cadence {
  if (!Number.isSafeInteger(cadence.intervalCount) || cadence.intervalCount < 1) {
    throw new RangeError(`intervalCount is not a whole number from 1: ${cadence.intervalCount}`);
  }
  return cadence;
}

/** What the clock shows at the anchor, which every boundary of a cadence is counted from. A cadence is never changed. */
function anchorWall(cadence: Cadence): WallTime {
  const known = anchorWalls.get(cadence);
  if (known !== undefined) return known;
  const wall = wallTime(cadence.anchor.getTime(), cadence.timeZone);
  anchorWalls.set(cadence, wall);
  return wall;
}

/** What a clock in the zone shows at an instant (offsets of whole seconds, as before 1972, included). */
function wallTime(instantMs: number, timeZone: string): WallTime {
  if (UTC_NAMES.has(timeZone)) return instantMs;
  const zoned = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  return instantMs + zoned.offsetNanoseconds / 1_000_000;
}

/** The instant at which a clock in the zone shows `wall`: of two the earlier; in a gap, as late as the clocks jumped. */
function instantAt(wall: WallTime, timeZone: string): number {
  if (UTC_NAMES.has(timeZone)) return wall;
  const at = new Date(wall);
  const local = new Temporal.PlainDateTime(
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCMilliseconds(),
  );
  return local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
}

/** Moves a wall time by `units` intervals; MONTH and YEAR clamp the day to the month that is reached. */
function shift(wall: WallTime, interval: BillingInterval, units: number): WallTime {
  if (!Number.isSafeInteger(units)) throw new RangeError(`not a whole number of intervals: ${units}`);
  const shifted =
    interval === 'DAY' || interval === 'WEEK'
      ? wall + units * daysPer(interval) * DAY_MS
      : shiftMonths(wall, units * monthsPer(interval));
  if (Number.isNaN(new Date(shifted).getTime())) throw new RangeError(`out of the range of dates: ${units} × ${interval}`);
  return shifted;
}

function shiftMonths(wall: WallTime, months: number): WallTime {
  const day = new Date(wall).getUTCDate();
  const moved = new Date(wall);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  const lastDay = new Date(moved.getTime());
  lastDay.setUTCMonth(lastDay.getUTCMonth() + 1, 0);
  return moved.setUTCDate(Math.min(day, lastDay.getUTCDate()));
}

/** The greatest u with from + u intervals ≤ to, on the wall clock. */
function wholeUnitsBetween(from: WallTime, to: WallTime, interval: BillingInterval): number {
  if (interval === 'DAY' || interval === 'WEEK') return Math.floor((to - from) / (daysPer(interval) * DAY_MS));
  const units = Math.floor((monthNumber(to) - monthNumber(from)) / monthsPer(interval));
  return shift(from, interval, units) > to ? units - 1 : units;
}

function unitStart(wall: WallTime, interval: BillingInterval, intervalCount: number): WallTime {
  const day = Math.floor(wall / DAY_MS);
  if (interval === 'DAY') return day * DAY_MS;
  // Day 0, 1970-01-01, was a Thursday: three days into its ISO week.
  if (interval === 'WEEK') return (day - ((((day + 3) % 7) + 7) % 7)) * DAY_MS;
  const at = new Date(wall);
  const month = interval === 'YEAR' ? 0 : Math.floor(at.getUTCMonth() / intervalCount) * intervalCount;
  return new Date(0).setUTCFullYear(at.getUTCFullYear(), month, 1);
}

const daysPer = (interval: 'DAY' | 'WEEK'): number => (interval === 'DAY' ? 1 : 7);
const monthsPer = (interval: 'MONTH' | 'YEAR'): number => (interval === 'MONTH' ? 1 : 12);

function monthNumber(wall: WallTime): number {
  const at = new Date(wall);
  return at.getUTCFullYear() * 12 + at.getUTCMonth();
}
