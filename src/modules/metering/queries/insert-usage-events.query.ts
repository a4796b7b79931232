import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

export interface NewUsageEvent {
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
  contentHash: Buffer;
  /** A whole number below 2^60, by which a set of events is told from another (see `Reading.eventsHash`). */
  digest: string;
}

/**
 * Claims the idempotency keys and stores the events whose key was free (or that have none), in one statement, so that a
 * duplicate cannot count and a crash cannot part a key from its event. Keys are claimed in their own order: batches that
 * share keys wait for one another and never deadlock. Returns the ids that were stored.
 * Served by the primary key of usage_event_keys.
 */
export async function insertUsageEvents(tx: EntityManager, events: NewUsageEvent[], receivedAt: Date): Promise<Set<string>> {
  const column = <K extends keyof NewUsageEvent>(name: K): NewUsageEvent[K][] => events.map((event) => event[name]);
  const rows = await tx.query<{ id: string }[]>(
    `WITH input AS (
       SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::numeric[], $8::boolean[], $9::numeric[], $10::text[],
                            $11::jsonb[], $12::text[], $13::bytea[], $14::bigint[])
         AS i (id, meter_id, customer_id, occurred_at, quantity, counted, value, member, properties, idempotency_key, content_hash, digest)
     ), claimed AS (
       INSERT INTO usage_event_keys (organization_id, idempotency_key, content_hash, event_id)
       SELECT $1, idempotency_key, content_hash, id FROM input WHERE idempotency_key IS NOT NULL ORDER BY idempotency_key, id
       ON CONFLICT DO NOTHING RETURNING event_id
     )
     INSERT INTO usage_events (organization_id, id, meter_id, customer_id, occurred_at, received_at, quantity, counted, value, member,
                               properties, idempotency_key, digest)
     SELECT $1, i.id, i.meter_id, i.customer_id, i.occurred_at, $2, i.quantity, i.counted, i.value, i.member, i.properties, i.idempotency_key, i.digest
       FROM input i WHERE i.idempotency_key IS NULL OR i.id IN (SELECT event_id FROM claimed)
     RETURNING id`,
    [
      organizationOf(tx),
      receivedAt,
      column('id'),
      column('meterId'),
      column('customerId'),
      column('occurredAt'),
      column('quantity'),
      column('counted'),
      column('value'),
      column('member'),
      column('properties'),
      column('idempotencyKey'),
      column('contentHash'),
      column('digest'),
    ],
  );
  return new Set(rows.map((row) => row.id));
}

export interface StoredKey {
  idempotencyKey: string;
  contentHash: Buffer;
  eventId: string;
}

/** Who holds these idempotency keys. Served by the primary key of usage_event_keys. */
export async function loadUsageEventKeys(tx: EntityManager, keys: string[]): Promise<Map<string, StoredKey>> {
  const rows = await tx.query<StoredKey[]>(
    `SELECT idempotency_key AS "idempotencyKey", content_hash AS "contentHash", event_id AS "eventId"
       FROM usage_event_keys WHERE organization_id = $1 AND idempotency_key = ANY ($2::text[])`,
    [organizationOf(tx), keys],
  );
  return new Map(rows.map((row) => [row.idempotencyKey, row]));
}
