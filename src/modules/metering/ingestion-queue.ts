import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Log } from '../../platform/log.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/errors.js';
import { EventPartitionsService } from './event-partitions.service.js';
import { recordUsage, type NewUsageEvent, type RefusedEvent } from './queries/record-usage.query.js';

export interface StoredBatch {
  receivedAt: Date;
  /** Refused events by id; every other was stored. */
  refused: Map<string, RefusedEvent>;
}

interface Request {
  events: NewUsageEvent[];
  resolve: (batch: StoredBatch) => void;
  reject: (error: unknown) => void;
}

type StoredListener = (events: readonly NewUsageEvent[], batch: StoredBatch) => void;

/** Events that requests are gathered up to for one statement; a larger request is a statement of its own. */
const MAX_GATHERED = 500;
/** Events that have to wait for a statement to begin beside those under way: the busier the database, the larger the statements. */
const WORTH_ANOTHER = 32;
/** Statements under way at once: far fewer than the pool has connections, so that the rest of the application gets on. */
const MAX_STATEMENTS = 4;
/** Events that may wait or be under way, of all requests. More are refused: the sender backs off. */
const MAX_PENDING = 50_000;

/**
 * The way of events into the database. Requests that come within a few milliseconds are written together, with one commit, and
 * each is answered after that. A statement that fails is done again request by request, so that none suffers for another. What
 * finds no statement free waits here, not for a connection: however slow the database is, what was taken is written in the end.
 */
@Injectable()
export class IngestionQueue implements BeforeApplicationShutdown {
  private waiting: Request[] = [];
  private waitingEvents = 0;
  private pendingEvents = 0;
  private statements = 0;
  private isDue = false;
  private readonly listeners: StoredListener[] = [];
  private readonly idle: (() => void)[] = [];

  constructor(
    private readonly database: Database,
    private readonly partitions: EventPartitionsService,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Called with each batch after its commit. */
  onStored(listener: StoredListener): void {
    this.listeners.push(listener);
  }

  /** Stores events and answers after the commit. Throws RATE_LIMITED when too much is pending already. */
  async write(events: NewUsageEvent[]): Promise<StoredBatch> {
    if (this.pendingEvents + events.length > MAX_PENDING) {
      throw new DomainError('RATE_LIMITED', 'More events are waiting than can be taken right now. Try again.');
    }
    this.pendingEvents += events.length;
    try {
      return await new Promise<StoredBatch>((resolve, reject) => {
        this.waiting.push({ events, resolve, reject });
        this.waitingEvents += events.length;
        this.schedule();
      });
    } finally {
      this.pendingEvents -= events.length;
      if (this.pendingEvents === 0) for (const done of this.idle.splice(0)) done();
    }
  }

  /** Nothing is left behind: what waits is written before the process goes. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.pendingEvents === 0) return;
    await new Promise<void>((resolve) => {
      this.idle.push(resolve);
    });
  }

  /**
   * While a statement is under way, what comes gathers: for the few milliseconds that a commit takes, and longer when the database is
   * busy. An idle queue only waits for the requests that have arrived together.
   */
  private schedule(): void {
    if (this.isDue || !this.mayBegin()) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      if (this.mayBegin()) this.begin();
    });
  }

  private mayBegin(): boolean {
    if (this.statements === 0) return this.waitingEvents > 0;
    return this.statements < MAX_STATEMENTS && this.waitingEvents >= WORTH_ANOTHER;
  }

  private begin(): void {
    let requests = 0;
    let count = 0;
    while (requests < this.waiting.length && (requests === 0 || count + this.waiting[requests].events.length <= MAX_GATHERED)) {
      count += this.waiting[requests++].events.length;
    }
    this.waitingEvents -= count;
    this.statements += 1;
    void this.storeTogether(this.waiting.splice(0, requests)).finally(() => {
      this.statements -= 1;
      this.schedule();
    });
    this.schedule();
  }

  private async storeTogether(requests: Request[]): Promise<void> {
    try {
      const stored = await this.store(requests.length === 1 ? requests[0].events : requests.flatMap(({ events }) => events));
      for (const { resolve } of requests) resolve(stored);
    } catch (error) {
      if (requests.length === 1 || error instanceof DomainError) {
        for (const { reject } of requests) reject(error);
        return;
      }
      this.log.warn({ err: error, requests: requests.length }, 'gathered requests failed together and are stored one by one');
      for (const { events, resolve, reject } of requests) await this.store(events).then(resolve, reject);
    }
  }

  private async store(events: NewUsageEvent[]): Promise<StoredBatch> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.partitions.ensureFor(events.map(({ occurredAt }) => occurredAt));
        const receivedAt = this.clock.now();
        const refused = await this.database.statement<RefusedEvent>('record usage', recordUsage(events, receivedAt));
        const batch = { receivedAt, refused: new Map(refused.map((event) => [event.id, event])) };
        this.tell(events, batch);
        return batch;
      } catch (error) {
        if (attempt > 1 || !this.lacksPartition(error)) throw error;
      }
    }
  }

  /** What is stored is stored: whoever listens cannot make it fail any more. */
  tell(events: readonly NewUsageEvent[], batch: StoredBatch): void {
    for (const listener of this.listeners) {
      try {
        listener(events, batch);
      } catch (error) {
        this.log.error({ err: error }, 'a listener of stored usage failed');
      }
    }
  }

  /** The partition of an event was dropped, or never made, since we looked. */
  private lacksPartition(error: unknown): boolean {
    const { code, message = '' } = error as { code?: string; message?: string };
    const partitionIsGone = code === '23514' && message.startsWith('no partition');
    if (partitionIsGone) this.partitions.forget();
    return partitionIsGone;
  }
}
