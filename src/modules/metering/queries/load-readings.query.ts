import type { EntityManager } from 'typeorm';
import { DAY_MS } from '../../../shared/calendar.js';
import { decimal } from '../../../shared/decimal.js';
import type { Reading, ReadingRequest } from '../domain/index.js';

export interface OwnedReadingRequest extends ReadingRequest {
  organizationId: string;
}

export interface TenantReadingRequest extends OwnedReadingRequest {
  /** A transaction snapshot: count what was visible in it. null: everything known by now. */
  knownAt: string | null;
}

/** Readings of the present, with the transaction snapshot they were taken in: asked for it later, the raw events give the same. */
export interface PresentReadings {
  snapshot: string;
  readings: Reading[];
}

/**
 * Reads many meters at once (billing-rules §4): one row per request, in the order of the requests, whatever organizations
 * they belong to. No events: 0; a meter that carries over starts with the last value known before the window. What is known by
 * now comes from the counters, what was known at a snapshot from the raw events.
 */
export async function loadReadings(tx: EntityManager, requests: readonly TenantReadingRequest[]): Promise<Reading[]> {
  const present = requests.filter(({ knownAt }) => knownAt === null);
  const past = requests.filter(({ knownAt }) => knownAt !== null);
  const { readings } = await loadPresentReadings(tx, present);
  const pastReadings = await loadPastReadings(tx, past);
  let presentIndex = 0;
  let pastIndex = 0;
  return requests.map(({ knownAt }) => (knownAt === null ? readings[presentIndex++] : pastReadings[pastIndex++]));
}

interface ReadingRow {
  value: string;
  event_count: string;
  events_hash: string;
}

const readingOf = ({ meterId, customerId, from, to }: ReadingRequest, row: ReadingRow): Reading => ({
  meterId,
  customerId,
  from,
  to,
  value: decimal(row.value),
  eventCount: Number(row.event_count),
  eventsHash: row.events_hash,
});

/** One row a request, in order. Also the first and last instant asked about, so that the planner leaves other months' partitions out. */
const windowValues = (requests: readonly ReadingRequest[]): unknown[] => [
  requests.map((request) => request.meterId),
  requests.map((request) => request.customerId),
  requests.map((request) => request.from),
  requests.map((request) => request.to),
  requests.reduce((least, { from }) => (from < least ? from : least), requests[0].from),
  requests.reduce((most, { to }) => (to > most ? to : most), requests[0].to),
];

const WINDOWS = `unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]`;

const VALUE = `coalesce(CASE m.aggregation
              WHEN 'SUM' THEN u.total
              WHEN 'COUNT' THEN u.event_count
              WHEN 'UNIQUE_COUNT' THEN u.members
              WHEN 'MAX' THEN greatest(u.highest, carried.value)
              WHEN 'LAST' THEN coalesce(u.latest, carried.value)
            END, 0)::text AS value, u.event_count, (u.digests + coalesce(carried.digest, 0))::text AS events_hash`;

const isRagged = ({ from, to }: ReadingRequest): boolean => from.getTime() % DAY_MS !== 0 || to.getTime() % DAY_MS !== 0;

/**
 * Readings of what is known by now, and the snapshot of this very statement. Whole UTC days come from the counters; the edges of
 * a window that does not begin or end with one come from the raw events of those two days. Counters are written with their events,
 * so that both tell the same at every snapshot.
 * Served by the primary keys of the counters and by usage_events_reading_idx; the days in a window are skipped through.
 */
export async function loadPresentReadings(tx: EntityManager, requests: readonly OwnedReadingRequest[]): Promise<PresentReadings> {
  if (requests.length === 0) return { snapshot: await currentSnapshot(tx), readings: [] };
  const { text, values } = presentReadings(requests);
  const rows = await tx.query<(ReadingRow & { snapshot: string })[]>(text, values);
  // A meter or customer that is not there has no row; callers name only their own.
  return { snapshot: rows[0].snapshot, readings: rows.map((row, index) => readingOf(requests[index], row)) };
}

/** The statement behind `loadPresentReadings`, for statements that read other things with it: `value`, in the order of `ordinal`. */
export const presentReadings = (
  requests: readonly OwnedReadingRequest[],
): { ragged: boolean; text: string; values: unknown[] } => {
  const ragged = requests.some(isRagged);
  return {
    ragged,
    text: PRESENT[ragged ? 'ragged' : 'whole'],
    values: [requests.map(({ organizationId }) => organizationId), ...windowValues(requests)],
  };
};

const NOT_VOIDED =
  'NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id)';
const OF_WINDOW = 'organization_id = w.organization_id AND %.meter_id = w.meter_id AND %.customer_id = w.customer_id';
const ofWindow = (alias: string): string => `${alias}.${OF_WINDOW.replaceAll('%', alias)}`;

/** Raw events of the two edges: of the day the window begins in, up to the first whole day, and of the day it ends in. */
const edges = (columns: string): string =>
  ['e.day = w.start_day AND e.occurred_at < w.whole_start', 'e.day = w.end_day AND e.occurred_at >= w.whole_end']
    .map(
      (edge) => `UNION ALL SELECT ${columns} FROM usage_events e
          WHERE ${ofWindow('e')} AND ${edge} AND e.occurred_at >= w.start_at AND e.occurred_at < w.end_at
            AND e.occurred_at >= $6 AND e.occurred_at < $7 AND e.counted AND ${NOT_VOIDED}`,
    )
    .join('\n');

const LATEST = 'ROW(e.occurred_at, e.received_at, e.id, e.value, e.digest)::usage_latest';

const presentText = (ragged: boolean): string => `SELECT pg_current_snapshot()::text AS snapshot, w.ordinal, ${VALUE}
       FROM (SELECT i.*, (i.start_at AT TIME ZONE 'UTC')::date AS start_day, (i.end_at AT TIME ZONE 'UTC')::date AS end_day,
                    first_day AT TIME ZONE 'UTC' AS whole_start,
                    greatest(first_day, date_trunc('day', i.end_at AT TIME ZONE 'UTC')) AT TIME ZONE 'UTC' AS whole_end,
                    first_day::date AS first_day
               FROM ${WINDOWS}) WITH ORDINALITY AS i (organization_id, meter_id, customer_id, start_at, end_at, ordinal),
                    LATERAL (SELECT date_trunc('day', i.start_at AT TIME ZONE 'UTC' + interval '1 day' - interval '1 microsecond') AS first_day) AS d
              WHERE $6::timestamptz IS NOT NULL AND $7::timestamptz IS NOT NULL) AS w
       JOIN meters m ON m.organization_id = w.organization_id AND m.id = w.meter_id
       CROSS JOIN LATERAL (
         SELECT coalesce(sum(p.event_count), 0) AS event_count, coalesce(sum(p.digests), 0) AS digests, sum(p.total) AS total,
                max(p.highest) AS highest,
                ((array_agg(p.latest ORDER BY p.latest DESC) FILTER (WHERE m.aggregation = 'LAST' AND p.latest IS DISTINCT FROM NULL))[1]).value AS latest,
                CASE WHEN m.aggregation = 'UNIQUE_COUNT' THEN (
                  SELECT count(DISTINCT s.member_hash) FROM (
                    SELECT c.member_hash FROM usage_counter_members c
                     WHERE ${ofWindow('c')} AND c.day >= w.first_day AND c.day < w.end_day
                    ${ragged ? edges('usage_member_hash(e.member)') : ''}
                  ) AS s) END AS members
           FROM (SELECT c.event_count, c.digests, c.total, c.highest, c.latest FROM usage_counters c
                  WHERE ${ofWindow('c')} AND c.day >= w.first_day AND c.day < w.end_day
                 ${ragged ? edges(`1, e.digest, e.value, e.value, CASE WHEN m.aggregation = 'LAST' THEN ${LATEST} END`) : ''}
                ) AS p
       ) AS u
       LEFT JOIN LATERAL (
         SELECT (p.latest).value, (p.latest).digest FROM (
           (SELECT c.latest FROM usage_counters c WHERE m.carries_over AND ${ofWindow('c')} AND c.day < w.start_day AND (c.latest).id IS NOT NULL
             ORDER BY c.day DESC LIMIT 1)
           ${
             ragged
               ? `UNION ALL (SELECT ${LATEST} FROM usage_events e WHERE m.carries_over AND ${ofWindow('e')} AND e.day = w.start_day
              AND e.occurred_at >= $6::timestamptz - interval '1 day' AND e.occurred_at < w.start_at AND e.counted AND ${NOT_VOIDED}
             ORDER BY e.occurred_at DESC, e.received_at DESC, e.id DESC LIMIT 1)`
               : ''
           }
         ) AS p ORDER BY p.latest DESC LIMIT 1
       ) AS carried ON true
      ORDER BY w.ordinal`;

const PRESENT = { whole: presentText(false), ragged: presentText(true) };

/** Readings of what was visible in old snapshots, from the raw events. Served by usage_events_reading_idx. */
async function loadPastReadings(tx: EntityManager, requests: readonly TenantReadingRequest[]): Promise<Reading[]> {
  if (requests.length === 0) return [];
  const rows = await tx.query<ReadingRow[]>(PAST, [
    requests.map((request) => request.organizationId),
    ...windowValues(requests),
    requests.map((request) => request.knownAt),
  ]);
  return rows.map((row, index) => readingOf(requests[index], row));
}

const KNOWN = `pg_visible_in_snapshot(e.recorded_xid, w.known_at)
            AND NOT EXISTS (SELECT FROM usage_event_voids v WHERE v.organization_id = e.organization_id AND v.event_id = e.id
                              AND pg_visible_in_snapshot(v.recorded_xid, w.known_at))`;

const PAST = `SELECT ${VALUE}
       FROM ${WINDOWS}, $8::pg_snapshot[]) WITH ORDINALITY AS w (organization_id, meter_id, customer_id, start_at, end_at, known_at, ordinal)
       JOIN meters m ON m.organization_id = w.organization_id AND m.id = w.meter_id
       CROSS JOIN LATERAL (
         SELECT count(*) AS event_count, coalesce(sum(e.digest), 0) AS digests, sum(e.value) AS total, max(e.value) AS highest,
                count(DISTINCT e.member) FILTER (WHERE m.aggregation = 'UNIQUE_COUNT') AS members,
                (array_agg(e.value ORDER BY e.occurred_at DESC, e.received_at DESC, e.id DESC) FILTER (WHERE m.aggregation = 'LAST'))[1] AS latest
           FROM usage_events e
          WHERE ${ofWindow('e')} AND e.occurred_at >= w.start_at AND e.occurred_at < w.end_at AND e.occurred_at >= $6 AND e.occurred_at < $7
            AND e.day >= (w.start_at AT TIME ZONE 'UTC')::date AND e.day <= (w.end_at AT TIME ZONE 'UTC')::date
            AND e.counted AND ${KNOWN}
       ) AS u
       LEFT JOIN LATERAL (
         SELECT e.value, e.digest FROM usage_events e
          WHERE m.carries_over AND ${ofWindow('e')} AND e.occurred_at < w.start_at AND e.day <= (w.start_at AT TIME ZONE 'UTC')::date
            AND e.counted AND ${KNOWN}
          ORDER BY e.day DESC, e.occurred_at DESC, e.received_at DESC, e.id DESC LIMIT 1
       ) AS carried ON true
      ORDER BY w.ordinal`;

/** The present transaction snapshot: the cut-off of a reading, exact also for events that commit later than they arrived. */
async function currentSnapshot(tx: EntityManager): Promise<string> {
  const [row] = await tx.query<{ snapshot: string }[]>('SELECT pg_current_snapshot()::text AS snapshot');
  return row.snapshot;
}
