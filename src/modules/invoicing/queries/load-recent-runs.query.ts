import type { EntityManager } from 'typeorm';
import type { RunOutcome } from '../domain/worker-health.js';

/** The last finished runs of each worker, newest first. Served by worker_runs_worker_idx. */
export const loadRecentRuns = (tx: EntityManager, workers: readonly string[]): Promise<(RunOutcome & { worker: string })[]> =>
  tx.query(
    `SELECT r.worker, r.started_at AS "startedAt", r.finished_at AS "finishedAt", r.failed, r.error
       FROM unnest($1::text[]) AS w (worker)
      CROSS JOIN LATERAL (SELECT * FROM worker_runs x WHERE x.worker = w.worker AND x.finished_at IS NOT NULL ORDER BY x.started_at DESC LIMIT 10) AS r
      ORDER BY r.started_at DESC`,
    [workers],
  );
