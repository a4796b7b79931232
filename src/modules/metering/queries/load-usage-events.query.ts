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
}

export interface UsageEventFilter {
  meterId?: string | null;
  customerId?: string | null;
  from?: string | null;
  to?: string | null;
  /** Only events that were visible in this transaction snapshot. */
  knownAt?: string | null;
  /** Leave out what the meter's filters leave out, and voided events. */
  countedOnly?: boolean;
}

const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const SELECT = `SELECT e.id, e.meter_id AS "meterId", e.customer_id AS "customerId", e.quantity::text AS quantity, e.properties::text AS properties,
            ${iso('e.occurred_at')} AS "timestamp", ${iso('e.received_at')} AS "receivedAt", e.idempotency_key AS "idempotencyKey",
            ${iso('v.voided_at')} AS "voidedAt"
       FROM usage_events e LEFT JOIN usage_event_voids v ON v.organization_id = e.organization_id AND v.event_id = e.id`;

const WHERE = `e.organization_id = $1 AND ($2::uuid IS NULL OR e.meter_id = $2) AND ($3::uuid IS NULL OR e.customer_id = $3)
  AND ($4::timestamptz IS NULL OR e.occurred_at >= $4) AND ($5::timestamptz IS NULL OR e.occurred_at < $5)
  AND ($6::pg_snapshot IS NULL OR pg_visible_in_snapshot(e.recorded_xid, $6))
  AND (NOT $7::boolean OR (e.counted AND NOT EXISTS (SELECT FROM usage_event_voids x WHERE x.organization_id = e.organization_id
       AND x.event_id = e.id AND ($6::pg_snapshot IS NULL OR pg_visible_in_snapshot(x.recorded_xid, $6)))))`;

const parameters = (tx: EntityManager, filter: UsageEventFilter): unknown[] => [
  organizationOf(tx),
  filter.meterId ?? null,
  filter.customerId ?? null,
  filter.from ?? null,
  filter.to ?? null,
  filter.knownAt ?? null,
  filter.countedOnly ?? false,
];

/** A page of events, newest (by receipt) first. Served by the primary key, or usage_events_reading_idx with customer and meter. */
export const loadUsageEvents = (tx: EntityManager, filter: UsageEventFilter, page: Page): Promise<UsageEventRow[]> =>
  tx.query<UsageEventRow[]>(`${SELECT} WHERE ${WHERE} AND ($8::uuid IS NULL OR e.id < $8) ORDER BY e.id DESC LIMIT $9`, [
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
