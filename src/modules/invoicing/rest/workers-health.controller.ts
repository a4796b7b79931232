import { Controller, Get } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Requires } from '../../../platform/auth.js';
import { Database } from '../../../platform/database/database.js';
import { Settings } from '../../../platform/settings.js';
import { Clock } from '../../../shared/clock.js';
import { RECONCILER } from '../../metering/index.js';
import { overallStatus, workerHealth, type WorkerHealth } from '../domain/worker-health.js';
import { countParked } from '../queries/billing-failures.query.js';
import { loadRecentRuns } from '../queries/worker-runs.query.js';

interface WorkersHealth {
  timestamp: string;
  scheduler: { running: boolean; jobs: { id: string; next_run_time: string | null }[] };
  workers: Record<string, WorkerHealth>;
  overall_status: string;
}

/** How often each worker runs, in minutes: it is stale when it has missed two of its ticks. */
const INTERVAL_MINUTES = {
  invoice_generator: 60,
  invoice_finalizer: 5,
  overdue_scan: 60,
  billing_invariants: 24 * 60,
  [RECONCILER]: 24 * 60,
};
/** After a start, these may not have run for hours: that is no reason to doubt. */
const MAY_BE_UNKNOWN: ReadonlySet<string> = new Set(['overdue_scan', 'billing_invariants', RECONCILER]);

@Controller('api/v1/workers')
export class WorkersHealthController {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly scheduler: SchedulerRegistry,
    private readonly settings: Settings,
  ) {}

  @Get('health')
  @Requires('any')
  async health(): Promise<WorkersHealth> {
    const now = this.clock.now();
    const names = Object.keys(INTERVAL_MINUTES) as (keyof typeof INTERVAL_MINUTES)[];
    const { runs, parked } = await this.database.acrossOrganizations('health of the workers', async (tx) => ({
      runs: await loadRecentRuns(tx, names),
      parked: (await countParked(tx)) as Partial<Record<string, number>>,
    }));
    const workers = Object.fromEntries(
      names.map((name) => [
        name,
        workerHealth(
          runs.filter((run) => run.worker === name),
          INTERVAL_MINUTES[name],
          now,
          parked[name],
        ),
      ]),
    );
    return {
      timestamp: now.toISOString(),
      scheduler: { running: this.settings.schedulerEnabled, jobs: this.jobs() },
      workers,
      overall_status: overallStatus(
        names.filter((name) => workers[name].last_run || !MAY_BE_UNKNOWN.has(name)).map((name) => workers[name]),
      ),
    };
  }

  private jobs(): WorkersHealth['scheduler']['jobs'] {
    return [...this.scheduler.getCronJobs()].map(([id, job]) => ({ id, next_run_time: job.nextDate().toUTC().toISO() }));
  }
}
