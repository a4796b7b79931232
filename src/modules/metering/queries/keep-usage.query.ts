import type { EntityManager } from 'typeorm';

/** Before which instant nobody keeps events; null: somebody keeps them for ever. One small table. */
export async function findRetentionEnd(tx: EntityManager, now: Date): Promise<Date | null> {
  const [row] = await tx.query<{ end: Date | null }[]>(
    `SELECT CASE WHEN bool_and(events_retention_days IS NOT NULL) THEN $1::timestamptz - max(events_retention_days) * interval '1 day' END AS end
       FROM organizations`,
    [now],
  );
  return row.end;
}

/**
 * Deletes the events of organizations that keep them for a shorter time than others do, whole months at a time, as a partition
 * would be dropped. Served by usage_events_reading_idx.
 */
export async function deleteExpiredEvents(tx: EntityManager, now: Date): Promise<void> {
  await tx.query(
    `DELETE FROM usage_events e USING organizations o
      WHERE o.events_retention_days IS NOT NULL AND e.organization_id = o.id
        AND e.day < date_trunc('month', $1::timestamptz AT TIME ZONE 'UTC' - o.events_retention_days * interval '1 day')::date`,
    [now],
  );
}

/** Notes a finished run of a worker, for the health of workers. */
export async function recordRun(
  tx: EntityManager,
  run: { id: string; worker: string; startedAt: Date; finishedAt: Date; found: number; failed: number; error: string | null },
): Promise<void> {
  await tx.query(
    `INSERT INTO worker_runs (id, worker, started_at, finished_at, found, failed, error) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [run.id, run.worker, run.startedAt, run.finishedAt, run.found, run.failed, run.error],
  );
}
