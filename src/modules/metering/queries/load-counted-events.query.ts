import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Page } from '../../../platform/graphql/connection.js';
import { EVENT_COLUMNS, type UsageEventRow } from './load-usage-events.query.js';

/** A window whose raw events are asked for: what a reading with the same cut-off counted. */
export interface CountedEventsRequest {
  meterId: string;
  customerId: string;
  /** ISO 8601 text. */
  from: string;
  to: string;
  /** A transaction snapshot; null: everything known by now. */
  knownAt: string | null;
}

const WINDOWS = `unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::pg_snapshot[]) WITH ORDINALITY
                   AS w (meter_id, customer_id, start_at, end_at, known_at, ordinal)`;

const COUNTED = `x.organization_id = $1 AND x.customer_id = w.customer_id AND x.meter_id = w.meter_id
  AND x.day >= (w.start_at AT TIME ZONE 'UTC')::date AND x.day <= (w.end_at AT TIME ZONE 'UTC')::date
  AND x.occurred_at >= w.start_at AND x.occurred_at < w.end_at AND x.counted
  AND (w.known_at IS NULL OR pg_visible_in_snapshot(x.recorded_xid, w.known_at))
  AND NOT EXISTS (SELECT FROM usage_event_voids y WHERE y.organization_id = x.organization_id AND y.event_id = x.id
                    AND (w.known_at IS NULL OR pg_visible_in_snapshot(y.recorded_xid, w.known_at)))`;

const parameters = (tx: EntityManager, requests: readonly CountedEventsRequest[]): unknown[] => [
  organizationOf(tx),
  requests.map((request) => request.meterId),
  requests.map((request) => request.customerId),
  requests.map((request) => request.from),
  requests.map((request) => request.to),
  requests.map((request) => request.knownAt),
];

/** A page of the events of each window, newest (by receipt) first, with one statement. Served by usage_events_reading_idx. */
export async function loadCountedEvents(
  tx: EntityManager,
  requests: readonly CountedEventsRequest[],
  page: Page,
): Promise<UsageEventRow[][]> {
  const rows = await tx.query<(UsageEventRow & { ordinal: string })[]>(
    `SELECT w.ordinal, ${EVENT_COLUMNS}
       FROM ${WINDOWS}
      CROSS JOIN LATERAL (SELECT x.* FROM usage_events x WHERE ${COUNTED} AND ($7::uuid IS NULL OR x.id < $7) ORDER BY x.id DESC LIMIT $8) AS e
       LEFT JOIN usage_event_voids v ON v.organization_id = e.organization_id AND v.event_id = e.id
      ORDER BY w.ordinal, e.id DESC`,
    [...parameters(tx, requests), page.after, page.size + 1],
  );
  const pages: UsageEventRow[][] = requests.map(() => []);
  for (const { ordinal, ...row } of rows) pages[Number(ordinal) - 1].push(row);
  return pages;
}

/** Numbers of events of each window, with one statement. Served by usage_events_reading_idx. */
export async function countCountedEvents(tx: EntityManager, requests: readonly CountedEventsRequest[]): Promise<number[]> {
  const rows = await tx.query<{ count: string }[]>(
    `SELECT e.count FROM ${WINDOWS} CROSS JOIN LATERAL (SELECT count(*) AS count FROM usage_events x WHERE ${COUNTED}) AS e ORDER BY w.ordinal`,
    parameters(tx, requests),
  );
  return rows.map((row) => Number(row.count));
}
