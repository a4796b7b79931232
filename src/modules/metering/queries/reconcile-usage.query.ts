import type { EntityManager } from 'typeorm';

export interface CounterDifference {
  organizationId: string;
  day: string;
  meterId: string;
  customerId: string;
  /** null: there is no counter, or no event. */
  counted: CounterState | null;
  recounted: CounterState | null;
}

export interface CounterState {
  eventCount: number;
  total: string | null;
  highest: string | null;
  latest: string | null;
  members: number;
}

export interface Reconciliation {
  /** Counters compared. */
  checked: number;
  differences: CounterDifference[];
}

interface Scope {
  /** null: all. */
  organizationId: string | null;
  /** So many days, picked at random; null: all. */
  sampleDays: number | null;
  now: Date;
}

/**
 * Computes counters again from the raw events and returns those that differ: by a value, by the events behind it (digests), by a
 * member. Writes nothing; one statement, one snapshot. Days whose events are no longer kept are left out.
 * Served by usage_events_reading_idx and the primary keys of the counters.
 */
export async function reconcileUsage(tx: EntityManager, { organizationId, sampleDays, now }: Scope): Promise<Reconciliation> {
  const [row] = await tx.query<{ checked: string; differences: CounterDifference[] | null }[]>(RECONCILE, [
    organizationId,
    sampleDays,
    now,
    MAX_DIFFERENCES,
  ]);
  return { checked: Number(row.checked), differences: row.differences ?? [] };
}

const MAX_DIFFERENCES = 100;
const KEY = 'organization_id, day, meter_id, customer_id';

const stateOf = (side: string): string =>
  `CASE WHEN ${side}.event_count IS NOT NULL THEN jsonb_build_object('eventCount', ${side}.event_count, 'total', ${side}.total::text,
     'highest', ${side}.highest::text, 'latest', (${side}.latest).value::text, 'members', coalesce(${side}.members, 0)) END`;

const RECONCILE = `WITH kept AS (
    SELECT o.id AS organization_id, CASE WHEN o.events_retention_days IS NULL THEN '-infinity'::date
             ELSE ($3::timestamptz AT TIME ZONE 'UTC')::date - o.events_retention_days + 31 END AS since
      FROM organizations o WHERE $1::uuid IS NULL OR o.id = $1
  ), months AS (
    SELECT replace(right(c.relname, 7), '_', '-') AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'usage_events'::regclass
  ), days AS (
    SELECT d.organization_id, d.day FROM (
      SELECT DISTINCT c.organization_id, c.day FROM usage_counters c JOIN kept k ON k.organization_id = c.organization_id AND c.day >= k.since
       WHERE c.day < '2000-01-01' OR to_char(c.day, 'YYYY-MM') IN (SELECT month FROM months)
       UNION
      SELECT DISTINCT e.organization_id, e.day FROM usage_events e JOIN kept k ON k.organization_id = e.organization_id AND e.day >= k.since
       WHERE $2::int IS NULL
    ) AS d ORDER BY CASE WHEN $2::int IS NULL THEN 0 ELSE random() END LIMIT $2
  ), raw AS (
    SELECT ${KEY}, count(*) AS event_count, sum(digest) AS digests, sum(value) FILTER (WHERE m.aggregation = 'SUM') AS total,
           max(value) FILTER (WHERE m.aggregation = 'MAX') AS highest,
           (array_agg(ROW(occurred_at, received_at, e.id, value, digest)::usage_latest ORDER BY occurred_at DESC, received_at DESC, e.id DESC)
              FILTER (WHERE m.aggregation = 'LAST' OR m.carries_over))[1] AS latest,
           nullif(count(DISTINCT member), 0) AS members,
           array_agg(DISTINCT usage_member_hash(member)) FILTER (WHERE member IS NOT NULL) AS member_hashes
      FROM days JOIN usage_events e USING (organization_id, day)
      JOIN (SELECT organization_id, id AS meter_id, aggregation, carries_over FROM meters) AS m USING (organization_id, meter_id)
     WHERE e.counted AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id)
     GROUP BY ${KEY}
  ), members AS (
    SELECT ${KEY}, count(*) AS members, array_agg(member_hash ORDER BY member_hash) AS member_hashes
      FROM days JOIN usage_counter_members c USING (organization_id, day) GROUP BY ${KEY}
  ), counters AS (
    SELECT c.*, s.members, s.member_hashes FROM days JOIN usage_counters c USING (organization_id, day)
      LEFT JOIN members s USING (${KEY}) WHERE c.event_count > 0 OR s.members > 0
  ), compared AS (
    SELECT coalesce(c.organization_id, r.organization_id) AS organization_id, coalesce(c.day, r.day) AS day,
           coalesce(c.meter_id, r.meter_id) AS meter_id, coalesce(c.customer_id, r.customer_id) AS customer_id,
           (c.event_count, c.digests, c.total, c.highest, c.latest, c.member_hashes)
             IS DISTINCT FROM (r.event_count, r.digests, r.total, r.highest, r.latest, r.member_hashes) AS differs,
           ${stateOf('c')} AS counted, ${stateOf('r')} AS recounted
      FROM counters c FULL JOIN raw r USING (${KEY})
  )
  SELECT (SELECT count(*) FROM compared) AS checked,
         (SELECT jsonb_agg(jsonb_build_object('organizationId', d.organization_id, 'day', d.day, 'meterId', d.meter_id, 'customerId', d.customer_id,
                   'counted', d.counted, 'recounted', d.recounted))
            FROM (SELECT * FROM compared WHERE differs ORDER BY ${KEY} LIMIT $4) AS d) AS differences`;
