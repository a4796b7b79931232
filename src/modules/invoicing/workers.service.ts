import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { groupBy } from '../../platform/graphql/loader.js';
import { Log } from '../../platform/log.js';
import { SYSTEM } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import type { Subscription } from '../subscriptions/index.js';
import type { BillingStep } from './billing-failure.entity.js';
import { BillingFailuresService } from './billing-failures.service.js';
import { BillingService, type BillingTask } from './billing.service.js';
import { FinalizationService } from './finalization.service.js';
import { isolate, isOutage } from './isolate.js';
import {
  claimDueSubscriptions,
  findDueDrafts,
  findNewlyOverdue,
  giveBackWhenFrozen,
  type TenantKey,
} from './queries/claim-due-work.query.js';
import type { RunCounts } from './queries/worker-runs.query.js';
import { RunLogService, type Run } from './run-log.service.js';
import { StandingService } from './standing.service.js';

/** Subscriptions settled, and invoices finalized, in one transaction. */
const CHUNK = 200;
/** Chunks billed at a time: while one is computed here, the database is at work on the other. */
const LANES = 2;
/** Invoices looked up at a time. */
const ROUND = 10_000;

/**
 * The scheduled runs (docs/billing-rules.md §9). Each may run on any number of processes, be killed at any point and be
 * late: what is due is found in the database, locked, done and committed, or rolled back as a whole.
 */
@Injectable()
export class WorkersService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly runs: RunLogService,
    private readonly billing: BillingService,
    private readonly finalization: FinalizationService,
    private readonly failures: BillingFailuresService,
    private readonly standing: StandingService,
  ) {}

  /** Drafts invoices for everything that has fallen due, one period after the other. */
  generateInvoices(): Promise<RunCounts> {
    return this.runs.run('invoice_generator', (run) =>
      inLanes(async () => {
        while (!run.isStopping && (await this.settleChunk(run)) > 0);
      }),
    );
  }

  /** Finalizes drafts whose review window is over. */
  finalizeInvoices(): Promise<RunCounts> {
    return this.runs.run('invoice_finalizer', (run) =>
      this.inChunks(run, {
        find: (tx) => findDueDrafts(tx, this.clock.now(), ROUND),
        work: (tx, ids) => this.finalization.finalizeDue(tx, ids, this.clock.now()),
        onFailure: (key, error) => this.noteFailure(run, 'FINALIZE', key, error),
      }),
    );
  }

  /** Marks invoices that have passed their due date, and makes their subscriptions PAST_DUE. */
  scanOverdue(): Promise<RunCounts> {
    return this.runs.run('overdue_scan', (run) =>
      this.inChunks(run, {
        find: (tx) => findNewlyOverdue(tx, this.clock.now(), ROUND),
        work: (tx, ids) => this.standing.markOverdue(tx, ids, this.clock.now()),
        onFailure: async ({ organizationId, id }, error) => {
          this.log.error({ err: error, organizationId, invoiceId: id }, 'could not mark an invoice as overdue');
          await this.database.transaction(organizationId, (tx) => run.add(tx, [failedShare(organizationId)]));
        },
      }),
    );
  }

  /** Settles one chunk in one transaction; when that fails, in parts, until it is known whose failure it is. How many were claimed. */
  private async settleChunk(run: Run): Promise<number> {
    let claimed: Subscription[] = [];
    try {
      await this.across('bill due subscriptions', async (tx) => {
        await giveBackWhenFrozen(tx);
        claimed = await claimDueSubscriptions(tx, this.clock.now(), CHUNK);
        await this.settle(tx, run, claimed);
      });
    } catch (error) {
      if (claimed.length === 0 || isOutage(error)) throw error;
      this.log.warn({ err: error, subscriptions: claimed.length }, 'a chunk failed and is billed in parts');
      await isolate(
        claimed,
        (some) =>
          this.across('bill due subscriptions', async (tx) => {
            await giveBackWhenFrozen(tx);
            const ids = some.map(({ id }) => id);
            await this.settle(tx, run, await claimDueSubscriptions(tx, this.clock.now(), ids.length, ids));
          }),
        (subscription, failure) => this.noteFailure(run, 'BILL', subscription, failure),
      );
    }
    return claimed.length;
  }

  private async settle(tx: EntityManager, run: Run, claimed: Subscription[]): Promise<void> {
    if (claimed.length === 0) return;
    await this.billing.settle(tx, claimed.map(dueTask));
    const shares = claimed.map(({ organizationId }) => ({ organizationId, found: 1, done: 1, failed: 0 }));
    await run.add(tx, shares);
  }

  /**
   * Goes through what is found, a chunk of an organization in a transaction, until nothing of it gets done any more: what is left then is in
   * the hands of another process, or waits for its next attempt.
   */
  private async inChunks(
    run: Run,
    {
      find,
      work,
      onFailure,
    }: {
      find: (tx: EntityManager) => Promise<TenantKey[]>;
      work: (tx: EntityManager, ids: string[]) => Promise<number>;
      onFailure: (key: TenantKey, error: unknown) => Promise<void>;
    },
  ): Promise<void> {
    for (let done = -1; done !== 0;) {
      done = 0;
      const found = await this.across('find due invoices', find);
      for (const [organizationId, keys] of groupBy(found, (key) => key.organizationId)) {
        for (let offset = 0; offset < keys.length; offset += CHUNK) {
          if (run.isStopping) return;
          const attempt = async (some: readonly TenantKey[]): Promise<void> => {
            const ids = some.map(({ id }) => id);
            done += await this.database.transaction(organizationId, async (tx) => {
              await giveBackWhenFrozen(tx);
              const count = await work(tx, ids);
              if (count > 0) await run.add(tx, [{ organizationId, found: count, done: count, failed: 0 }]);
              return count;
            });
          };
          await isolate(keys.slice(offset, offset + CHUNK), attempt, onFailure);
        }
      }
      if (found.length < ROUND) return;
    }
  }

  private async noteFailure(run: Run, step: BillingStep, { organizationId, id }: TenantKey, error: unknown): Promise<void> {
    await this.database.transaction(organizationId, async (tx) => {
      await this.failures.note(tx, step, id, error, this.clock.now());
      await run.add(tx, [failedShare(organizationId)]);
    });
  }

  private across<T>(purpose: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.database.acrossOrganizations(purpose, work);
  }
}

/** Fails when all lanes have ended, if one has failed. */
async function inLanes(work: () => Promise<void>): Promise<void> {
  const ended = await Promise.allSettled(Array.from({ length: LANES }, work));
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
}

const failedShare = (organizationId: string) => ({ organizationId, found: 1, done: 0, failed: 1 });

/** A subscription to be brought to the instant at which it is due. */
export const dueTask = (subscription: Subscription): BillingTask => ({
  subscription,
  at: subscription.dueAt as Date,
  actor: SYSTEM,
  reason: null,
});
