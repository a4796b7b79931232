import type { EntityManager } from 'typeorm';
import { decimal } from '../../../shared/decimal.js';
import type { Reading, ReadingRequest } from '../domain/index.js';

export interface TenantReadingRequest extends ReadingRequest {
  organizationId: string;
  /** A transaction snapshot: count what was visible in it. null: everything known by now. */
  knownAt: string | null;
}

/**
 * Reads many meters at once (billing-rules §4): one row per request, in the order of the requests, whatever organizations
 * they belong to. No events: 0; a meter that carries over starts with the last value known before the window.
 * Served by usage_events_reading_idx (organization_id, customer_id, meter_id, occurred_at).
 */
export async function loadReadings(tx: EntityManager, requests: TenantReadingRequest[]): Promise<Reading[]> {
  if (requests.length === 0) return [];
  const rows = await tx.query<{ value: string; event_count: string; events_hash: string }[]>(
    `SELECT coalesce(CASE m.aggregation
              WHEN 'SUM' THEN u.total
              WHEN 'COUNT' THEN u.event_count
              WHEN 'UNIQUE_COUNT' THEN u.members
              WHEN 'MAX' THEN greatest(u.highest, carried.value)
              WHEN 'LAST' THEN coalesce(u.latest, carried.value)
            END, 0)::text AS value, u.event_count, (u.digests + coalesce(carried.digest, 0))::text AS events_hash
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::pg_snapshot[]) WITH ORDINALITY
              AS w (organization_id, meter_id, customer_id, start_at, end_at, known_at, ordinal)
       JOIN meters m ON m.organization_id = w.organization_id AND m.id = w.meter_id
       CROSS JOIN LATERAL (
         SELECT count(*) AS event_count, coalesce(sum(e.digest), 0) AS digests, sum(e.value) AS total, max(e.value) AS highest,
                count(DISTINCT e.member) FILTER (WHERE m.aggregation = 'UNIQUE_COUNT') AS members,
                (array_agg(e.value ORDER BY e.occurred_at DESC, e.received_at DESC, e.id DESC) FILTER (WHERE m.aggregation = 'LAST'))[1] AS latest
           FROM usage_events e
          WHERE e.organization_id = w.organization_id AND e.customer_id = w.customer_id AND e.meter_id = w.meter_id
            AND e.occurred_at >= w.start_at AND e.occurred_at < w.end_at AND e.counted
            AND (w.known_at IS NULL OR pg_visible_in_snapshot(e.recorded_xid, w.known_at))
            AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id
                              AND (w.known_at IS NULL OR pg_visible_in_snapshot(v.recorded_xid, w.known_at)))
       ) AS u
       LEFT JOIN LATERAL (
         SELECT e.value, e.digest FROM usage_events e
          WHERE m.carries_over AND e.organization_id = w.organization_id AND e.customer_id = w.customer_id AND e.meter_id = w.meter_id
            AND e.occurred_at < w.start_at AND e.counted
            AND (w.known_at IS NULL OR pg_visible_in_snapshot(e.recorded_xid, w.known_at))
            AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id
                              AND (w.known_at IS NULL OR pg_visible_in_snapshot(v.recorded_xid, w.known_at)))
          ORDER BY e.occurred_at DESC, e.received_at DESC, e.id DESC LIMIT 1
       ) AS carried ON true
      ORDER BY w.ordinal`,
    [
      requests.map((request) => request.organizationId),
      requests.map((request) => request.meterId),
      requests.map((request) => request.customerId),
      requests.map((request) => request.from),
      requests.map((request) => request.to),
      requests.map((request) => request.knownAt),
    ],
  );
  return rows.map((row, index) => {
    const { meterId, customerId, from, to } = requests[index];
    return {
      meterId,
      customerId,
      from,
      to,
      value: decimal(row.value),
      eventCount: Number(row.event_count),
      eventsHash: row.events_hash,
    };
  });
}

/** The present transaction snapshot: the cut-off of a reading, exact also for events that commit later than they arrived. */
export async function currentSnapshot(tx: EntityManager): Promise<string> {
  const [row] = await tx.query<{ snapshot: string }[]>('SELECT pg_current_snapshot()::text AS snapshot');
  return row.snapshot;
}
