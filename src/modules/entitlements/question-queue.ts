import { Injectable } from '@nestjs/common';
import type { Answer, Question } from './queries/ask-entitlements.query.js';
import { UsageReader } from './usage-reader.js';

interface Request {
  questions: readonly Question[];
  resolve: (answers: Answer[]) => void;
  reject: (error: unknown) => void;
}

/** Statements under way at once; what comes meanwhile is asked together by the next. */
const MAX_STATEMENTS = 2;
const MAX_QUESTIONS = 256;

/**
 * Asks the database what checks have to know. Checks that come while statements are under way share the next one: a statement that
 * begins after a check has come sees whatever was accepted before it.
 */
@Injectable()
export class QuestionQueue {
  private readonly waiting: Request[] = [];
  private statements = 0;
  private isDue = false;

  constructor(private readonly reader: UsageReader) {}

  ask(questions: readonly Question[]): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ questions, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isDue || this.statements >= MAX_STATEMENTS || this.waiting.length === 0) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      this.send();
      this.schedule();
    });
  }

  private send(): void {
    const requests: Request[] = [];
    for (let count = 0; this.waiting.length > 0 && count < MAX_QUESTIONS;) {
      const request = this.waiting.shift() as Request;
      count += request.questions.length;
      requests.push(request);
    }
    if (requests.length === 0) return;
    this.statements += 1;
    void this.answer(requests).finally(() => {
      this.statements -= 1;
      this.schedule();
    });
  }

  private async answer(requests: Request[]): Promise<void> {
    const questions = requests.flatMap((request) => request.questions);
    try {
      const answers = await this.reader.ask(questions);
      let next = 0;
      for (const { questions: own, resolve } of requests) resolve(answers.slice(next, (next += own.length)));
    } catch (error) {
      for (const { reject } of requests) reject(error);
    }
  }
}
