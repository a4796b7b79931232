import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Page } from '../../../platform/graphql/connection.js';
import type { RunOutcome } from '../domain/worker-health.js';

/** What a run has come to, so far. */
export interface RunCounts {
  found: number;
  done: number;
  failed: number;
}

/** What a step of a run has done for one organization. */
export interface RunShare extends RunCounts {
  organizationId: string;
}

/** Adds to a run's counts and to the shares of its organizations. In the transaction that did the work: the log tells what was committed. */
export async function addToRun(tx: EntityManager, runId: string, shares: readonly RunShare[]): Promise<void> {
  await tx.query(
    `WITH shares AS (
       SELECT w."organizationId" AS organization_id, sum(w.found)::int AS found, sum(w.done)::int AS done, sum(w.failed)::int AS failed
         FROM jsonb_to_recordset($2::jsonb) AS w ("organizationId" uuid, found int, done int, failed int) GROUP BY 1
     ), stored AS (
       INSERT INTO worker_run_shares AS s (organization_id, id, found, done, failed)
       SELECT organization_id, $1::uuid, found, done, failed FROM shares ORDER BY organization_id
       ON CONFLICT (organization_id, id) DO UPDATE SET found = s.found + excluded.found, done = s.done + excluded.done, failed = s.failed + excluded.failed
     )
     UPDATE worker_runs r SET found = r.found + t.found, done = r.done + t.done, failed = r.failed + t.failed
       FROM (SELECT sum(found) AS found, sum(done) AS done, sum(failed) AS failed FROM shares) AS t WHERE r.id = $1`,
    [runId, JSON.stringify(shares)],
  );
}

/** Notes what a check of everything came to. It is nobody's share: what broke is told to whom it belongs by asking for it. */
export const noteCheck = (tx: EntityManager, runId: string, checked: number, failed: number): Promise<unknown> =>
  tx.query('UPDATE worker_runs SET found = $2, done = $2, failed = $3 WHERE id = $1', [runId, checked, failed]);

/** Ends a run; what it has come to. */
export async function finishRun(tx: EntityManager, runId: string, finishedAt: Date, error: string | null): Promise<RunCounts> {
  const [[counts]] = await tx.query<[RunCounts[], number]>(
    'UPDATE worker_runs SET finished_at = $2, error = $3 WHERE id = $1 RETURNING found, done, failed',
    [runId, finishedAt, error],
  );
  return counts;
}

/** The last finished runs of each worker, newest first. Served by worker_runs_worker_idx. */
export const loadRecentRuns = (tx: EntityManager, workers: readonly string[]): Promise<(RunOutcome & { worker: string })[]> =>
  tx.query(
    `SELECT r.worker, r.started_at AS "startedAt", r.finished_at AS "finishedAt", r.failed, r.error
       FROM unnest($1::text[]) AS w (worker)
      CROSS JOIN LATERAL (SELECT * FROM worker_runs x WHERE x.worker = w.worker AND x.finished_at IS NOT NULL ORDER BY x.started_at DESC LIMIT 10) AS r
      ORDER BY r.started_at DESC`,
    [workers],
  );

/** A run as an organization sees it: the counts are its own share. */
export interface WorkerRunRow extends RunCounts {
  id: string;
  worker: string;
  startedAt: Date;
  finishedAt: Date | null;
  stopped: boolean;
}

/** Runs, newest first. Served by the primary keys. */
export const loadWorkerRuns = (tx: EntityManager, worker: string | null, page: Page): Promise<WorkerRunRow[]> =>
  tx.query(
    `SELECT r.id, r.worker, r.started_at AS "startedAt", r.finished_at AS "finishedAt", r.error IS NOT NULL AS stopped,
            coalesce(s.found, 0) AS found, coalesce(s.done, 0) AS done, coalesce(s.failed, 0) AS failed
       FROM worker_runs r LEFT JOIN worker_run_shares s ON s.organization_id = $1 AND s.id = r.id
      WHERE ($2::text IS NULL OR r.worker = $2) AND ($3::uuid IS NULL OR r.id < $3) ORDER BY r.id DESC LIMIT $4`,
    [organizationOf(tx), worker, page.after, page.size + 1],
  );

export async function countWorkerRuns(tx: EntityManager, worker: string | null): Promise<number> {
  const [row] = await tx.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM worker_runs WHERE $1::text IS NULL OR worker = $1',
    [worker],
  );
  return row.count;
}

/** Nobody asks about older runs. */
const KEPT_DAYS = 90;

export const deleteOldRuns = (tx: EntityManager, now: Date): Promise<unknown> =>
  tx.query(
    `WITH gone AS (DELETE FROM worker_runs WHERE started_at < $1::timestamptz - interval '${KEPT_DAYS} days' RETURNING id)
     DELETE FROM worker_run_shares s USING gone WHERE s.id = gone.id`,
    [now],
  );
