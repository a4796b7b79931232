import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { calendarAnchor, periodAt, type BillingInterval } from '../../src/shared/calendar.js';

/** Facts from other billing systems' public tests and documentation; every case names its source (cases/periods.json). */
interface PeriodCase {
  id: string;
  title: string;
  subscription_start: string;
  interval: { unit: string; count: number };
  alignment: 'anniversary' | 'calendar';
  anchor?: string;
  timezone: string;
  as_of: string;
  expected: { period_start: string; period_end: string };
  requires: string[];
  universal: boolean;
  notes: string;
}

const UNITS: Partial<Record<string, [BillingInterval, number]>> = {
  day: ['DAY', 1],
  week: ['WEEK', 1],
  month: ['MONTH', 1],
  quarter: ['MONTH', 3],
  half_year: ['MONTH', 6],
  year: ['YEAR', 1],
};
const SUPPORTED = new Set(['timezone', 'interval_count', 'calendar_alignment', 'explicit_anchor', 'usage_reset']);

const file = JSON.parse(readFileSync(new URL('./cases/periods.json', import.meta.url), 'utf8')) as {
  count: number;
  cases: PeriodCase[];
};

/** Why the rules (docs/billing-rules.md §2) say nothing about a case, or null when it is run. */
function reasonNotToRun(c: PeriodCase): string | null {
  if (!c.universal) return `a policy of its source: ${c.notes}`;
  const missing = c.requires.filter((feature) => !SUPPORTED.has(feature) && !feature.startsWith('interval:'));
  if (missing.length > 0) return `requires ${missing.join(', ')}`;
  if (!UNITS[c.interval.unit]) return `no billing interval ${c.interval.unit}`;
  if (c.anchor && c.alignment === 'calendar') return 'an explicit anchor is refused with calendar alignment';
  return null;
}

/** The period in force at `as_of`; the first one is cut at the subscription's start. */
function periodOf(c: PeriodCase): { period_start: Date; period_end: Date } {
  const [interval, months] = UNITS[c.interval.unit] ?? ['DAY', 1];
  const intervalCount = months * c.interval.count;
  const start = new Date(c.subscription_start);
  const anniversary = c.anchor ? new Date(c.anchor) : start;
  const anchor = c.alignment === 'calendar' ? calendarAnchor(start, c.timezone, interval, intervalCount) : anniversary;
  const period = periodAt({ anchor, timeZone: c.timezone, interval, intervalCount }, new Date(c.as_of));
  return { period_start: period.start < start ? start : period.start, period_end: period.end };
}

describe('periods of other billing systems', () => {
  const notRun = file.cases.flatMap((c) => {
    const reason = reasonNotToRun(c);
    return reason === null ? [] : [`not run: ${c.id} — ${reason}`];
  });
  const run = file.cases.filter((c) => reasonNotToRun(c) === null);

  afterAll(() => {
    console.log([`periods: ${run.length} of ${file.count} cases run`, ...notRun].join('\n'));
  });

  it('are all accounted for', () => {
    expect(run.length + notRun.length).toBe(file.count);
  });

  for (const c of run) {
    it(`${c.id}: ${c.title}`, () => {
      const { period_start, period_end } = c.expected;
      expect(periodOf(c)).toEqual({ period_start: new Date(period_start), period_end: new Date(period_end) });
    });
  }
});
