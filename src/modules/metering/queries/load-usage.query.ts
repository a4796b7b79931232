import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Aggregation } from '../domain/index.js';
import type { Meter } from '../meter.entity.js';

export interface UsageSpan {
  /** ISO 8601 text, so that microseconds survive. */
  from: string;
  to: string;
}

export type UsageGroup = Record<string, string | null>;

export interface UsageRow {
  /** Which of the spans, from 0. */
  span: number;
  group: UsageGroup | null;
  value: string;
  /** The last value in it, of a meter that carries over: what the next span starts with. */
  latest: string | null;
  eventCount: number;
}

interface UsageInput {
  meterId: string;
  customerId: string | null;
}

const COUNTED = `e.organization_id = $1 AND e.meter_id = $2 AND ($3::uuid IS NULL OR e.customer_id = $3) AND e.counted
  AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id)`;
const IN_SPANS = `e.day >= ($4::timestamptz AT TIME ZONE 'UTC')::date AND e.day <= ($5::timestamptz AT TIME ZONE 'UTC')::date
  AND e.occurred_at >= $4 AND e.occurred_at < $5`;
const WHOLE_DAYS = `c.organization_id = $1 AND c.meter_id = $2 AND ($3::uuid IS NULL OR c.customer_id = $3)
  AND c.day >= ($4::timestamptz AT TIME ZONE 'UTC')::date AND c.day < ($5::timestamptz AT TIME ZONE 'UTC')::date AND c.day <> ALL ($6::date[])`;
const LATEST = 'ROW(e.occurred_at, e.received_at, e.id, e.value, e.digest)::usage_latest';
const DAY_START = `c.day::timestamp AT TIME ZONE 'UTC'`;

/**
 * What is counted in consecutive spans, each part with the span it is in: whole UTC days from the counters; days that a span's
 * end cuts in two, from the raw events of those days. Each is passed over once, however many spans there are.
 * Served by the primary keys of the counters and by usage_events_reading_idx.
 */
const PARTS = `meter AS (SELECT * FROM meters WHERE organization_id = $1 AND id = $2), parts AS (
    SELECT width_bucket(${DAY_START}, $7::timestamptz[]) AS span, c.customer_id, c.event_count, c.total, c.highest, c.latest
      FROM usage_counters c WHERE ${WHOLE_DAYS}
     UNION ALL
    SELECT width_bucket(e.occurred_at, $7::timestamptz[]), e.customer_id, 1, e.value, e.value,
           CASE WHEN m.aggregation = 'LAST' OR m.carries_over THEN ${LATEST} END
      FROM meter m JOIN usage_events e ON ${COUNTED} AND ${IN_SPANS} AND e.day = ANY ($6::date[])
  ), members AS (
    SELECT width_bucket(${DAY_START}, $7::timestamptz[]) AS span, c.customer_id, c.member_hash
      FROM meter m JOIN usage_counter_members c ON m.aggregation = 'UNIQUE_COUNT' AND ${WHOLE_DAYS}
     UNION ALL
    SELECT width_bucket(e.occurred_at, $7::timestamptz[]), e.customer_id, usage_member_hash(e.member)
      FROM meter m JOIN usage_events e ON m.aggregation = 'UNIQUE_COUNT' AND ${COUNTED} AND ${IN_SPANS} AND e.day = ANY ($6::date[])
  )`;

const LATEST_OF_PARTS = '((array_agg(p.latest ORDER BY p.latest DESC) FILTER (WHERE (p.latest).id IS NOT NULL))[1]).value';

/** The value of parts and their distinct members `u`. */
const VALUE = `coalesce(CASE m.aggregation
           WHEN 'SUM' THEN sum(p.total)
           WHEN 'COUNT' THEN sum(p.event_count)
           WHEN 'UNIQUE_COUNT' THEN max(u.members)
           WHEN 'MAX' THEN max(p.highest)
           WHEN 'LAST' THEN ${LATEST_OF_PARTS}
         END, 0)`;

function values(tx: EntityManager, { meterId, customerId }: UsageInput, spans: readonly UsageSpan[]): unknown[] {
  const ends = [...spans.map(({ from }) => from), spans[spans.length - 1].to];
  const cutDays = new Set(ends.filter((end) => !/T00:00:00(\.0+)?Z$/.test(end)).map((end) => end.slice(0, 10)));
  return [organizationOf(tx), meterId, customerId, ends[0], ends[ends.length - 1], [...cutDays], ends.slice(0, -1)];
}

/**
 * Usage of one meter over consecutive spans, of one customer or of all, whole or by event properties. A span (or group) without
 * events has no row.
 */
export async function loadUsage(
  tx: EntityManager,
  input: UsageInput & { spans: UsageSpan[]; groupBy: string[]; limit: number },
): Promise<UsageRow[]> {
  const { spans, groupBy, limit } = input;
  const counted = values(tx, input, spans);
  const isWhole = groupBy.length === 0;
  const rows = await tx.query<(Omit<UsageRow, 'span' | 'eventCount'> & { span: string; event_count: string })[]>(
    isWhole ? WHOLE : GROUPED,
    isWhole ? counted : [...counted.toSpliced(5, 1, groupBy), limit],
  );
  return rows.map(({ span, event_count, ...row }) => ({ ...row, span: Number(span) - 1, eventCount: Number(event_count) }));
}

const WHOLE = `WITH ${PARTS}
  SELECT p.span, NULL AS "group", sum(p.event_count) AS event_count, ${VALUE}::text AS value,
         CASE WHEN m.carries_over THEN ${LATEST_OF_PARTS} END::text AS latest
    FROM meter m CROSS JOIN parts p LEFT JOIN (SELECT span, count(DISTINCT member_hash) AS members FROM members GROUP BY span) AS u USING (span)
   GROUP BY p.span, m.aggregation, m.carries_over HAVING sum(p.event_count) > 0 ORDER BY p.span`;

const GROUP = `(SELECT jsonb_object_agg(p.name, e.properties ->> p.name) FROM unnest($6::text[]) AS p (name)) AS "group"`;
const LATEST_FIRST = 'e.occurred_at DESC, e.received_at DESC, e.id DESC';

/** Properties are in the raw events alone. */
const GROUPED = `SELECT width_bucket(e.occurred_at, $7::timestamptz[]) AS span, ${GROUP}, count(*) AS event_count,
         ((array_agg(e.value ORDER BY ${LATEST_FIRST}) FILTER (WHERE m.carries_over))[1])::text AS latest,
         coalesce(CASE m.aggregation
           WHEN 'SUM' THEN sum(e.value)
           WHEN 'COUNT' THEN count(*)
           WHEN 'UNIQUE_COUNT' THEN count(DISTINCT e.member)
           WHEN 'MAX' THEN max(e.value)
           WHEN 'LAST' THEN (array_agg(e.value ORDER BY ${LATEST_FIRST}) FILTER (WHERE m.aggregation = 'LAST'))[1]
         END, 0)::text AS value
    FROM meters m JOIN usage_events e ON ${COUNTED} AND ${IN_SPANS}
   WHERE m.organization_id = $1 AND m.id = $2
   GROUP BY span, "group", m.aggregation
   ORDER BY span, "group" LIMIT $8`;

/** The last value known before an instant, in all (from the counters) or by event properties (from the raw events). */
export function loadCarriedValues(
  tx: EntityManager,
  input: UsageInput & { before: string; groupBy: string[]; limit: number },
): Promise<{ group: UsageGroup | null; value: string }[]> {
  const { meterId, customerId, before, groupBy, limit } = input;
  const key = [organizationOf(tx), meterId, customerId, before];
  if (groupBy.length === 0)
    return tx.query(`SELECT NULL AS "group", (p.latest).value::text AS value ${CARRIED} ORDER BY p.latest DESC LIMIT 1`, key);
  return tx.query(
    `SELECT DISTINCT ON ("group") ${GROUP}, e.value::text AS value FROM usage_events e
      WHERE ${COUNTED} AND e.occurred_at < $4 AND e.day <= ($4::timestamptz AT TIME ZONE 'UTC')::date ORDER BY "group", ${LATEST_FIRST} LIMIT $5`,
    [...key, limit, groupBy],
  );
}

/** Last events before the instant $4: of each earlier day from the counters, of its own day from the raw events. */
const CARRIED = `FROM (
    SELECT c.customer_id, c.latest FROM usage_counters c
     WHERE c.organization_id = $1 AND c.meter_id = $2 AND ($3::uuid IS NULL OR c.customer_id = $3)
       AND c.day < ($4::timestamptz AT TIME ZONE 'UTC')::date AND (c.latest).id IS NOT NULL
     UNION ALL
    SELECT e.customer_id, ${LATEST} FROM usage_events e
     WHERE ${COUNTED} AND e.day = ($4::timestamptz AT TIME ZONE 'UTC')::date AND e.occurred_at < $4
       AND e.occurred_at >= $4::timestamptz - interval '1 day'
  ) AS p`;

export interface CustomerUsageRow {
  customerId: string;
  value: string;
  eventCount: number;
}

/**
 * What each customer used of a meter in a span, the greatest first. A customer of a meter that carries over is in it from its first
 * event on.
 */
export async function loadUsageByCustomer(
  tx: EntityManager,
  input: { meter: Pick<Meter, 'id' | 'aggregation' | 'carriesOver'>; span: UsageSpan; limit: number },
): Promise<CustomerUsageRow[]> {
  const { meter, span, limit } = input;
  const [organizationId, meterId, customerId, from, to, cutDays, starts] = values(tx, { meterId: meter.id, customerId: null }, [
    span,
  ]);
  const aggregate = meter.carriesOver ? undefined : ADDING_UP[meter.aggregation];
  const key = [organizationId, meterId, customerId, from, to, cutDays];
  const rows = await tx.query<(Omit<CustomerUsageRow, 'eventCount'> & { event_count: string })[]>(
    aggregate ? addedUp(aggregate, (cutDays as string[]).length > 0) : BY_CUSTOMER,
    aggregate ? [...key, limit] : [...key, starts, limit],
  );
  return rows.map(({ event_count, ...row }) => ({ ...row, eventCount: Number(event_count) }));
}

/** Aggregations whose value is one aggregate of the counters: which, of which column, and what an event has in its place. */
const ADDING_UP: Partial<Record<Aggregation, readonly [aggregate: string, column: string, ofEvent: string]>> = {
  SUM: ['sum', 'total', 'e.value'],
  COUNT: ['sum', 'event_count', '1'],
  MAX: ['max', 'highest', 'e.value'],
};

/**
 * The plain case of BY_CUSTOMER, at a fraction of its cost: nothing but the columns it needs, and no raw events where the span
 * consists of whole days. A month of ten thousand customers is read in a few hundredths of a second.
 */
const addedUp = ([aggregate, column, ofEvent]: readonly [string, string, string], isCut: boolean): string => `
  SELECT r.customer_id AS "customerId", r.value::text AS value, r.event_count FROM (
    SELECT p.customer_id, sum(p.event_count) AS event_count, coalesce(${aggregate}(p.part), 0) AS value FROM (
      SELECT c.customer_id, c.event_count, c.${column} AS part FROM usage_counters c WHERE ${WHOLE_DAYS}
      ${
        isCut
          ? `UNION ALL SELECT e.customer_id, 1, ${ofEvent} FROM usage_events e WHERE ${COUNTED} AND ${IN_SPANS} AND e.day = ANY ($6::date[])`
          : ''
      }
    ) AS p GROUP BY p.customer_id HAVING sum(p.event_count) > 0
  ) AS r ORDER BY r.value DESC, r.customer_id LIMIT $7`;

const BY_CUSTOMER = `WITH ${PARTS}, carried AS (
    SELECT p.customer_id, (array_agg(p.latest ORDER BY p.latest DESC))[1] AS latest ${CARRIED}
     WHERE (SELECT carries_over FROM meter) GROUP BY p.customer_id
  ), known AS (
    SELECT customer_id, event_count, total, highest, latest FROM parts WHERE event_count > 0
     UNION ALL
    SELECT customer_id, 0, NULL, (latest).value, latest FROM carried
  )
  SELECT r.customer_id AS "customerId", r.value::text AS value, r.event_count FROM (
    SELECT p.customer_id, sum(p.event_count) AS event_count, ${VALUE} AS value
      FROM meter m CROSS JOIN known p
      LEFT JOIN (SELECT customer_id, count(DISTINCT member_hash) AS members FROM members GROUP BY customer_id) AS u USING (customer_id)
     GROUP BY p.customer_id, m.aggregation, m.carries_over HAVING sum(p.event_count) > 0 OR m.carries_over
  ) AS r ORDER BY r.value DESC, r.customer_id LIMIT $8`;

/** How many customers have counted events in a span. */
export async function countUsageCustomers(tx: EntityManager, input: UsageInput, span: UsageSpan): Promise<number> {
  const [row] = await tx.query<{ count: string }[]>(
    `WITH ${PARTS} SELECT count(DISTINCT customer_id) AS count FROM parts WHERE event_count > 0`,
    values(tx, input, [span]),
  );
  return Number(row.count);
}
