import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, runOnce, runTaskList, type RunnerOptions, type TaskList, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import type { PreparedStatement } from '../database/database.js';
import { Log } from '../log.js';
import { Settings } from '../settings.js';
import { WorkerLeases } from './worker-leases.js';

/** Jobs that one process does at a time, at most. */
const MAX_CONCURRENCY = 3;
/** A job may hold one of the application's connections for as long as somebody else's server takes: of these it gets one of so many. */
const CONNECTIONS_A_JOB = 4;
/** Connections beside the application's pool: listening, the leases, and taking and giving back jobs. */
const POOL_SIZE = 4;
/** How often jobs of processes that are gone are looked for. */
const SWEEP_MS = 15_000;
/** Looks for a job that may fail one after the other. */
const MAX_FAILURES = 6;
/** Before workers that could not work are replaced. */
const RESTART_MS = 2_000;
/** What is at work when the process stops gets this long; then it is told to give up. */
const ABORT_MS = 3_000;
/**
 * Between attempts lie e¹, e², … seconds, at most e¹⁰ (6 hours): some two and a half days in all. Whoever does a job gives it up after
 * so many; the queue's own limit lies far above, so that it is not the first to.
 */
export const MAX_ATTEMPTS = 18;
const QUEUE_ATTEMPTS = 100;

export interface Job {
  /** One job a key is waiting at a time: adding it once more replaces it. */
  key: string;
  payload: object;
}

/** `stopping` fires when the process is about to end: what can be given up and done again later, should be. */
export type Work = (payload: object, stopping: AbortSignal) => Promise<void>;

/**
 * What is to leave the process: added in the transaction that it follows from, done after its commit, again and again until it
 * succeeds. A job may be done twice, when the process dies between doing it and saying so. Its time is Postgres's own: it says
 * when to try again, never what is billed.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tasks: TaskList = {};
  private pool: pg.Pool | null = null;
  private running: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
    private readonly dataSource: DataSource,
  ) {}

  /** Names who does the jobs of a kind. Called while the application starts. */
  on(task: string, work: Work): void {
    this.tasks[task] = (payload, { abortSignal }) => work(payload as object, abortSignal ?? this.stopping.signal);
  }

  /** Adds jobs, however many, with one statement. They exist when the transaction commits. */
  async add(tx: EntityManager, task: string, jobs: Job[]): Promise<void> {
    if (jobs.length === 0) return;
    const { text, values } = this.adding(task, jobs);
    await tx.query(text, values);
  }

  /** The statement behind `add`, for transactions of prepared statements. */
  adding(task: string, jobs: readonly Job[]): PreparedStatement {
    return {
      name: 'add_jobs',
      text: `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
         SELECT ROW($1, j.payload, NULL, NULL, $2, j.key, NULL, NULL)::graphile_worker.job_spec
           FROM unnest($3::text[], $4::json[]) AS j (key, payload)))`,
      values: [task, QUEUE_ATTEMPTS, jobs.map(({ key }) => `${task} ${key}`), jobs.map(({ payload }) => JSON.stringify(payload))],
    };
  }

  onApplicationBootstrap(): void {
    if (this.settings.outboxEnabled) this.start();
  }

  /** Works off jobs as they come, until the application stops. */
  start(): void {
    this.running = this.keepRunning();
  }

  /** Works off what is due now, then returns. */
  async runDue(): Promise<void> {
    await runOnce(this.options());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.pool?.end();
  }

  /** Workers that do not get well by themselves are replaced, as often as it takes. */
  private async keepRunning(): Promise<void> {
    const leases = new WorkerLeases(this.connections(), this.log);
    const { signal } = this.stopping;
    const sweep = setInterval(() => void leases.sweep(), SWEEP_MS);
    while (!signal.aborted) {
      const events: WorkerEvents = new EventEmitter();
      events.on('worker:create', ({ worker }) => leases.take(worker.workerId));
      events.on('worker:release', ({ worker }) => leases.give(worker.workerId));
      const ended = breakdown(events, signal);
      // Not the package's `run`: it keeps a crontab as well, and what fails there nobody can catch.
      const workers = runTaskList({ ...this.options(), events }, this.tasks, this.connections());
      await Promise.race([workers.promise, ended]);
      if (!signal.aborted) this.log.warn({}, 'the outbox could not work and starts again');
      await workers.gracefulShutdown();
      await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
    }
    clearInterval(sweep);
    leases.end();
  }

  private options(): RunnerOptions {
    const { poolSize = 0 } = this.dataSource.options;
    return {
      pgPool: this.connections(),
      taskList: this.tasks,
      concurrency: Math.min(MAX_CONCURRENCY, Math.max(1, Math.floor(poolSize / CONNECTIONS_A_JOB))),
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: ABORT_MS,
      // A job's failure is told by who does it; what is left here is of the queue itself.
      logger: new Logger(() => (level, message, meta) => {
        if (level === 'error' && !meta?.failure) this.log.warn({ outbox: message }, 'outbox');
      }),
    };
  }

  /** A pool of its own: jobs that wait for connections must not wait for requests, nor requests for jobs. */
  private connections(): pg.Pool {
    if (!this.pool) {
      const { url } = this.dataSource.options as { url?: string };
      this.pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, options: '-c timezone=UTC' });
      this.pool.on('error', () => undefined);
      this.pool.on('connect', (client) => client.on('error', () => undefined));
    }
    return this.pool;
  }
}

/**
 * Resolves when the process stops, or when workers will not get well by themselves: one of them is gone, or none finds a job any
 * more. What they learn of the queue at their first look they keep for ever, an error too.
 */
function breakdown(events: WorkerEvents, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let failures = 0;
    stopping.addEventListener('abort', () => resolve(), { once: true });
    events.once('worker:fatalError', () => resolve());
    for (const success of ['worker:getJob:empty', 'job:start'] as const) events.on(success, () => void (failures = 0));
    events.on('worker:getJob:error', () => {
      failures += 1;
      if (failures > MAX_FAILURES) resolve();
    });
  });
}
