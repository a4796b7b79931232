import type { PreparedStatement } from '../../../platform/database/database.js';
import type { Aggregation } from '../domain/index.js';

export interface NewUsageEvent {
  organizationId: string;
  id: string;
  meterId: string;
  customerId: string;
  /** ISO 8601 with microseconds. */
  occurredAt: string;
  quantity: string | null;
  counted: boolean;
  value: string | null;
  member: string | null;
  properties: string | null;
  idempotencyKey: string | null;
  /** 32 hexadecimal digits that stand for the idempotency key; null: the event has none. */
  keyHash: string | null;
  contentHash: string;
  /** A whole number below 2^60, by which a set of events is told from another (see `Reading.eventsHash`). */
  digest: string;
  amendsId: string | null;
  aggregation: Aggregation;
  /** The meter needs the last value of each day. */
  keepsLatest: boolean;
}

/** An event that was not stored because its key was taken. `holder` is null when its transaction is only just visible now. */
export interface RefusedEvent {
  id: string;
  holderId: string | null;
  holderContentHash: string | null;
}

/**
 * Claims the idempotency keys, stores the events whose key was free (or that have none) and counts them, in one statement:
 * a duplicate cannot count, a crash cannot part a key, its event and its counter. It returns the events that were refused.
 *
 * Locks are taken in one order, whatever a batch holds: keys by hash, then counters by their key, then members. Batches
 * that share some wait for one another and never deadlock. Prepared once a connection; parts that no event of the batch needs
 * (last values, members) are left out. The arrays are written as text here: two thirds of the driver's time went into that.
 *
 * Measured, 1,000 events a statement: the daily counters add about a fifth to the time; hourly ones beside them another fifth, and
 * with customers that send a few events a day they would hold a row per event. So a day is the unit, and edges are read raw.
 */
export function recordUsage(events: readonly NewUsageEvent[], receivedAt: Date): PreparedStatement {
  const keepsLatest = events.some((event) => event.keepsLatest);
  const hasMembers = events.some((event) => event.member !== null);
  const column = <K extends keyof NewUsageEvent>(name: K): string => {
    let text = '{';
    for (let index = 0; index < events.length; index += 1) {
      const value = events[index][name];
      text += `${index === 0 ? '' : ','}${value === null ? 'NULL' : String(value)}`;
    }
    return `${text}}`;
  };
  const textColumn = (name: 'member' | 'properties' | 'idempotencyKey'): string => {
    let text = '{';
    for (let index = 0; index < events.length; index += 1) text += `${index === 0 ? '' : ','}${quoted(events[index][name])}`;
    return `${text}}`;
  };
  return {
    name: `record_usage${keepsLatest ? '_latest' : ''}${hasMembers ? '_members' : ''}`,
    text: textOf(keepsLatest, hasMembers),
    values: [
      receivedAt,
      column('organizationId'),
      column('id'),
      column('meterId'),
      column('customerId'),
      column('occurredAt'),
      column('quantity'),
      column('counted'),
      column('value'),
      textColumn('member'),
      textColumn('properties'),
      textColumn('idempotencyKey'),
      column('keyHash'),
      column('contentHash'),
      column('digest'),
      column('amendsId'),
      column('aggregation'),
      column('keepsLatest'),
    ],
  };
}

const quoted = (text: string | null): string => (text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`);

const COUNTER_KEY = 'organization_id, day, meter_id, customer_id';
const LATEST = `(array_agg(ROW(occurred_at, received_at, id, value, digest)::usage_latest ORDER BY occurred_at DESC, received_at DESC, id DESC)
                FILTER (WHERE keeps_latest))[1]`;

const membersCounted = `, members AS (
    INSERT INTO usage_counter_members (${COUNTER_KEY}, member_hash)
    SELECT DISTINCT organization_id, day, meter_id, customer_id, usage_member_hash(member) FROM fresh
     WHERE member IS NOT NULL AND (SELECT count(*) FROM counted) > 0
     ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT DO NOTHING)`;

const textOf = (keepsLatest: boolean, hasMembers: boolean): string => `WITH input AS MATERIALIZED (
    SELECT i.*, (i.occurred_at AT TIME ZONE 'UTC')::date AS day, $1::timestamptz AS received_at
      FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::numeric[], $8::boolean[], $9::numeric[], $10::text[],
                  $11::jsonb[], $12::text[], $13::uuid[], $14::bigint[], $15::bigint[], $16::uuid[], $17::text[], $18::boolean[])
        AS i (organization_id, id, meter_id, customer_id, occurred_at, quantity, counted, value, member, properties, idempotency_key,
              key_hash, content_hash, digest, amends_id, aggregation, keeps_latest)
  ), claimed AS (
    INSERT INTO usage_event_keys (organization_id, key_hash, event_id, content_hash)
    SELECT organization_id, key_hash, id, content_hash FROM input WHERE key_hash IS NOT NULL ORDER BY organization_id, key_hash, id
    ON CONFLICT DO NOTHING RETURNING event_id
  ), fresh AS MATERIALIZED (
    SELECT * FROM input i WHERE i.key_hash IS NULL OR i.id IN (SELECT event_id FROM claimed)
  ), stored AS (
    INSERT INTO usage_events (organization_id, id, meter_id, customer_id, occurred_at, received_at, digest, counted, quantity, value, member,
                              properties, idempotency_key, amends_id)
    SELECT organization_id, id, meter_id, customer_id, occurred_at, received_at, digest, counted, quantity, value, member,
           properties, idempotency_key, amends_id FROM fresh
  ), counted AS (
    INSERT INTO usage_counters AS c (${COUNTER_KEY}, event_count, digests, total, highest${keepsLatest ? ', latest' : ''})
    SELECT ${COUNTER_KEY}, count(*), sum(digest), sum(value) FILTER (WHERE aggregation = 'SUM'), max(value) FILTER (WHERE aggregation = 'MAX')
           ${keepsLatest ? `, ${LATEST}` : ''}
      FROM fresh WHERE counted GROUP BY ${COUNTER_KEY} ORDER BY ${COUNTER_KEY}
    ON CONFLICT ON CONSTRAINT usage_counters_pkey DO UPDATE SET
      event_count = c.event_count + excluded.event_count,
      digests = c.digests + excluded.digests,
      total = coalesce(c.total + excluded.total, c.total, excluded.total),
      highest = greatest(c.highest, excluded.highest)
      ${keepsLatest ? ', latest = greatest(c.latest, excluded.latest)' : ''}
    ${hasMembers ? 'RETURNING 1' : ''}
  )${hasMembers ? membersCounted : ''}, refused AS MATERIALIZED (
    SELECT i.id, i.organization_id, i.key_hash FROM input i
     WHERE i.key_hash IS NOT NULL AND NOT EXISTS (SELECT FROM claimed WHERE claimed.event_id = i.id)
  )
  SELECT r.id, k.event_id AS "holderId", k.content_hash AS "holderContentHash"
    FROM refused r LEFT JOIN LATERAL (SELECT h.event_id, h.content_hash FROM usage_event_keys h WHERE h.organization_id = r.organization_id AND h.key_hash = r.key_hash) AS k ON true`;

/** Who holds these keys: for events that were refused by a transaction the statement could not see yet. Served by the primary key. */
export const findKeyHolders = (organizationId: string, keyHashes: string[]): PreparedStatement => ({
  name: 'find_key_holders',
  text: `SELECT replace(key_hash::text, '-', '') AS "keyHash", event_id AS "holderId", content_hash AS "holderContentHash"
           FROM usage_event_keys WHERE organization_id = $1 AND key_hash = ANY ($2::uuid[])`,
  values: [organizationId, keyHashes],
});

/** As `findKeyHolders`, of several organizations; keys that nobody holds have no row. Served by the primary key. */
export const findHoldersOfKeys = (keys: readonly { organizationId: string; keyHash: string }[]): PreparedStatement => ({
  name: 'find_holders_of_keys',
  text: `SELECT k.organization_id AS "organizationId", replace(k.key_hash::text, '-', '') AS "keyHash", k.event_id AS "holderId",
                k.content_hash AS "holderContentHash"
           FROM unnest($1::uuid[], $2::uuid[]) AS i (organization_id, key_hash)
           JOIN usage_event_keys k ON k.organization_id = i.organization_id AND k.key_hash = i.key_hash`,
  values: [keys.map(({ organizationId }) => organizationId), keys.map(({ keyHash }) => keyHash)],
});

export interface KeyHolder {
  keyHash: string;
  holderId: string;
  holderContentHash: string;
}
