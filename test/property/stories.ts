import fc from 'fast-check';
import { addDays } from '../../src/shared/calendar.js';
import { decimal, ZERO } from '../../src/shared/decimal.js';
import type { Proration } from '../../src/shared/proration.js';
import type { Price } from '../../src/modules/catalog/domain/index.js';
import type { BillableCharge } from '../../src/modules/invoicing/domain/expected-lines.js';
import {
  decideCancellation,
  decidePause,
  decidePlanChange,
  decideResumption,
  decideUndoCancellation,
  type Decision,
  type TimelineTerms,
} from '../../src/modules/subscriptions/domain/index.js';
import { Books, type PlanVersion, type Usage } from './books.js';
import type { Accepted, OraclePlan } from './timeline.oracle.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** So far back that no late event is too late. */
export const EVERY_PERIOD = 500;

export const ORACLE_PLANS: OraclePlan[] = [
  { billingInterval: 'MONTH', intervalCount: 1, arrears: 30_000n, advance: 99_990n, unit: 1n, included: 10n, minimum: 5_000n },
  { billingInterval: 'MONTH', intervalCount: 1, arrears: 10_005n, advance: 0n, unit: 137n, included: 0n, minimum: 0n },
  { billingInterval: 'MONTH', intervalCount: 3, arrears: 0n, advance: 250_000n, unit: 20n, included: 100n, minimum: 0n },
  { billingInterval: 'WEEK', intervalCount: 2, arrears: 7_770n, advance: 14_010n, unit: 333n, included: 0n, minimum: 1_000n },
  { billingInterval: 'YEAR', intervalCount: 1, arrears: 120_000n, advance: 1_000_010n, unit: 5n, included: 0n, minimum: 60_000n },
  { billingInterval: 'DAY', intervalCount: 10, arrears: 3_335n, advance: 1_115n, unit: 50n, included: 1n, minimum: 0n },
].map((plan, index) => ({ ...plan, id: `plan${index}` }) as OraclePlan);

export const ORACLE = new Map(ORACLE_PLANS.map((each) => [each.id, each]));

const NO_PRICE: Price = {
  model: 'PER_UNIT',
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
const thousandths = (value: bigint) => decimal(`${value}e-3`);

const PLANS = new Map<string, PlanVersion>(
  ORACLE_PLANS.map(({ id, billingInterval, intervalCount, arrears, advance, unit, included, minimum }) => {
    const charge = (name: string, more: Partial<BillableCharge>, price: Partial<Price>): BillableCharge => ({
      id: `${id} ${name}`,
      displayName: name,
      type: 'FIXED',
      billingTiming: 'IN_ARREARS',
      meterId: null,
      ...more,
      price: { ...NO_PRICE, ...price },
    });
    const usagePrice = {
      unitAmount: thousandths(unit),
      includedUnits: decimal(String(included)),
      minimumAmount: minimum === 0n ? null : thousandths(minimum),
    };
    const charges = [
      charge('arrears', {}, { model: 'FLAT', amount: thousandths(arrears) }),
      charge('advance', { billingTiming: 'IN_ADVANCE' }, { model: 'FLAT', amount: thousandths(advance) }),
      charge('usage', { type: 'USAGE', meterId: 'meter' }, usagePrice),
    ];
    return [id, { id, billingInterval, intervalCount, charges }];
  }),
);

export interface Story {
  terms: TimelineTerms;
  firstPlan: string;
  wishes: Accepted[];
  usage: Usage[];
  until: number;
}

const plan = fc.integer({ min: 0, max: ORACLE_PLANS.length - 1 }).map((index) => `plan${index}`);
const rule = fc.constantFrom<Proration>('DAY', 'SECOND', 'NONE');
const timing = fc.constantFrom<'IMMEDIATE' | 'PERIOD_END'>('IMMEDIATE', 'PERIOD_END');
const START = Date.parse('2023-11-20T00:00:00Z');
/** Often a round hour, so that decisions meet boundaries and one another. */
const gap = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 70 }).map((days) => days * DAY),
  fc.integer({ min: 1, max: 60 * 86_400 }).map((seconds) => seconds * 1000),
);

export const stories: fc.Arbitrary<Story> = fc
  .record({
    start: fc.oneof(
      fc.constant(START + 72 * DAY),
      fc.integer({ min: 0, max: 120 * 24 }).map((hours) => START + hours * HOUR),
    ),
    timeZone: fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'),
    alignment: fc.constantFrom<'ANNIVERSARY' | 'CALENDAR'>('ANNIVERSARY', 'CALENDAR'),
    anchorDays: fc.option(fc.integer({ min: -40, max: 40 })),
    trialDays: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) }),
    proration: rule,
    firstPlan: plan,
    wishes: fc.array(
      fc.record({
        gap,
        kind: fc.constantFrom<Accepted['kind']>('PLAN', 'PLAN', 'PLAN', 'PAUSE', 'RESUME', 'CANCEL', 'UNDO'),
        timing,
        plan,
        proration: rule,
      }),
      { maxLength: 10 },
    ),
    usage: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 400 * 24 }),
        late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 45 * 24 })),
        voidedAfter: fc.option(fc.integer({ min: 0, max: 45 * 24 }), { freq: 5 }),
        thousandths: fc.bigInt(1n, 300_000n),
      }),
      { maxLength: 12 },
    ),
    after: fc.integer({ min: 0, max: 120 * 24 }),
  })
  .map((drawn) => {
    const startedAt = new Date(drawn.start);
    let at = drawn.start;
    const wishes = drawn.wishes.map(({ gap: wait, ...wish }) => ({ ...wish, at: (at += wait) }));
    const terms: TimelineTerms = {
      startedAt,
      trialEnd: drawn.trialDays === 0 ? null : addDays(startedAt, drawn.trialDays, drawn.timeZone),
      timeZone: drawn.timeZone,
      alignment: drawn.alignment,
      billingAnchor:
        drawn.alignment === 'CALENDAR' || drawn.anchorDays === null ? null : new Date(drawn.start + drawn.anchorDays * DAY),
      proration: drawn.proration,
    };
    const usage = drawn.usage.map((event) => {
      // Off the whole seconds on which things fall due, so that it is clear what was known when.
      const receivedAt = drawn.start + (event.at + event.late) * HOUR + 500;
      const voidedAt = event.voidedAfter === null ? null : receivedAt + event.voidedAfter * HOUR;
      return { at: drawn.start + event.at * HOUR, receivedAt, voidedAt, thousandths: event.thousandths };
    });
    return { terms, firstPlan: drawn.firstPlan, wishes, usage, until: at + drawn.after * HOUR };
  });

export interface Played {
  books: Books;
  accepted: Accepted[];
}

/** Plays a story. `pauses`: instants at which the worker is run in between, though nothing may be due. */
export function play({ terms, firstPlan, wishes, usage, until }: Story, between: readonly number[] = []): Played {
  const books = new Books(terms, PLANS, firstPlan, usage, EVERY_PERIOD);
  const accepted: Accepted[] = [];
  const steps = [...wishes.map((wish) => ({ at: wish.at, wish })), ...between.map((at) => ({ at, wish: null }))];
  for (const { at, wish } of steps.sort((a, b) => a.at - b.at)) {
    books.runTo(at);
    if (wish && books.decide(at, ({ state, entries }) => decisionOf(wish, state, entries, terms))) accepted.push(wish);
  }
  books.runTo(until);
  return { books, accepted };
}

function decisionOf(wish: Accepted, state: Books['state'], entries: Books['entries'], terms: TimelineTerms): Decision {
  const standing = { ...state, startedAt: terms.startedAt, proration: terms.proration };
  const now = new Date(wish.at);
  const held = entries.filter(({ revoked }) => !revoked);
  switch (wish.kind) {
    case 'PLAN':
      return decidePlanChange(standing, held, { planId: wish.plan, timing: wish.timing, proration: wish.proration }, now);
    case 'PAUSE':
      return decidePause(standing, now);
    case 'RESUME':
      return decideResumption(standing, now);
    case 'CANCEL':
      return decideCancellation(standing, held, wish.timing, now);
    case 'UNDO':
      return decideUndoCancellation(standing, held, now);
  }
}
