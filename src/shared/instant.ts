/**
 * An instant that remembers the text it was read from. Business instants have millisecond precision (every boundary is a
 * whole millisecond); usage events keep the microseconds that Postgres stores, through `text`.
 */
export class Instant extends Date {
  private constructor(
    milliseconds: number,
    /** ISO 8601 in UTC with microseconds where they were given. */
    readonly text: string,
  ) {
    super(milliseconds);
  }

  /** Reads ISO 8601 / RFC 3339 with an offset, years 1900 to 2199. Returns null for anything else. */
  static read(text: string): Instant | null {
    return Instant.readCanonical(text) ?? Instant.readAny(text);
  }

  /** What `toISOString` writes, as most programs send it, for a fraction of the cost. */
  private static readCanonical(text: string): Instant | null {
    if (text.length !== 24 || text < '1900' || text >= '2200') return null;
    const instant = new Instant(Date.parse(text), text);
    return !Number.isNaN(instant.getTime()) && instant.toISOString() === text ? instant : null;
  }

  private static readAny(text: string): Instant | null {
    const match = RFC3339.exec(text);
    if (!match) return null;
    const [, date, time, fraction = '', offset] = match;
    const seconds = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
    if (Number.isNaN(seconds) || !isCalendarDate(date)) return null;
    const micros = fraction.slice(0, 6).padEnd(6, '0');
    const instant = new Instant(seconds + Number(micros.slice(0, 3)), '');
    const year = instant.getUTCFullYear();
    if (year < 1900 || year > 2199) return null;
    const iso = instant.toISOString();
    // Read-only from here on: nobody has seen it without its text.
    (instant as { text: string }).text = micros.endsWith('000') ? iso : `${iso.slice(0, 23)}${micros.slice(3)}Z`;
    return instant;
  }
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Date.parse lets Feb 30 roll over into March; a calendar does not. It refuses the days 0 and 32 of any month. */
function isCalendarDate(date: string): boolean {
  const day = Number(date.slice(8));
  if (day <= 28) return true;
  const daysInMonth = new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).getUTCDate();
  return day <= daysInMonth;
}
