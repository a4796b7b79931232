/** A run as health sees it, newest first in a list. */
export interface RunOutcome {
  startedAt: Date;
  finishedAt: Date | null;
  failed: number;
  error: string | null;
}

export type HealthStatus = 'healthy' | 'warning' | 'critical' | 'stale' | 'unknown';

export interface WorkerHealth {
  status: HealthStatus;
  consecutive_failures: number;
  last_run: string | null;
  /** What has failed so often that it waits for a person; of workers that park nothing, not there. */
  parked?: number;
}

const CRITICAL_FAILURES = 3;
const MINUTE_MS = 60_000;

/** A worker's health by its runs, the newest first: failing, late by two ticks, leaving work to people, or well. */
export function workerHealth(runs: readonly RunOutcome[], intervalMinutes: number, now: Date, parked?: number): WorkerHealth {
  const firstSuccess = runs.findIndex((run) => run.error === null && run.failed === 0);
  const failures = firstSuccess === -1 ? runs.length : firstSuccess;
  const [last] = runs;
  return {
    status: statusOf(last, failures, parked ?? 0, intervalMinutes, now),
    consecutive_failures: failures,
    last_run: last?.startedAt.toISOString() ?? null,
    ...(parked === undefined ? {} : { parked }),
  };
}

function statusOf(
  last: RunOutcome | undefined,
  failures: number,
  parked: number,
  intervalMinutes: number,
  now: Date,
): HealthStatus {
  if (!last) return 'unknown';
  if (failures >= CRITICAL_FAILURES) return 'critical';
  if (now.getTime() - last.startedAt.getTime() > 2 * intervalMinutes * MINUTE_MS) return 'stale';
  return failures + parked > 0 ? 'warning' : 'healthy';
}

const WORST_FIRST: readonly HealthStatus[] = ['critical', 'warning', 'stale', 'unknown'];

/** The worst of them. */
export const overallStatus = (workers: readonly WorkerHealth[]): HealthStatus =>
  WORST_FIRST.find((worst) => workers.some(({ status }) => status === worst)) ?? 'healthy';
