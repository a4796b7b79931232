import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decimal, sum } from '../../src/shared/decimal.js';
import type { Books } from './books.js';
import { DAY, HOUR, ORACLE, play, stories, type Played, type Story } from './stories.js';
import { centsOf, mixesRules, partsOf, type Part } from './timeline.oracle.js';
import { randomRuns } from '../support/random-runs.js';

const RUNS = randomRuns(1_000);

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

const booked = (books: Books) =>
  books.lines.map(({ key, kind, span, quantity, amount, billedAt }) =>
    [key, kind, span.start.toISOString(), span.end.toISOString(), quantity.toFixed(), amount.toFixed(), billedAt].join(' '),
  );

describe(`billing over random time lines (FC_SEED=${RUNS.seed})`, () => {
  it('bills in the end what the whole time line comes to, each part once', () => {
    fc.assert(
      fc.property(stories.map(settled), (story) => {
        const { played, end } = playOut(story);
        fc.pre(!mixesRules(story.terms, story.firstPlan, ORACLE, played.accepted));
        const parts = new Map<number, Part[]>();
        const asOf = (decidedUntil: number): Part[] => {
          const decided = played.accepted.filter(({ at }) => at <= decidedUntil);
          const known = parts.get(decided.length) ?? partsOf(story.terms, story.firstPlan, ORACLE, decided, end);
          parts.set(decided.length, known);
          return known;
        };
        const expected = asText(centsOf(asOf, story.terms.timeZone, story.usage, end));
        const billed = centsBilled(played.books);
        // What left no trace on the time line (a plan taken on and given up at once) may have been billed and credited.
        for (const [key, cents] of billed) if (!expected.has(key)) expect([key, cents]).toEqual([key, '0']);
        for (const [key, cents] of expected) expect([key, billed.get(key) ?? 'not billed']).toEqual([key, cents]);
      }),
      RUNS,
    );
  });

  it('finds nothing left to bill when it has run, however often it runs again', () => {
    fc.assert(
      fc.property(stories.map(settled), (story) => {
        const { played, end } = playOut(story);
        for (const again of [end, end + 1000, end + HOUR]) {
          const { dueAt } = played.books.state;
          if (dueAt === null || dueAt.getTime() > again) expect(played.books.compute(again)).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it('bills the same in one jump as in a hundred steps', () => {
    fc.assert(
      fc.property(stories, fc.array(fc.integer({ min: 0, max: 500 * 24 }), { maxLength: 100 }), (story, hours) => {
        const steps = hours.map((hour) => story.terms.startedAt.getTime() + hour * HOUR).filter((at) => at <= story.until);
        expect(booked(play(story, steps).books)).toEqual(booked(play(story).books));
      }),
      RUNS,
    );
  });

  it('never credits more than it billed, and bills no time twice', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { books } = play(story);
        for (const [key, cents] of centsBilled(books)) expect([key, decimal(cents).isNegative()]).toEqual([key, false]);
        const afterwards = books.lines.filter(({ chargeId, kind }) => kind === 'CHARGE' && !chargeId.endsWith('advance'));
        for (const chargeId of new Set(afterwards.map((line) => line.chargeId))) {
          const spans = afterwards.filter((line) => line.chargeId === chargeId).map(({ span }) => span);
          spans.sort((a, b) => a.start.getTime() - b.start.getTime());
          spans.forEach(({ end }, index) =>
            expect(end.getTime()).toBeLessThanOrEqual(spans[index + 1]?.start.getTime() ?? Infinity),
          );
        }
      }),
      RUNS,
    );
  });
});
