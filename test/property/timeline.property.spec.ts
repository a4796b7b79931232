import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decimal, sum, ZERO } from '../../src/shared/decimal.js';
import { addDays } from '../../src/shared/calendar.js';
import type { Proration } from '../../src/shared/proration.js';
import type { BillableCharge } from '../../src/modules/invoicing/domain/expected-lines.js';
import {
  decideCancellation,
  decidePause,
  decidePlanChange,
  decideResumption,
  decideUndoCancellation,
  type TimelineTerms,
} from '../../src/modules/subscriptions/domain/index.js';
import type { Price } from '../../src/modules/catalog/domain/index.js';
import { Books, type PlanVersion, type Usage } from './books.js';
import { centsOf, mixesRules, partsOf, type Accepted, type OraclePlan } from './timeline.oracle.js';

const RUNS = 1_500;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** So far back that no late event is too late. */
const EVERY_PERIOD = 500;

const ORACLE_PLANS: OraclePlan[] = [
  { billingInterval: 'MONTH', intervalCount: 1, arrears: 30_000n, advance: 99_990n, unit: 1n, included: 10n, minimum: 5_000n },
  { billingInterval: 'MONTH', intervalCount: 1, arrears: 10_005n, advance: 0n, unit: 137n, included: 0n, minimum: 0n },
  { billingInterval: 'MONTH', intervalCount: 3, arrears: 0n, advance: 250_000n, unit: 20n, included: 100n, minimum: 0n },
  { billingInterval: 'WEEK', intervalCount: 2, arrears: 7_770n, advance: 14_010n, unit: 333n, included: 0n, minimum: 1_000n },
  { billingInterval: 'YEAR', intervalCount: 1, arrears: 120_000n, advance: 1_000_010n, unit: 5n, included: 0n, minimum: 60_000n },
  { billingInterval: 'DAY', intervalCount: 10, arrears: 3_335n, advance: 1_115n, unit: 50n, included: 1n, minimum: 0n },
].map((plan, index) => ({ ...plan, id: `plan${index}` }) as OraclePlan);

const ORACLE = new Map(ORACLE_PLANS.map((each) => [each.id, each]));

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

interface Story {
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

const stories: fc.Arbitrary<Story> = fc
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
      const receivedAt = drawn.start + (event.at + event.late) * HOUR;
      const voidedAt = event.voidedAfter === null ? null : receivedAt + event.voidedAfter * HOUR;
      return { at: drawn.start + event.at * HOUR, receivedAt, voidedAt, thousandths: event.thousandths };
    });
    return { terms, firstPlan: drawn.firstPlan, wishes, usage, until: at + drawn.after * HOUR };
  });

interface Played {
  books: Books;
  accepted: Accepted[];
}

/** Plays a story. `pauses`: instants at which the worker is run in between, though nothing may be due. */
function play({ terms, firstPlan, wishes, usage, until }: Story, between: readonly number[] = []): Played {
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

function decisionOf(wish: Accepted, state: Books['state'], entries: Books['entries'], terms: TimelineTerms) {
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

/** A story whose usage is all known by the last time it is looked at: billing of what has ended or rests looks no further. */
function settled(story: Story): Story {
  const { state } = play({ ...story, until: story.until + 400 * DAY }).books;
  const lastLook = (state.endedAt ?? state.pausedAt)?.getTime();
  if (lastLook === undefined) return story;
  const usage = story.usage
    .filter(({ receivedAt }) => receivedAt <= lastLook)
    .map((event) => ({ ...event, voidedAt: event.voidedAt !== null && event.voidedAt <= lastLook ? event.voidedAt : null }));
  return { ...story, usage };
}

/** Plays to the end and past the next due instant, by which everything that was late is known. */
function playOut(story: Story): { played: Played; end: number } {
  const known = Math.max(story.until, ...story.usage.map(({ receivedAt, voidedAt }) => Math.max(receivedAt, voidedAt ?? 0)));
  const played = play({ ...story, until: known });
  const next = played.books.state.dueAt?.getTime() ?? known;
  const end = Math.max(next, known) + HOUR;
  played.books.runTo(end);
  return { played, end };
}

const centsBilled = (books: Books): Map<string, string> => {
  const totals = new Map<string, string>();
  for (const { key } of books.lines) {
    const lines = books.lines.filter((line) => line.key === key);
    totals.set(
      key,
      sum(lines.map(({ amount }) => amount))
        .times('100')
        .toFixed(),
    );
  }
  return totals;
};

const asText = (cents: ReadonlyMap<string, bigint>): Map<string, string> =>
  new Map(
    [...cents].map(([key, amount]) => {
      const [planId, name, start] = key.split(' ');
      return [`${planId} ${name} ${new Date(Number(start)).toISOString()}`, String(amount)];
    }),
  );

const seed = Number(process.env.FC_SEED ?? Math.floor(performance.now() * 1000) % 2_147_483_647);
const runs = { numRuns: RUNS, seed };

describe(`billing over random time lines (FC_SEED=${seed})`, () => {
  it('bills in the end what the whole time line comes to, each part once', () => {
    fc.assert(
      fc.property(stories.map(settled), (story) => {
        const { played, end } = playOut(story);
        fc.pre(!mixesRules(story.terms, story.firstPlan, ORACLE, played.accepted));
        const asOf = (decidedUntil: number) =>
          partsOf(
            story.terms,
            story.firstPlan,
            ORACLE,
            played.accepted.filter(({ at }) => at <= decidedUntil),
            end,
          );
        const expected = asText(centsOf(asOf, story.terms.timeZone, story.usage, end));
        const billed = centsBilled(played.books);
        // What left no trace on the time line (a plan taken on and given up at once) may have been billed and credited.
        for (const [key, cents] of billed) if (!expected.has(key)) expect([key, cents]).toEqual([key, '0']);
        for (const [key, cents] of expected) expect([key, billed.get(key) ?? 'not billed']).toEqual([key, cents]);
      }),
      runs,
    );
  });
});
