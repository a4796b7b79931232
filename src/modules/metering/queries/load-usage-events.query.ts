import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import type { Page } from '../../../platform/graphql/connection.js';

/** A stored event. Instants are ISO 8601 text with microseconds; `properties` is JSON text with the digits that were sent. */
export interface UsageEventRow {
  id: string;
  meterId: string;
  customerId: string;
  quantity: string | null;
  properties: string | null;
  timestamp: string;
  receivedAt: string;
  idempotencyKey: string | null;
  voidedAt: string | null;
  /** The event it replaced. */
  amendsId: string | null;
  /** The event that replaced it. */
  amendedById: string | null;
}

export interface UsageEventFilter {
  meterId?: string | null;
  customerId?: string | null;
  from?: string | null;
  to?: string | null;
  idempotencyKey?: string | null;
  /** Voided events only, or none of them. */
  voided?: boolean | null;
  /** JSON text of an object: events whose properties contain it. */
  properties?: string | null;
}

const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The columns of a row, of events `e` with their voids `v`. */
export const EVENT_COLUMNS = `e.id, e.meter_id AS "meterId", e.customer_id AS "customerId", e.quantity::text AS quantity, e.properties::text AS properties,
            ${iso('e.occurred_at')} AS "timestamp", ${iso('e.received_at')} AS "receivedAt", e.idempotency_key AS "idempotencyKey",
            ${iso('v.voided_at')} AS "voidedAt", e.amends_id AS "amendsId", v.amended_by AS "amendedById"`;

const SELECT = `SELECT ${EVENT_COLUMNS}
       FROM usage_events e LEFT JOIN usage_event_voids v ON v.organization_id = e.organization_id AND v.event_id = e.id`;

const WHERE = `e.organization_id = $1 AND ($2::uuid IS NULL OR e.meter_id = $2) AND ($3::uuid IS NULL OR e.customer_id = $3)
  AND ($4::timestamptz IS NULL OR e.occurred_at >= $4) AND ($5::timestamptz IS NULL OR e.occurred_at < $5)
  AND ($4::timestamptz IS NULL OR e.day >= ($4 AT TIME ZONE 'UTC')::date) AND ($5::timestamptz IS NULL OR e.day <= ($5 AT TIME ZONE 'UTC')::date)
  AND ($6::text IS NULL OR e.idempotency_key = $6)
  AND ($7::boolean IS NULL OR $7 = EXISTS (SELECT FROM usage_event_voids x WHERE x.organization_id = e.organization_id AND x.event_id = e.id))
  AND ($8::jsonb IS NULL OR e.properties @> $8)`;

const parameters = (tx: EntityManager, filter: UsageEventFilter): unknown[] => [
  organizationOf(tx),
  filter.meterId ?? null,
  filter.customerId ?? null,
  filter.from ?? null,
  filter.to ?? null,
  filter.idempotencyKey ?? null,
  filter.voided ?? null,
  filter.properties ?? null,
];

/** A page of events, newest (by receipt) first. Served by the primary key, or usage_events_reading_idx with customer and meter. */
export const loadUsageEvents = (tx: EntityManager, filter: UsageEventFilter, page: Page): Promise<UsageEventRow[]> =>
  tx.query<UsageEventRow[]>(`${SELECT} WHERE ${WHERE} AND ($9::uuid IS NULL OR e.id < $9) ORDER BY e.id DESC LIMIT $10`, [
    ...parameters(tx, filter),
    page.after,
    page.size + 1,
  ]);

export async function countUsageEvents(tx: EntityManager, filter: UsageEventFilter): Promise<number> {
  const [row] = await tx.query<{ count: string }[]>(
    `SELECT count(*) AS count FROM usage_events e WHERE ${WHERE}`,
    parameters(tx, filter),
  );
  return Number(row.count);
}

/** One event by id, or null. Served by the primary key. */
export async function findUsageEvent(tx: EntityManager, id: string): Promise<UsageEventRow | null> {
  const [row] = await tx.query<UsageEventRow[]>(`${SELECT} WHERE e.organization_id = $1 AND e.id = $2`, [organizationOf(tx), id]);
  return row ?? null;
}
