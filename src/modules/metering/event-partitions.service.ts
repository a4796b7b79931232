import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Clock } from '../../shared/clock.js';
import { createPartitions, loadPartitionMonths, monthAfter } from './queries/usage-partitions.query.js';

/** Months made ahead of the present one. */
const MONTHS_AHEAD = 2;
/** Older events share one partition. */
const FIRST_MONTH = '2000-01';

/** Sees to it that events find a partition: some months ahead, and any other when the first event for it comes. */
@Injectable()
export class EventPartitionsService {
  private readonly known = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Makes what is missing for events of these instants (ISO 8601 in UTC). */
  async ensureFor(instants: Iterable<string>): Promise<void> {
    const missing = new Set<string>();
    for (const instant of instants) {
      const month = instant.slice(0, 7);
      if (!this.known.has(month) && month >= FIRST_MONTH) missing.add(month);
    }
    if (missing.size > 0) await this.create([...missing]);
  }

  async createAhead(): Promise<void> {
    const months = [this.clock.now().toISOString().slice(0, 7)];
    while (months.length <= MONTHS_AHEAD) months.push(monthAfter(months[months.length - 1]));
    await this.create(months);
  }

  /** A partition was dropped behind our back: look again. */
  forget(): void {
    this.known.clear();
  }

  private async create(months: string[]): Promise<void> {
    const present = await this.database.acrossOrganizations('create event partitions', async (tx) => {
      const before = await loadPartitionMonths(tx);
      if (months.every((month) => before.includes(month))) return before;
      await createPartitions(tx, months);
      return loadPartitionMonths(tx);
    });
    for (const month of present) this.known.add(month);
  }
}
