import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { Log } from '../../platform/log.js';
import { Clock } from '../../shared/clock.js';
import { addToRun, finishRun, type RunCounts, type RunShare } from './queries/worker-runs.query.js';
import { WorkerRun } from './worker-run.entity.js';

export const WORKERS = ['invoice_generator', 'invoice_finalizer', 'overdue_scan', 'billing_invariants'] as const;
export type WorkerName = (typeof WORKERS)[number];

/** A run that is going. */
export interface Run {
  readonly id: string;
  /** The process is ending: no other chunk is begun. */
  readonly isStopping: boolean;
  /** Notes what was done, in the transaction that did it: the log tells what has been committed. */
  add(tx: EntityManager, shares: readonly RunShare[]): Promise<void>;
}

const NOTHING: RunCounts = { found: 0, done: 0, failed: 0 };

/** Runs workers, one run each at a time in a process, and keeps the log of their runs, which tells how far they have come. */
@Injectable()
export class RunLogService implements BeforeApplicationShutdown {
  private readonly running = new Map<WorkerName, Promise<RunCounts>>();
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** A tick that finds the last run still going joins it. None begins while stopping. */
  run(worker: WorkerName, work: (run: Run) => Promise<void>): Promise<RunCounts> {
    const present = this.running.get(worker);
    if (present) return present;
    if (this.stopping) return Promise.resolve({ ...NOTHING });
    const run = this.logged(worker, work)
      .catch((error: unknown) => {
        // Without a database there is nothing to do and nowhere to say so: the next tick tries again.
        this.log.error({ err: error, worker }, 'a run could not be recorded');
        return { ...NOTHING };
      })
      .finally(() => this.running.delete(worker));
    this.running.set(worker, run);
    return run;
  }

  /** Waits for what is running, while the database is still there: its present chunk is finished, no other is begun. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await Promise.allSettled(this.running.values());
  }

  private async logged(worker: WorkerName, work: (run: Run) => Promise<void>): Promise<RunCounts> {
    const id = newId();
    const startedAt = this.clock.now();
    await this.across((tx) => tx.insert(WorkerRun, { id, worker, startedAt }));
    const isStopping = (): boolean => this.stopping;
    let failure: string | null = null;
    try {
      await work({
        id,
        get isStopping() {
          return isStopping();
        },
        add: (tx, shares) => addToRun(tx, id, shares),
      });
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      this.log.error({ err: error, worker }, 'a run stopped');
    }
    const finishedAt = this.clock.now();
    const counts = await this.across((tx) => finishRun(tx, id, finishedAt, failure));
    if (counts.found > 0 || failure)
      this.log.info({ worker, ...counts, seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000 }, 'run finished');
    return counts;
  }

  private across<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.database.acrossOrganizations('log a run', work);
  }
}
