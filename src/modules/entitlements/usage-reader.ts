import { Injectable } from '@nestjs/common';
import { Database, type Run } from '../../platform/database/database.js';
import { DAY_MS } from '../../shared/calendar.js';
import type { Decimal } from '../../shared/decimal.js';
import type { DaySums, OwnedReadingRequest } from '../metering/index.js';
import {
  answersOf,
  askEntitlements,
  DaySumsInquiry,
  type DaySumsAnswer,
  type Answer,
  type Question,
} from './queries/ask-entitlements.query.js';

const MAX_EDGES = 200_000;

/** What was used of the day that a window begins in, from then on: true as long as the day's events are the same. */
interface Edge {
  fingerprint: string;
  value: Decimal;
}

/**
 * Asks the database what checks have to know, the cheapest way that is exact. Windows begin at any time of a day, and counters know
 * whole days: the part of the first day is read from raw events once, and again only when that day's counter says that its events
 * are others.
 */
@Injectable()
export class UsageReader {
  private readonly edges = new Map<string, Edge>();

  constructor(private readonly database: Database) {}

  async ask(questions: readonly Question[]): Promise<Answer[]> {
    const quick = questions.filter(isQuick);
    if (quick.length === questions.length) return this.askQuickly(questions);
    const slow = questions.filter((question) => !isQuick(question));
    const [quickAnswers, slowAnswers] = await Promise.all([this.askQuickly(quick), this.askExactly(slow)]);
    let [nextQuick, nextSlow] = [0, 0];
    return questions.map((question) => (isQuick(question) ? quickAnswers[nextQuick++] : slowAnswers[nextSlow++]));
  }

  private async askExactly(questions: readonly Question[]): Promise<Answer[]> {
    return answersOf(questions, await this.database.statement('ask what checks have to know', askEntitlements(questions)));
  }

  private async askQuickly(questions: readonly Question[]): Promise<Answer[]> {
    if (questions.length === 0) return [];
    const read = await sumsOf((statement) => this.database.statement('ask what checks have to know', statement), questions);
    const answers = questions.map((question, index) => this.answerOf(question, read[index]));
    const unknown = questions.filter((_, index) => answers[index] === null);
    if (unknown.length === 0) return answers as Answer[];
    const learned = await this.learn(unknown);
    let next = 0;
    return answers.map((answer) => answer ?? learned[next++]);
  }

  /** As `ask`, in a transaction under way. */
  async askIn(run: Run, questions: readonly Question[]): Promise<Answer[]> {
    const quick = questions.filter(isQuick);
    const read = quick.length > 0 ? await sumsOf(run, quick) : [];
    const sums = new Map(quick.map((question, index) => [question, read[index]]));
    const answers = new Map<Question, Answer>();
    for (const [question, answer] of sums) {
      const known = this.answerOf(question, answer);
      if (known) answers.set(question, known);
    }
    const open = questions.filter((question) => !answers.has(question));
    if (open.length > 0) {
      const exact = answersOf(open, await run(askEntitlements(open)));
      open.forEach((question, index) => answers.set(question, exact[index]));
      await this.learnIn(run, open.filter(isQuick), sums, answers);
    }
    return questions.map((question) => answers.get(question) as Answer);
  }

  /** Null: something of a first day is not known. */
  private answerOf({ readings }: Question, { version, reserved, sums }: DaySumsAnswer): Answer | null {
    const values = readings.map((reading, position) => this.usedOf(reading, sums[position]));
    return values.includes(null) ? null : { version, reserved, values: values as Decimal[] };
  }

  /** Null: the part of the first day is not known, or was of other events. */
  private usedOf(reading: OwnedReadingRequest, { firstDay, rest }: DaySums): Decimal | null {
    if (firstDay === null) return rest;
    if (reading.from.getTime() % DAY_MS === 0) return rest.plus(firstDay.value);
    const edge = this.edges.get(keyOf(reading));
    return edge?.fingerprint === firstDay.fingerprint ? rest.plus(edge.value) : null;
  }

  /** Reads exactly, and in the same snapshot what the first days' counters say, to know them the next time. */
  private async learn(questions: readonly Question[]): Promise<Answer[]> {
    return this.database.snapshot('learn the edges of windows', async (run) => {
      const answers = answersOf(questions, await run(askEntitlements(questions)));
      const read = await sumsOf(run, questions);
      questions.forEach((question, index) => this.remember(question, read[index], answers[index]));
      return answers;
    });
  }

  /** Each statement has a snapshot of its own here: what counters say alike before and after the exact reading held during it. */
  private async learnIn(
    run: Run,
    unknown: readonly Question[],
    before: ReadonlyMap<Question, DaySumsAnswer>,
    answers: ReadonlyMap<Question, Answer>,
  ): Promise<void> {
    if (unknown.length === 0) return;
    const after = await sumsOf(run, unknown);
    unknown.forEach((question, index) => {
      const { sums } = before.get(question) as DaySumsAnswer;
      if (after[index].sums.every((now, position) => areSame(now, sums[position])))
        this.remember(question, after[index], answers.get(question) as Answer);
    });
  }

  private remember({ readings }: Question, { sums }: DaySumsAnswer, { values }: Answer): void {
    readings.forEach((reading, position) => {
      const { firstDay, rest } = sums[position];
      if (firstDay) this.keep(keyOf(reading), { fingerprint: firstDay.fingerprint, value: values[position].minus(rest) });
    });
  }

  private keep(key: string, edge: Edge): void {
    if (this.edges.size >= MAX_EDGES) this.edges.delete(this.edges.keys().next().value as string);
    this.edges.set(key, edge);
  }
}

async function sumsOf(run: Run, questions: readonly Question[]): Promise<DaySumsAnswer[]> {
  const inquiry = new DaySumsInquiry(questions);
  return inquiry.read(await run(inquiry.statement()));
}

const areSame = (a: DaySums, b: DaySums): boolean => a.rest.eq(b.rest) && a.firstDay?.fingerprint === b.firstDay?.fingerprint;

/** Usage of days adds up, and the window ends with one. */
const isQuick = ({ additive, readings }: Question): boolean =>
  readings.length === 0 || (additive !== null && readings.every(({ from, to }) => to.getTime() % DAY_MS === 0 && from < to));

const keyOf = ({ customerId, meterId, from }: OwnedReadingRequest): string => `${customerId} ${meterId} ${from.getTime()}`;
