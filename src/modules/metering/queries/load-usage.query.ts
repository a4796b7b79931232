import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

export interface UsageSpan {
  /** ISO 8601 text, so that microseconds survive. */
  from: string;
  to: string;
}

export interface UsageRow {
  /** Which of the spans, from 0. */
  span: number;
  group: Record<string, string | null> | null;
  value: string;
  eventCount: number;
}

/**
 * Usage of one meter over many spans, of one customer or of all, whole or by event properties. A span (or group) without
 * events has no row. Served by usage_events_reading_idx with a customer, by usage_events_meter_idx without.
 */
export async function loadUsage(
  tx: EntityManager,
  input: { meterId: string; customerId: string | null; spans: UsageSpan[]; groupBy: string[] },
): Promise<UsageRow[]> {
  const rows = await tx.query<
    { span: string; group: Record<string, string | null> | null; value: string; event_count: string }[]
  >(
    `SELECT w.ordinal AS span,
            CASE WHEN cardinality($6::text[]) = 0 THEN NULL
                 ELSE (SELECT jsonb_object_agg(p.name, e.properties ->> p.name) FROM unnest($6::text[]) AS p (name)) END AS "group",
            count(*) AS event_count,
            coalesce(CASE m.aggregation
              WHEN 'SUM' THEN sum(e.value)
              WHEN 'COUNT' THEN count(*)
              WHEN 'UNIQUE_COUNT' THEN count(DISTINCT e.member)
              WHEN 'MAX' THEN max(e.value)
              WHEN 'LAST' THEN (array_agg(e.value ORDER BY e.occurred_at DESC, e.received_at DESC, e.id DESC))[1]
            END, 0)::text AS value
       FROM unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY AS w (start_at, end_at, ordinal)
       JOIN meters m ON m.organization_id = $1 AND m.id = $2
       JOIN usage_events e ON e.organization_id = $1 AND e.meter_id = $2 AND ($3::uuid IS NULL OR e.customer_id = $3)
            AND e.occurred_at >= w.start_at AND e.occurred_at < w.end_at AND e.counted
            AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id)
      GROUP BY w.ordinal, "group", m.aggregation
      ORDER BY w.ordinal, "group"`,
    [
      organizationOf(tx),
      input.meterId,
      input.customerId,
      input.spans.map((span) => span.from),
      input.spans.map((span) => span.to),
      input.groupBy,
    ],
  );
  return rows.map((row) => ({
    span: Number(row.span) - 1,
    group: row.group,
    value: row.value,
    eventCount: Number(row.event_count),
  }));
}
