import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Settings } from '../../platform/settings.js';
import { InvariantsService } from './invariants.service.js';
import { WorkersService } from './workers.service.js';

/** When the workers run. What they do is in WorkersService. */
@Injectable()
export class BillingJobs implements OnApplicationBootstrap {
  constructor(
    private readonly workers: WorkersService,
    private readonly invariants: InvariantsService,
    private readonly settings: Settings,
  ) {}

  /** Catches up at start-up, without holding it up. */
  onApplicationBootstrap(): void {
    if (this.settings.schedulerEnabled) void this.generate().then(() => this.finalize());
  }

  @Cron('0 * * * *', { name: 'invoice_generator', timeZone: 'UTC' })
  async generate(): Promise<void> {
    await this.workers.generateInvoices();
  }

  @Cron('*/5 * * * *', { name: 'invoice_finalizer', timeZone: 'UTC' })
  async finalize(): Promise<void> {
    await this.workers.finalizeInvoices();
  }

  @Cron('10 * * * *', { name: 'overdue_scan', timeZone: 'UTC' })
  async scanOverdue(): Promise<void> {
    await this.workers.scanOverdue();
  }

  @Cron('10 4 * * *', { name: 'billing_invariants', timeZone: 'UTC' })
  async checkInvariants(): Promise<void> {
    await this.invariants.checkAll();
  }
}
