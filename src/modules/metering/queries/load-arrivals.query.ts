import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { ReadingRequest } from '../domain/index.js';

export interface Arrivals {
  /** Counted events of the window that were recorded after the cut-off. */
  received: number;
  /** Events counted at the cut-off that have been voided since. */
  voided: number;
}

/**
 * What has become known of each window since its cut-off, in the order of the requests. Served by usage_events_reading_idx and
 * the primary key of usage_event_voids.
 */
export async function loadArrivals(tx: EntityManager, requests: (ReadingRequest & { knownAt: string })[]): Promise<Arrivals[]> {
  if (requests.length === 0) return [];
  const rows = await tx.query<{ received: string; voided: string }[]>(
    `SELECT count(*) FILTER (WHERE NOT e.was_known AND v.event_id IS NULL) AS received,
            count(*) FILTER (WHERE e.was_known AND v.event_id IS NOT NULL AND NOT pg_visible_in_snapshot(v.recorded_xid, w.known_at)) AS voided
       FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::pg_snapshot[]) WITH ORDINALITY
              AS w (meter_id, customer_id, start_at, end_at, known_at, ordinal)
       LEFT JOIN LATERAL (
         SELECT x.id, pg_visible_in_snapshot(x.recorded_xid, w.known_at) AS was_known FROM usage_events x
          WHERE x.organization_id = $1 AND x.customer_id = w.customer_id AND x.meter_id = w.meter_id
            AND x.day >= (w.start_at AT TIME ZONE 'UTC')::date AND x.day <= (w.end_at AT TIME ZONE 'UTC')::date
            AND x.occurred_at >= w.start_at AND x.occurred_at < w.end_at AND x.counted
       ) AS e ON true
       LEFT JOIN usage_event_voids v ON v.organization_id = $1 AND v.event_id = e.id
      GROUP BY w.ordinal ORDER BY w.ordinal`,
    [
      organizationOf(tx),
      requests.map((request) => request.meterId),
      requests.map((request) => request.customerId),
      requests.map((request) => request.from),
      requests.map((request) => request.to),
      requests.map((request) => request.knownAt),
    ],
  );
  return rows.map((row) => ({ received: Number(row.received), voided: Number(row.voided) }));
}
