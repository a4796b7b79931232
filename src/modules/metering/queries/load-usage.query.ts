import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

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
  groupBy: string[];
}

const GROUP = `CASE WHEN cardinality($4::text[]) = 0 THEN NULL
                 ELSE (SELECT jsonb_object_agg(p.name, e.properties ->> p.name) FROM unnest($4::text[]) AS p (name)) END AS "group"`;

const COUNTED = `e.organization_id = $1 AND e.meter_id = $2 AND ($3::uuid IS NULL OR e.customer_id = $3) AND e.counted
  AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id)`;

const LATEST_FIRST = 'e.occurred_at DESC, e.received_at DESC, e.id DESC';

/**
 * Usage of one meter over many spans, of one customer or of all, whole or by event properties. A span (or group) without
 * events has no row. Served by usage_events_reading_idx with a customer, by usage_events_meter_idx without.
 */
export async function loadUsage(
  tx: EntityManager,
  input: UsageInput & { spans: UsageSpan[]; limit: number },
): Promise<UsageRow[]> {
  const rows = await tx.query<(Omit<UsageRow, 'span' | 'eventCount'> & { span: string; event_count: string })[]>(
    `SELECT w.ordinal AS span, ${GROUP},
            count(*) AS event_count,
            ((array_agg(e.value ORDER BY ${LATEST_FIRST}) FILTER (WHERE m.carries_over))[1])::text AS latest,
            coalesce(CASE m.aggregation
              WHEN 'SUM' THEN sum(e.value)
              WHEN 'COUNT' THEN count(*)
              WHEN 'UNIQUE_COUNT' THEN count(DISTINCT e.member)
              WHEN 'MAX' THEN max(e.value)
              WHEN 'LAST' THEN (array_agg(e.value ORDER BY ${LATEST_FIRST}) FILTER (WHERE m.aggregation = 'LAST'))[1]
            END, 0)::text AS value
       FROM unnest($5::timestamptz[], $6::timestamptz[]) WITH ORDINALITY AS w (start_at, end_at, ordinal)
       JOIN meters m ON m.organization_id = $1 AND m.id = $2
       JOIN usage_events e ON ${COUNTED} AND e.occurred_at >= w.start_at AND e.occurred_at < w.end_at
      GROUP BY w.ordinal, "group", m.aggregation
      ORDER BY w.ordinal, "group" LIMIT $7`,
    [...parameters(tx, input), input.spans.map((span) => span.from), input.spans.map((span) => span.to), input.limit],
  );
  return rows.map(({ span, event_count, ...row }) => ({ ...row, span: Number(span) - 1, eventCount: Number(event_count) }));
}

/** The last value known before an instant, in all or by event properties. Served by the same indexes. */
export const loadCarriedValues = (
  tx: EntityManager,
  input: UsageInput & { before: string; limit: number },
): Promise<{ group: UsageGroup | null; value: string }[]> =>
  tx.query(
    `SELECT DISTINCT ON ("group") ${GROUP}, e.value::text AS value FROM usage_events e
      WHERE ${COUNTED} AND e.occurred_at < $5 ORDER BY "group", ${LATEST_FIRST} LIMIT $6`,
    [...parameters(tx, input), input.before, input.limit],
  );

/** How many customers have counted events in a span. Served by usage_events_reading_idx, or usage_events_meter_idx. */
export async function countUsageCustomers(
  tx: EntityManager,
  input: Omit<UsageInput, 'groupBy'>,
  span: UsageSpan,
): Promise<number> {
  const [row] = await tx.query<{ count: string }[]>(
    `SELECT count(DISTINCT e.customer_id) AS count FROM usage_events e
      WHERE ${COUNTED} AND e.occurred_at >= $4 AND e.occurred_at < $5`,
    [organizationOf(tx), input.meterId, input.customerId, span.from, span.to],
  );
  return Number(row.count);
}

const parameters = (tx: EntityManager, { meterId, customerId, groupBy }: UsageInput): unknown[] => [
  organizationOf(tx),
  meterId,
  customerId,
  groupBy,
];
