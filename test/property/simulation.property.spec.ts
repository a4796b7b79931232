import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Price } from '../../src/modules/catalog/domain/charge.js';
import { diffLines, prepaidOf, type IssuedLine } from '../../src/modules/invoicing/domain/diff-lines.js';
import {
  expectedLines,
  readingKey,
  requiredReadings,
  type BillableCharge,
  type BillingInput,
} from '../../src/modules/invoicing/domain/expected-lines.js';
import { lookBackStart } from '../../src/modules/invoicing/domain/billing-spans.js';
import {
  comparedTime,
  simulatedAmount,
  simulationInput,
  type History,
  type SimulatedPlan,
} from '../../src/modules/invoicing/domain/simulation.js';
import type { Reading } from '../../src/modules/metering/domain/index.js';
import {
  nextDueAfter,
  segmentsOf,
  type TimelineEntry,
  type TimelineTerms,
} from '../../src/modules/subscriptions/domain/index.js';
import { decimal, decimalText, sum, ZERO } from '../../src/shared/decimal.js';
import { randomRuns } from '../support/random-runs.js';

const RUNS = randomRuns(1_000);
const HOUR_MS = 3_600_000;
const START = Date.parse('2024-01-29T10:30:00Z');
const UNTIL = new Date(START + 12_500 * HOUR_MS);
const hours = (count: number): Date => new Date(START + count * HOUR_MS);

const NO_PRICE: Price = {
  model: 'FLAT',
  amount: null,
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
};

const charge = (planId: string, id: string, fields: Partial<BillableCharge>, price: Partial<Price>): BillableCharge => ({
  id: `${planId}-${id}`,
  displayName: id,
  type: 'FIXED',
  billingTiming: 'IN_ARREARS',
  meterId: null,
  ...fields,
  price: { ...NO_PRICE, ...price },
});

/** Amounts with odd cents, so that halves of them have to be rounded. */
const cents = fc.integer({ min: 0, max: 5000 }).map((amount) => decimal(`${amount}e-2`));
const intervals = fc.constantFrom(
  { billingInterval: 'DAY' as const, intervalCount: 9 },
  { billingInterval: 'WEEK' as const, intervalCount: 2 },
  { billingInterval: 'MONTH' as const, intervalCount: 1 },
  { billingInterval: 'MONTH' as const, intervalCount: 3 },
);

const plans = (id: string): fc.Arbitrary<SimulatedPlan> =>
  fc.record({ advance: cents, arrears: cents, minimum: cents, interval: intervals }).map((drawn) => ({
    id,
    currency: 'USD',
    ...drawn.interval,
    charges: [
      charge(id, 'advance', { billingTiming: 'IN_ADVANCE' }, { amount: drawn.advance }),
      charge(id, 'arrears', {}, { amount: drawn.arrears }),
      charge(
        id,
        'usage',
        { type: 'USAGE', meterId: 'meter' },
        {
          model: 'GRADUATED',
          tiers: [
            { upTo: decimal('100'), unitAmount: decimal('0.137'), flatAmount: ZERO },
            { upTo: null, unitAmount: decimal('0.041'), flatAmount: ZERO },
          ],
          minimumAmount: drawn.minimum,
        },
      ),
    ],
  }));

const prorations = fc.constantFrom('DAY' as const, 'SECOND' as const, 'NONE' as const);
const terms: fc.Arbitrary<TimelineTerms> = fc
  .record({
    trialHours: fc.constantFrom(0, 0, 200, 745),
    timeZone: fc.constantFrom('UTC', 'America/New_York', 'Australia/Lord_Howe'),
    alignment: fc.constantFrom('ANNIVERSARY' as const, 'CALENDAR' as const),
    anchorHours: fc.option(fc.integer({ min: -2000, max: 2000 })),
    proration: prorations,
  })
  .map(({ trialHours, anchorHours, ...rest }) => ({
    ...rest,
    startedAt: hours(0),
    trialEnd: trialHours === 0 ? null : hours(trialHours),
    billingAnchor: anchorHours === null || rest.alignment === 'CALENDAR' ? null : hours(anchorHours),
  }));

/** Pauses and resumptions in turn, many of them within a day, and a last entry that may end it all. */
const interruptions = fc
  .record({
    gaps: fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1500 })), { maxLength: 8 }),
    prorations: fc.array(prorations, { minLength: 8, maxLength: 8 }),
    ends: fc.boolean(),
  })
  .map(({ gaps, prorations: rules, ends }) => {
    let hour = 0;
    return gaps.map((gap, index): TimelineEntry => {
      hour += gap;
      const kind = ends && index === gaps.length - 1 ? 'END' : index % 2 === 0 ? 'PAUSE' : 'RESUME';
      return { sequence: index + 2, kind, at: hours(hour), planId: null, proration: rules[index] };
    });
  });

/** Five units an hour. */
const readingsFor = (input: BillingInput): Map<string, Reading> =>
  new Map(
    requiredReadings(input).map((request) => {
      const value = decimal(String(request.to.getTime() - request.from.getTime())).div(decimal('720000'));
      return [readingKey(request), { ...request, value, eventCount: 1, eventsHash: '' }];
    }),
  );

/**
 * Bills as the product does, knowing at each instant only what had been decided by then: what falls due before a
 * decision, then the decision itself, and everything after the last one.
 */
function bill({ terms: subscription, entries }: History, plan: SimulatedPlan): IssuedLine[] {
  const issued: IssuedLine[] = [];
  const charges = new Map(plan.charges.map((item) => [item.id, item]));
  const settle = (known: TimelineEntry[], asOf: Date): void => {
    const segments = segmentsOf(subscription, known, new Map([[plan.id, plan]]));
    const chargesByPlan = new Map([[plan.id, plan.charges]]);
    const input = {
      customerId: 'customer',
      currency: 'USD',
      segments,
      chargesByPlan,
      prepaid: prepaidOf(issued),
      from: lookBackStart(segments, asOf, 0, { startedAt: subscription.startedAt, rebillFrom: null }),
      asOf,
    };
    const inView = issued.filter(({ span }) => span.end > input.from);
    const lines = diffLines(expectedLines(input, readingsFor(input)), inView, charges, { lateUsageFrom: input.from });
    for (const line of lines) {
      const billedBefore = decimal(line.explanation.billedBefore ?? '0');
      issued.push({ ...line, chargeId: line.charge.id, billedBefore, invoice: 'FINAL' });
    }
  };
  const [first, ...later] = entries;
  const known = [first];
  let at = first.at;
  settle(known, at);
  const catchUp = (end: Date): void => {
    const segments = segmentsOf(subscription, known, new Map([[plan.id, plan]]));
    for (let due = nextDueAfter(segments, at); due !== null && due < end; due = nextDueAfter(segments, due)) {
      settle(known, due);
      at = due;
    }
  };
  for (const entry of later) {
    catchUp(entry.at);
    known.push(entry);
    settle(known, entry.at);
    at = entry.at;
  }
  catchUp(UNTIL);
  return issued;
}

const histories = fc.record({ terms, interruptions, plan: plans('plan') }).map(({ terms: drawn, interruptions: later, plan }) => {
  const first: TimelineEntry = {
    sequence: 1,
    kind: 'PLAN',
    at: drawn.startedAt,
    planId: plan.id,
    proration: drawn.proration,
  };
  const entries = [first, ...later];
  const planIntervals = new Map([[plan.id, plan]]);
  const history: History = {
    customerId: 'customer',
    terms: drawn,
    entries,
    segments: segmentsOf(drawn, entries, planIntervals),
    plans: planIntervals,
    dueAt: UNTIL,
  };
  return { history, plan };
});
const windows = fc
  .tuple(fc.integer({ min: -100, max: 12_000 }), fc.integer({ min: 1, max: 12_000 }))
  .map(([from, length]) => ({ from: hours(from), to: hours(from + length) }));

const billedIn = (issued: IssuedLine[], keys: (spanStart: Date) => boolean): string =>
  decimalText(sum(issued.filter(({ key }) => keys(new Date(key.split(' ')[1]))).map(({ amount }) => amount)));

describe('simulation', () => {
  it('of the plan that a customer really was on comes to what was billed', () => {
    fc.assert(
      fc.property(histories, windows, ({ history, plan }, window) => {
        const time = comparedTime(history, window);
        fc.pre(time !== null);
        const input = simulationInput(history, plan, time);
        const billed = billedIn(bill(history, plan), (start) => start >= time.start && start < time.end);
        expect(decimalText(simulatedAmount(input, readingsFor(input)))).toBe(billed);
      }),
      RUNS,
    );
  });

  it('has every billed period in exactly one of the windows that tile', () => {
    fc.assert(
      fc.property(histories, windows, fc.integer({ min: 0, max: 12_000 }), ({ history }, { from, to }, hour) => {
        const middle = hours(hour);
        if (middle <= from || middle >= to) return;
        const whole = comparedTime(history, { from, to });
        const parts = [comparedTime(history, { from, to: middle }), comparedTime(history, { from: middle, to })].filter(
          (part) => part !== null,
        );
        expect(parts.at(0)?.start).toEqual(whole?.start);
        expect(parts.at(-1)?.end).toEqual(whole?.end);
        if (parts.length === 2) expect(billable(history, parts[0].end, parts[1].start)).toBe(0);
      }),
      RUNS,
    );
  });

  it('of any plan covers the same time as what was billed', () => {
    fc.assert(
      fc.property(histories, plans('other'), windows, ({ history }, other, window) => {
        const time = comparedTime(history, window);
        fc.pre(time !== null);
        const perHour = charge(
          'other',
          'hours',
          { type: 'USAGE', meterId: 'meter' },
          { model: 'PER_UNIT', unitAmount: decimal('1') },
        );
        const input = simulationInput(history, { ...other, charges: [perHour] }, time);
        const covered = requiredReadings(input).reduce((total, { from, to }) => total + to.getTime() - from.getTime(), 0);
        expect(covered).toBe(billable(history, time.start, time.end));
      }),
      RUNS,
    );
  });
});

/** Milliseconds of the real time line between two instants that are neither trial nor pause. */
const billable = ({ segments }: History, from: Date, to: Date): number =>
  segments
    .filter(({ kind }) => kind === 'PLAN')
    .map(({ start, end }) => Math.min((end ?? to).getTime(), to.getTime()) - Math.max(start.getTime(), from.getTime()))
    .reduce((total, length) => total + Math.max(0, length), 0);
