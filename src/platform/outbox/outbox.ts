import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, run, runOnce, type Runner, type RunnerOptions, type TaskList, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
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
/** After the runner has failed as a whole, for want of a database. */
const RESTART_MS = 2_000;
/** What is at work when the process stops gets this long; then it is told to give up. */
const ABORT_MS = 3_000;
/** Waits e¹, e², … seconds between attempts, at most e¹⁰ (6 hours): some two and a half days in all. */
export const MAX_ATTEMPTS = 18;

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
  private runner: Runner | null = null;
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
    await tx.query(
      `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
         SELECT ROW($1, j.payload, NULL, NULL, $2, j.key, NULL, NULL)::graphile_worker.job_spec
           FROM unnest($3::text[], $4::json[]) AS j (key, payload)))`,
      [task, MAX_ATTEMPTS, jobs.map(({ key }) => `${task} ${key}`), jobs.map(({ payload }) => JSON.stringify(payload))],
    );
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
    await this.runner?.stop().catch(() => undefined);
    await this.running;
    await this.pool?.end();
  }

  /** A runner whose database goes away may end, or lose its workers one after the other; then another takes its place. */
  private async keepRunning(): Promise<void> {
    const leases = new WorkerLeases(this.connections(), this.log);
    const { signal } = this.stopping;
    const sweep = setInterval(() => void leases.sweep(), SWEEP_MS);
    while (!signal.aborted) {
      try {
        const events: WorkerEvents = new EventEmitter();
        events.on('worker:create', ({ worker }) => leases.take(worker.workerId));
        events.on('worker:release', ({ worker }) => leases.give(worker.workerId));
        this.runner = await run({ ...this.options(), events, parsedCronItems: [] });
        if (!signal.aborted) await Promise.race([this.runner.promise, once(events, 'worker:fatalError')]);
        await this.runner.stop().catch(() => undefined);
      } catch (error) {
        this.log.warn({ err: error }, 'the outbox stopped');
      }
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
