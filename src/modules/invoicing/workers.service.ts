import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { Log } from '../../platform/log.js';
import { SYSTEM } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import type { Subscription } from '../subscriptions/index.js';
import { BillingService } from './billing.service.js';
import { FinalizationService } from './finalization.service.js';
import { WorkerRun } from './invoice.entity.js';
import {
  claimDueSubscriptions,
  findDraftsToFinalize,
  findNewlyOverdue,
  recordBillingFailure,
  type InvoiceKey,
} from './queries/claim-due-work.query.js';
import { StandingService } from './standing.service.js';

export const WORKERS = ['invoice_generator', 'invoice_finalizer', 'overdue_scan'] as const;
export type WorkerName = (typeof WORKERS)[number];

interface RunCounts {
  found: number;
  billed: number;
  failed: number;
}

const NOTHING: RunCounts = { found: 0, billed: 0, failed: 0 };

/** Subscriptions settled in one transaction, and drafts finalized in one pass. */
const CHUNK = 200;

/**
 * The scheduled runs (docs/billing-rules.md §9). Each may run on any number of processes, be killed at any point and be
 * late: what is due is found in the database, locked, done and committed, or rolled back as a whole.
 */
@Injectable()
export class WorkersService implements BeforeApplicationShutdown {
  private readonly running = new Map<WorkerName, Promise<RunCounts>>();
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly billing: BillingService,
    private readonly finalization: FinalizationService,
    private readonly standing: StandingService,
  ) {}

  /** Drafts invoices for everything that has fallen due, one period after the other. */
  generateInvoices(): Promise<RunCounts> {
    return this.run('invoice_generator', async (counts) => {
      while (!this.stopping && (await this.settleChunk(counts)) > 0);
    });
  }

  /** Finalizes drafts whose review window is over. */
  finalizeInvoices(): Promise<RunCounts> {
    return this.run('invoice_finalizer', async (counts) => {
      const failed = new Set<string>();
      for (;;) {
        const drafts = await this.across('find drafts to finalize', (tx) =>
          findDraftsToFinalize(tx, this.clock.now(), CHUNK + failed.size),
        );
        const due = drafts.filter(({ id }) => !failed.has(id));
        if (due.length === 0 || this.stopping) return;
        for (const draft of due)
          if (!(await this.attempt(draft, counts, 'finalize', (tx) => this.finalizeDue(tx, draft)))) failed.add(draft.id);
      }
    });
  }

  /** Makes subscriptions with an overdue invoice PAST_DUE. */
  scanOverdue(): Promise<RunCounts> {
    return this.run('overdue_scan', async (counts) => {
      const now = this.clock.now();
      const overdue = await this.across('find overdue invoices', (tx) => findNewlyOverdue(tx, null, now));
      for (const key of overdue)
        await this.attempt(key, counts, 'mark overdue', (tx) => this.standing.markOverdue(tx, key.id, now));
    });
  }

  /** Waits for what is running, while the database is still there: its present chunk is finished, no other is begun. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await Promise.allSettled(this.running.values());
  }

  /** Settles one chunk in one transaction. If that fails, each of its subscriptions alone, so that one failure stops no other. */
  private async settleChunk(counts: RunCounts): Promise<number> {
    let claimed: Subscription[] = [];
    try {
      await this.across('bill due subscriptions', async (tx) => {
        claimed = await claimDueSubscriptions(tx, this.clock.now(), CHUNK);
        if (claimed.length > 0) await this.billing.settle(tx, claimed.map(taskOf));
      });
      counts.found += claimed.length;
      counts.billed += claimed.length;
    } catch (error) {
      if (claimed.length === 0) throw error;
      this.log.warn({ err: error, subscriptions: claimed.length }, 'a chunk failed and is billed one by one');
      for (const subscription of claimed) await this.settleAlone(subscription, counts);
    }
    return claimed.length;
  }

  private async settleAlone(subscription: Subscription, counts: RunCounts): Promise<void> {
    const settled = await this.attempt(subscription, counts, 'bill', async (tx) => {
      const now = this.clock.now();
      const [claimed] = await claimDueSubscriptions(tx, now, 1, subscription.id);
      if (claimed) await this.billing.settle(tx, [taskOf(claimed)]);
    });
    if (!settled) await this.across('record a failure', (tx) => recordBillingFailure(tx, subscription, this.clock.now()));
  }

  private async finalizeDue(tx: EntityManager, { id }: InvoiceKey): Promise<void> {
    const invoice = await this.finalization.lockDue(tx, id, this.clock.now());
    if (invoice) await this.finalization.finalize(tx, id);
  }

  /** Does one thing in a transaction of its own; a failure is counted and logged, and stops nothing else. */
  private async attempt(
    key: InvoiceKey,
    counts: RunCounts,
    what: string,
    work: (tx: EntityManager) => Promise<void>,
  ): Promise<boolean> {
    counts.found += 1;
    try {
      await this.database.transaction(key.organizationId, work);
      counts.billed += 1;
      return true;
    } catch (error) {
      counts.failed += 1;
      this.log.error({ err: error, organizationId: key.organizationId, id: key.id }, `could not ${what}`);
      return false;
    }
  }

  private across<T>(purpose: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.database.acrossOrganizations(purpose, work);
  }

  /** One run at a time in a process: a tick that finds the last one still running joins it. None begins while stopping. */
  private run(worker: WorkerName, work: (counts: RunCounts) => Promise<void>): Promise<RunCounts> {
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

  private async logged(worker: WorkerName, work: (counts: RunCounts) => Promise<void>): Promise<RunCounts> {
    const counts: RunCounts = { ...NOTHING };
    const id = newId();
    const startedAt = this.clock.now();
    await this.across('log a run', (tx) => tx.insert(WorkerRun, { id, worker, startedAt }));
    let failure: string | null = null;
    try {
      await work(counts);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      this.log.error({ err: error, worker }, 'a run stopped');
    }
    const finishedAt = this.clock.now();
    await this.across('log a run', (tx) => tx.update(WorkerRun, { id }, { ...counts, finishedAt, error: failure }));
    if (counts.found > 0 || failure)
      this.log.info({ worker, ...counts, seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000 }, 'run finished');
    return counts;
  }
}

const taskOf = (subscription: Subscription) => ({ subscription, at: subscription.dueAt as Date, actor: SYSTEM, reason: null });
