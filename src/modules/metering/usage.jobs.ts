import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { EventPartitionsService } from './event-partitions.service.js';
import { UsageUpkeepService } from './usage-upkeep.service.js';

/** When the upkeep of usage runs. Any number of processes may do it at once, or none: ingestion makes the partitions it needs. */
@Injectable()
export class UsageJobs {
  constructor(
    private readonly partitions: EventPartitionsService,
    private readonly upkeep: UsageUpkeepService,
  ) {}

  @Cron('20 * * * *', { name: 'usage_partitions', timeZone: 'UTC' })
  async createPartitions(): Promise<void> {
    await this.partitions.createAhead();
  }

  @Cron('40 2 * * *', { name: 'usage_retention', timeZone: 'UTC' })
  async removeExpired(): Promise<void> {
    await this.upkeep.removeExpired();
  }

  @Cron('40 3 * * *', { name: 'usage_reconciler', timeZone: 'UTC' })
  async reconcile(): Promise<void> {
    await this.upkeep.reconcileAll();
  }
}
