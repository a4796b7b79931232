import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database, organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { Log } from '../../platform/log.js';
import { Clock } from '../../shared/clock.js';
import { EventPartitionsService } from './event-partitions.service.js';
import { deleteExpiredEvents, findRetentionEnd, recordRun } from './queries/keep-usage.query.js';
import { reconcileUsage, type Reconciliation } from './queries/reconcile-usage.query.js';
import { dropPartition, loadPartitionMonths, monthAfter } from './queries/usage-partitions.query.js';

/** What the nightly run reports its health under. */
export const RECONCILER = 'usage_reconciler';

/** Keeps the store of events in order: partitions ahead, events no longer than they are kept, counters that agree with them. */
@Injectable()
export class UsageUpkeepService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly partitions: EventPartitionsService,
  ) {}

  /** Removes events that nobody keeps any more: months of all organizations by dropping their partition. Keys and counters stay. */
  async removeExpired(): Promise<string[]> {
    const now = this.clock.now();
    const dropped = await this.database.acrossOrganizations('remove expired events', async (tx) => {
      const end = await findRetentionEnd(tx, now);
      const months = await loadPartitionMonths(tx);
      const expired = end === null ? [] : months.filter((month) => `${monthAfter(month)}-01` <= end.toISOString().slice(0, 10));
      for (const month of expired) await dropPartition(tx, month);
      await deleteExpiredEvents(tx, now);
      return expired;
    });
    if (dropped.length > 0) {
      this.partitions.forget();
      this.log.info({ months: dropped }, 'dropped the events of expired months');
    }
    return dropped;
  }

  /** Compares the organization's counters with its raw events, of all days or of some picked at random. */
  reconcile(tx: EntityManager, sampleDays: number | null): Promise<Reconciliation> {
    return reconcileUsage(tx, { organizationId: organizationOf(tx), sampleDays, now: this.clock.now() });
  }

  /** Compares everything. A difference is a bug or tampering: it is logged and shown in the health of workers. */
  async reconcileAll(): Promise<Reconciliation> {
    const startedAt = this.clock.now();
    const across = <T>(work: (tx: EntityManager) => Promise<T>): Promise<T> =>
      this.database.acrossOrganizations('compare counters with events', work);
    let outcome: Reconciliation = { checked: 0, differences: [] };
    let error: string | null = null;
    try {
      outcome = await across(async (tx) => {
        await tx.query('SET TRANSACTION READ ONLY');
        return reconcileUsage(tx, { organizationId: null, sampleDays: null, now: startedAt });
      });
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
    }
    const { checked, differences } = outcome;
    if (differences.length > 0 || error) this.log.error({ checked, differences, error }, 'counters and events disagree');
    const finishedAt = this.clock.now();
    await across((tx) =>
      recordRun(tx, {
        id: newId(),
        worker: RECONCILER,
        startedAt,
        finishedAt,
        found: checked,
        failed: differences.length,
        error,
      }),
    );
    return outcome;
  }
}
