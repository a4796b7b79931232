import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, ZERO } from '../../../shared/decimal.js';
import type { BillingTiming } from '../../catalog/domain/index.js';
import type { Proration } from '../../../shared/proration.js';
import { segmentsOf, type PlanInterval, type TimelineEntry, type TimelineTerms } from '../../subscriptions/domain/index.js';
import { requiredReadings, type BillableCharge } from './expected-lines.js';
import { comparedTime, simulatedAmount, simulationInput, totalsOf, type History, type SimulatedPlan } from './simulation.js';

const day = (text: string): Date => new Date(`${text.length === 5 ? `2026-${text}` : text}T00:00:00Z`);
const MONTHLY: PlanInterval = { billingInterval: 'MONTH', intervalCount: 1 };
const YEARLY: PlanInterval = { billingInterval: 'YEAR', intervalCount: 1 };
const PLANS = new Map([
  ['monthly', MONTHLY],
  ['dearer', MONTHLY],
  ['yearly', YEARLY],
]);

type Change = [kind: TimelineEntry['kind'], on: string, planId?: string];

/** A subscription to `monthly` from January 1st 2026, prorated by days. */
function history(
  changes: Change[],
  terms: Partial<TimelineTerms> = {},
  dueAt: Date | null = null,
  proration: Proration = 'DAY',
): History {
  const begun: TimelineTerms = {
    startedAt: day('01-01'),
    trialEnd: null,
    timeZone: 'UTC',
    alignment: 'ANNIVERSARY',
    billingAnchor: null,
    proration: 'DAY',
    ...terms,
  };
  const decided: Change[] = [['PLAN', '01-01', 'monthly'], ...changes];
  const entries = decided.map(([kind, on, planId = null], index): TimelineEntry => ({
    sequence: index + 1,
    kind,
    at: day(on),
    planId,
    proration: index === 0 ? 'DAY' : proration,
  }));
  return { customerId: 'customer', terms: begun, entries, segments: segmentsOf(begun, entries, PLANS), plans: PLANS, dueAt };
}

const base = (amount: string, billingTiming: BillingTiming): BillableCharge => ({
  id: 'base',
  displayName: 'Base',
  type: 'FIXED',
  billingTiming,
  meterId: null,
  price: {
    model: 'FLAT',
    amount: decimal(amount),
    unitAmount: null,
    packageSize: null,
    packageAmount: null,
    rate: null,
    fixedAmountPerEvent: null,
    tiers: null,
    includedUnits: ZERO,
    minimumAmount: null,
    maximumAmount: null,
    quantityRounding: 'NONE',
    quantityPrecision: 0,
  },
});
const plan = (interval: PlanInterval, amount: string, timing: BillingTiming): SimulatedPlan => ({
  id: 'simulated',
  currency: 'USD',
  ...interval,
  charges: [base(amount, timing)],
});

describe('the time that a simulation compares', () => {
  const PAUSED: Change[] = [
    ['PAUSE', '01-10'],
    ['RESUME', '01-20'],
  ];
  const BY_CALENDAR: Partial<TimelineTerms> = { alignment: 'CALENDAR' };
  const YEAR_THEN_MONTH: Change[] = [
    ['PLAN', '01-01', 'yearly'],
    ['PLAN', '12-10', 'monthly'],
  ];
  it.each<[string, Change[], Partial<TimelineTerms>, [from: string, to: string], string | null]>([
    ['whole periods that end in the window', [], {}, ['01-01', '03-01'], '01-01 03-01'],
    ['a period that began before the window', [], {}, ['01-15', '03-01'], '01-01 03-01'],
    ['not the period that ends after it', [], {}, ['01-01', '02-28'], '01-01 02-01'],
    ['not the period that ended with its beginning', [], {}, ['02-01', '03-01'], '02-01 03-01'],
    ['nothing where no period ends', [], {}, ['01-02', '01-31'], null],
    ['a last period up to the cancellation', [['END', '02-10']], {}, ['01-01', '02-10'], '01-01 02-10'],
    ['a period with a pause in it where its last part ends', PAUSED, {}, ['01-15', '02-01'], '01-01 02-01'],
    ['not the first part of such a period alone', PAUSED, {}, ['01-01', '01-15'], null],
    ['a period that a pause has ended', [['PAUSE', '01-10']], {}, ['01-01', '01-15'], '01-01 01-10'],
    ['not a period cut short before the window', [['END', '01-20']], {}, ['01-25', '03-01'], null],
    ['not a period cut short with its beginning', [['END', '01-20']], {}, ['01-20', '03-01'], null],
    ['no trial', [], { trialEnd: day('02-01') }, ['01-01', '03-01'], '02-01 03-01'],
    ['a changed period as one', [['PLAN', '01-16', 'dearer']], {}, ['01-16', '02-01'], '01-01 02-01'],
    ['two where the interval changes', [['PLAN', '01-16', 'yearly']], {}, ['01-01', '02-01'], '01-01 01-16'],
    // The month and the year both begin on January 1st.
    ['two that begin together', [['PLAN', '01-16', 'yearly']], BY_CALENDAR, ['2025-12-31', '01-20'], '01-01 01-16'],
    ['two that end together', YEAR_THEN_MONTH, BY_CALENDAR, ['01-01', '12-20'], '01-01 12-10'],
  ])('is %s', (_, changes, terms, [from, to], expected) => {
    const time = comparedTime(history(changes, terms), { from: day(from), to: day(to) });
    expect(time && [time.start, time.end]).toEqual(expected && expected.split(' ').map(day));
  });

  it('ends where billing has got to', () => {
    const window = { from: day('01-01'), to: day('04-01') };
    expect(comparedTime(history([], {}, day('03-01')), window)).toEqual({ start: day('01-01'), end: day('02-01') });
    expect(comparedTime(history([], {}, day('02-01')), window)).toBeNull();
  });
});

describe('what a plan would have billed', () => {
  const amount = (of: History, under: SimulatedPlan, from: string, to: string): string => {
    const time = comparedTime(of, { from: day(from), to: day(to) });
    if (!time) throw new Error('Nothing is compared.');
    const input = simulationInput(of, under, time);
    expect(requiredReadings(input)).toEqual([]);
    return decimalText(simulatedAmount(input, new Map()));
  };

  it.each<[string, Change[]]>([
    [
      'which ends in time',
      [
        ['PAUSE', '03-01'],
        ['RESUME', '03-10'],
      ],
    ],
    ['which is cut', [['END', '04-10']]],
  ])('goes by the time line of that time alone, %s', (_, later) => {
    const changes: Change[] = [['PLAN', '01-20', 'dearer'], ['PAUSE', '02-10'], ['RESUME', '02-20'], ...later];
    const { segments } = simulationInput(history(changes), plan(MONTHLY, '10', 'IN_ARREARS'), {
      start: day('02-01'),
      end: day('03-01'),
    });
    expect(segments.map(({ kind, planId, start, end }) => [kind, planId, start, end])).toEqual([
      ['PLAN', 'simulated', day('02-01'), day('02-10')],
      ['PAUSE', 'simulated', day('02-10'), day('02-20')],
      ['PLAN', 'simulated', day('02-20'), day('03-01')],
    ]);
  });

  it('takes no notice of changes between other plans of one interval', () => {
    const changed = history([['PLAN', '01-16', 'dearer']]);
    expect(amount(changed, plan(MONTHLY, '10', 'IN_ARREARS'), '01-01', '03-01')).toBe('20');
  });

  it('leaves pauses out, by the days of the period', () => {
    const paused = history([
      ['PAUSE', '01-11'],
      ['RESUME', '01-21'],
    ]);
    // 31 × 10/31 + 31 × 11/31
    expect(amount(paused, plan(MONTHLY, '31', 'IN_ARREARS'), '01-01', '02-01')).toBe('21');
  });

  it('credits a prepaid period that was cut short from what was prepaid', () => {
    const ended = history([['END', '04-16']]);
    // April has 30 days, half of which are billed: 15.005 is rounded to 15.01, but 30.01 − 15.01 credited leaves 15.00.
    expect(amount(ended, plan(MONTHLY, '30.01', 'IN_ARREARS'), '04-01', '04-16')).toBe('15.01');
    expect(amount(ended, plan(MONTHLY, '30.01', 'IN_ADVANCE'), '04-01', '04-16')).toBe('15');
  });

  it('begins another interval with the time compared, and prorates what its end cuts off', () => {
    // January 1st to April 1st: 90 of 365 days.
    expect(amount(history([]), plan(YEARLY, '365', 'IN_ARREARS'), '01-01', '04-01')).toBe('90');
    // Boundaries from February 1st on: the second period of three months has 31 of its 92 days.
    const threeMonths: PlanInterval = { billingInterval: 'MONTH', intervalCount: 3 };
    expect(amount(history([]), plan(threeMonths, '92', 'IN_ARREARS'), '02-15', '06-01')).toBe('123');
  });

  it('covers the days on either side of a change to another interval once', () => {
    const changed = history([['PLAN', '01-16', 'yearly']]);
    const monthly = { ...plan(MONTHLY, '31', 'IN_ARREARS'), id: 'monthly' };
    expect(amount(changed, monthly, '01-01', '02-01')).toBe('15');
    // The year from January 16th: 16 days of January, eleven months, 15 days of January.
    expect(amount(changed, monthly, '02-01', '2027-02-01')).toBe('372');
  });

  it('prorates what the compared time cuts as the change did that ended it', () => {
    const changed = history([['PLAN', '01-16', 'yearly']], {}, null, 'NONE');
    expect(amount(changed, plan(MONTHLY, '31', 'IN_ARREARS'), '01-01', '02-01')).toBe('31');
    // The other way round all of January is billed, too; what the window cuts off a year later goes by the subscription's days.
    const monthly = { ...plan(MONTHLY, '31', 'IN_ARREARS'), id: 'monthly' };
    expect(amount(changed, monthly, '02-01', '2027-02-01')).toBe('387');
  });

  it('prorates a stub that the compared time begins with by the rule of the subscription', () => {
    const changed = history([['PLAN', '01-16', 'dearer']], { alignment: 'CALENDAR' }, null, 'NONE');
    // The calendar year from February 1st on: 334 of 365 days.
    expect(amount(changed, plan(YEARLY, '365', 'IN_ARREARS'), '02-15', '2027-01-01')).toBe('334');
  });
});

describe('totals', () => {
  it('counts who would have paid less, more and the same', () => {
    const comparison = (billed: string, simulated: string) => ({ billed: decimal(billed), simulated: decimal(simulated) });
    const totals = totalsOf([
      comparison('10', '7.5'),
      comparison('1', '2'),
      comparison('0', '0.01'),
      comparison('3', '3'),
      comparison('0', '0'),
    ]);
    expect(totals).toEqual({
      customers: 5,
      billed: '14',
      simulated: '12.51',
      difference: '-1.49',
      winners: 1,
      losers: 2,
      unchanged: 2,
    });
  });
});
