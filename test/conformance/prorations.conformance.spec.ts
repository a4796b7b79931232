import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { daysBetween, periodAt, type BillingInterval, type Span } from '../../src/shared/calendar.js';
import { diffLines, type IssuedLine } from '../../src/modules/invoicing/domain/diff-lines.js';
import { lineKey, type BillableCharge, type ExpectedLine } from '../../src/modules/invoicing/domain/expected-lines.js';
import { Decimal, decimal, ONE, sum, ZERO } from '../../src/shared/decimal.js';
import { minorUnitDigits, roundToMinorUnit } from '../../src/shared/money.js';
import { prorationFraction, type Fraction, type Proration } from '../../src/shared/proration.js';

/** Facts from other billing systems' public tests and documentation; every case names its source (cases/prorations.json). */
interface Common {
  id: string;
  title: string;
  rule: string;
  interval?: string;
  timezone?: string;
  requires: string[];
  universal: boolean;
  notes: string;
}
interface Measured {
  period: { start: string; end: string };
  covered: { from: string; to: string };
}
interface AmountCase extends Common, Measured {
  kind: 'charge' | 'credit' | 'grant';
  price: string;
  quantity: string;
  currency: string;
  rounding: { scale: number };
  expected: { amount: string; fraction: string };
}
interface CyclesCase extends Common {
  kind: 'cycles';
  segments: (Measured & { fraction: string })[];
  expected: { cycles: string; amount_at_price_100: string };
}
interface DayCountCase extends Common {
  kind: 'day_count';
  covered: { from: string; to: string };
  expected: { days: number };
}
interface CreditCapCase extends Common {
  kind: 'credit_cap';
  parameters: { potential_credit: string; amount_paid: string; previous_credits: string };
  expected: { amount: string };
}
interface NetCase extends Common {
  kind: 'net';
}
type ProrationCase = AmountCase | CyclesCase | DayCountCase | CreditCapCase | NetCase;

/** `any`: the peers' two ways agree, so ours must, too. */
const RULES: Partial<Record<string, Proration[]>> = { any: ['DAY', 'SECOND'], day_based: ['DAY'], second_based: ['SECOND'] };
const INTERVALS: Partial<Record<string, [BillingInterval, number]>> = {
  day: ['DAY', 1],
  week: ['WEEK', 1],
  month: ['MONTH', 1],
  quarter: ['MONTH', 3],
  half_year: ['MONTH', 6],
  year: ['YEAR', 1],
};
/** Features whose part in a case is the span alone. */
const SUPPORTED = new Set([
  'timezone',
  'interval_count',
  'calendar_alignment',
  'explicit_anchor',
  'trial',
  'pause',
  'credit_cap',
]);

const PREPAID: BillableCharge = {
  id: 'charge',
  displayName: 'Prepaid',
  type: 'FIXED',
  billingTiming: 'IN_ADVANCE',
  meterId: null,
  price: {
    ...{ model: 'FLAT', amount: decimal('200'), unitAmount: null, packageSize: null, packageAmount: null, rate: null },
    ...{ fixedAmountPerEvent: null, tiers: null, includedUnits: ZERO, minimumAmount: null, maximumAmount: null },
    ...{ quantityRounding: 'NONE', quantityPrecision: 0 },
  },
};

const file = JSON.parse(readFileSync(new URL('./cases/prorations.json', import.meta.url), 'utf8')) as {
  count: number;
  cases: ProrationCase[];
};

/** Why the rules on proration and credits (docs/billing-rules.md §3) cannot answer a case, or null when it is run. */
function reasonNotToRun(c: ProrationCase): string | null {
  if (!c.universal) return `a policy of its source: ${c.notes}`;
  if (c.kind === 'net') return 'several lines: covered by the expected invoice lines';
  const missing = c.requires.filter((feature) => !SUPPORTED.has(feature) && !feature.startsWith('interval:'));
  if (missing.length > 0) return `requires ${missing.join(', ')}`;
  return RULES[c.rule] ? null : `no such rule: ${c.rule}`;
}

const spanOf = (from: string, to: string): Span => ({ start: new Date(from), end: new Date(to) });

function fractionOf({ period, covered }: Measured, rule: Proration, timeZone: string): Fraction {
  return prorationFraction(spanOf(covered.from, covered.to), spanOf(period.start, period.end), rule, timeZone);
}

const times = (price: string, { numerator, denominator }: Fraction): Decimal =>
  decimal(price).times(String(numerator)).div(String(denominator));

/** The sum of fractions in lowest terms, "61/28". */
function sumInLowestTerms(fractions: Fraction[]): string {
  let [top, bottom] = [0n, 1n];
  for (const { numerator, denominator } of fractions) {
    top = top * BigInt(denominator) + BigInt(numerator) * bottom;
    bottom *= BigInt(denominator);
  }
  let [a, b] = [top, bottom];
  while (b > 0n) [a, b] = [b, a % b];
  return `${top / a}/${bottom / a}`;
}

/** The full period of our own calendar, laid through the start of the period that the source states. */
function ourPeriod({ period, covered }: Measured, [interval, intervalCount]: [BillingInterval, number], timeZone: string): Span {
  const { start, end } = periodAt({ anchor: new Date(period.start), timeZone, interval, intervalCount }, new Date(covered.from));
  return { start, end };
}

function checkAmount(c: AmountCase, rule: Proration): void {
  const fraction = fractionOf(c, rule, c.timezone ?? 'UTC');
  expect(sumInLowestTerms([fraction])).toBe(c.expected.fraction);
  const exact = times(c.price, fraction).times(c.quantity);
  const isMoney = c.rounding.scale === minorUnitDigits(c.currency);
  const rounded = isMoney ? roundToMinorUnit(exact, c.currency) : exact.toDecimalPlaces(c.rounding.scale, Decimal.ROUND_HALF_UP);
  const signed = c.kind === 'credit' ? rounded.neg() : rounded;
  expect(signed.toFixed(c.rounding.scale)).toBe(c.expected.amount);
}

function checkCycles(c: CyclesCase, rule: Proration): void {
  const fractions = c.segments.map((segment) => fractionOf(segment, rule, c.timezone ?? 'UTC'));
  expect(fractions.map((fraction) => sumInLowestTerms([fraction]))).toEqual(c.segments.map((segment) => segment.fraction));
  expect(sumInLowestTerms(fractions)).toBe(c.expected.cycles);
  const lines = fractions.map((fraction) => roundToMinorUnit(times('100', fraction), 'USD'));
  expect(sum(lines).toFixed(2)).toBe(c.expected.amount_at_price_100);
}

/** What was paid and credited stands on invoices; the time line now says that the credit's part is not used. */
function checkCreditCap({ parameters, expected }: CreditCapCase): void {
  const [paid, credited, potential] = [parameters.amount_paid, parameters.previous_credits, parameters.potential_credit].map(
    decimal,
  );
  const span = spanOf('2026-06-01T00:00:00Z', '2026-07-01T00:00:00Z');
  const key = lineKey(PREPAID.id, span.start);
  const issued = [paid, credited.negated()].map((amount): IssuedLine => ({
    key,
    kind: 'CHARGE',
    chargeId: PREPAID.id,
    span,
    quantity: ONE,
    amount,
    billedBefore: ZERO,
    invoice: 'FINAL',
  }));
  const kept = paid.minus(credited).minus(potential);
  const explanation: ExpectedLine['explanation'] = { kind: 'FIXED', exactAmount: kept.toFixed() };
  const line = { key, charge: PREPAID, span, quantity: ONE, unitAmount: null, amount: kept, explanation, eventsHash: null };
  // Nothing is ever expected to cost less than nothing: what is left of the span then is no line at all.
  const expectation = { lines: kept.gt(ZERO) ? [line] : [], atRest: new Set<string>() };
  const charges = new Map([[PREPAID.id, PREPAID]]);
  const lines = diffLines(expectation, issued, charges, { lateUsageFrom: null });
  const credits = lines.filter(({ kind }) => kind === 'CREDIT').map(({ amount }) => amount.negated());
  expect(sum(credits).toFixed()).toBe(expected.amount);
}

function check(c: ProrationCase): void {
  if (c.kind === 'net') return;
  if (c.kind === 'credit_cap') {
    checkCreditCap(c);
    return;
  }
  if (c.kind === 'day_count') {
    expect(daysBetween(spanOf(c.covered.from, c.covered.to), c.timezone ?? 'UTC')).toBe(c.expected.days);
    return;
  }
  for (const rule of RULES[c.rule] ?? []) {
    if (c.kind === 'cycles') checkCycles(c, rule);
    else checkAmount(c, rule);
  }
  const interval = INTERVALS[c.interval ?? ''];
  for (const measured of c.kind === 'cycles' ? c.segments : [c]) {
    if (interval)
      expect(ourPeriod(measured, interval, c.timezone ?? 'UTC')).toEqual(spanOf(measured.period.start, measured.period.end));
  }
}

describe('prorations of other billing systems', () => {
  const notRun = file.cases.flatMap((c) => {
    const reason = reasonNotToRun(c);
    return reason === null ? [] : [`not run: ${c.id} — ${reason}`];
  });
  const run = file.cases.filter((c) => reasonNotToRun(c) === null);

  afterAll(() => {
    console.log([`prorations: ${run.length} of ${file.count} cases run`, ...notRun].join('\n'));
  });

  it('are all accounted for', () => {
    expect(run.length + notRun.length).toBe(file.count);
  });

  for (const c of run) it(`${c.id}: ${c.title}`, () => check(c));
});
