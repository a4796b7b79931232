import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

/** A counter: what a customer used of a meter on a UTC day. */
export interface CounterKey {
  /** `YYYY-MM-DD` */
  day: string;
  meterId: string;
  customerId: string;
}

/**
 * Takes the locks of counters, in the order in which ingestion takes them, making those that are not there. What is computed
 * afterwards from raw events holds: whoever stores more for these counters waits, and adds to it later.
 */
export async function lockCounters(tx: EntityManager, keys: readonly CounterKey[]): Promise<void> {
  await tx.query(
    `INSERT INTO usage_counters AS c (organization_id, day, meter_id, customer_id, event_count, digests)
     SELECT DISTINCT $1::uuid, k.day, k.meter_id, k.customer_id, 0, 0 FROM unnest($2::date[], $3::uuid[], $4::uuid[]) AS k (day, meter_id, customer_id)
      ORDER BY 2, 3, 4
     ON CONFLICT ON CONSTRAINT usage_counters_pkey DO UPDATE SET event_count = c.event_count`,
    [
      organizationOf(tx),
      keys.map(({ day }) => day),
      keys.map(({ meterId }) => meterId),
      keys.map(({ customerId }) => customerId),
    ],
  );
}

/** Notes that an event counts no more; its own row stays. Its counter must be locked. Served by the primary key. */
export async function voidUsageEvent(
  tx: EntityManager,
  eventId: string,
  { reason, amendedBy, now }: { reason: string | null; amendedBy: string | null; now: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO usage_event_voids (organization_id, event_id, reason, voided_at, amended_by) VALUES ($1, $2, $3, $4, $5)`,
    [organizationOf(tx), eventId, reason, now, amendedBy],
  );
}

/** Computes a locked counter again from its raw events. Served by usage_events_reading_idx. */
export async function recountCounter(tx: EntityManager, { day, meterId, customerId }: CounterKey): Promise<void> {
  const key = [organizationOf(tx), day, meterId, customerId];
  await tx.query(
    `UPDATE usage_counters c
        SET event_count = r.event_count, digests = r.digests, total = r.total, highest = r.highest, latest = r.latest
       FROM (SELECT count(e.id) AS event_count, coalesce(sum(e.digest), 0) AS digests,
                    sum(e.value) FILTER (WHERE m.aggregation = 'SUM') AS total, max(e.value) FILTER (WHERE m.aggregation = 'MAX') AS highest,
                    (array_agg(ROW(e.occurred_at, e.received_at, e.id, e.value, e.digest)::usage_latest ORDER BY e.occurred_at DESC, e.received_at DESC, e.id DESC)
                       FILTER (WHERE e.id IS NOT NULL AND (m.aggregation = 'LAST' OR m.carries_over)))[1] AS latest
               FROM meters m LEFT JOIN ${COUNTED} ON true
              WHERE m.organization_id = $1 AND m.id = $3) AS r
      WHERE c.organization_id = $1 AND c.day = $2 AND c.meter_id = $3 AND c.customer_id = $4`,
    key,
  );
  await tx.query(
    `DELETE FROM usage_counter_members c
      WHERE c.organization_id = $1 AND c.day = $2 AND c.meter_id = $3 AND c.customer_id = $4
        AND c.member_hash NOT IN (SELECT usage_member_hash(e.member) FROM ${COUNTED} WHERE e.member IS NOT NULL)`,
    key,
  );
}

const COUNTED = `(SELECT x.* FROM usage_events x
                   WHERE x.organization_id = $1 AND x.day = $2 AND x.meter_id = $3 AND x.customer_id = $4 AND x.counted
                     AND x.occurred_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND x.occurred_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
                     AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = x.organization_id AND v.event_id = x.id)) AS e`;
