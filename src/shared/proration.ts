import { daysBetween, type Span } from './calendar.js';

export type Proration = 'DAY' | 'SECOND' | 'NONE';

/** numerator/denominator, whole numbers, exact; the denominator is never 0. */
export interface Fraction {
  numerator: number;
  denominator: number;
}

const SECOND_MS = 1000;
const LARGEST_INT32 = 2_147_483_647;
const NOTHING: Fraction = { numerator: 0, denominator: 1 };
const WHOLE: Fraction = { numerator: 1, denominator: 1 };

/**
 * The part of a recurring fixed amount that the covered span is billed (docs/billing-rules.md §3). `fullPeriod` is the
 * whole period that contains the covered span, never a stub.
 * - DAY: local dates of the span over local dates of the full period, not reduced (17/31). A period that holds no
 *   local date (the zone skipped it) is measured by SECOND.
 * - SECOND: elapsed time over elapsed time, exact: whole seconds as counted, not reduced; where a length has a
 *   fraction of a second, milliseconds in lowest terms.
 * - NONE: 1/1 for a span that has begun, 0/1 for an empty one.
 */
export function prorationFraction(covered: Span, fullPeriod: Span, rule: Proration, timeZone: string): Fraction {
  if (rule === 'NONE') return elapsed(covered) > 0 ? WHOLE : NOTHING;
  if (rule === 'SECOND') return elapsedFraction(covered, fullPeriod);
  const denominator = daysBetween(fullPeriod, timeZone);
  if (denominator === 0) return elapsedFraction(covered, fullPeriod);
  return { numerator: daysBetween(covered, timeZone), denominator };
}

function elapsedFraction(covered: Span, fullPeriod: Span): Fraction {
  const part = elapsed(covered);
  const whole = elapsed(fullPeriod);
  if (whole === 0) return NOTHING;
  const inSeconds = part % SECOND_MS === 0 && whole % SECOND_MS === 0 && whole / SECOND_MS <= LARGEST_INT32;
  const unit = inSeconds ? SECOND_MS : greatestCommonDivisor(part, whole);
  return { numerator: part / unit, denominator: whole / unit };
}

const elapsed = (span: Span): number => Math.max(0, span.end.getTime() - span.start.getTime());

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
