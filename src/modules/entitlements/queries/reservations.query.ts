import type { PreparedStatement } from '../../../platform/database/database.js';

export interface Reservation {
  organizationId: string;
  id: string;
  customerId: string;
  featureId: string;
  quantity: string;
  status: 'HELD' | 'COMMITTED' | 'RELEASED';
  reservedAt: Date;
  expiresAt: Date;
  idempotencyKey: string | null;
  committedQuantity: string | null;
  eventId: string | null;
}

const COLUMNS = `r.organization_id AS "organizationId", r.id, r.customer_id AS "customerId", r.feature_id AS "featureId", r.quantity, r.status,
  r.reserved_at AS "reservedAt", r.expires_at AS "expiresAt", r.idempotency_key AS "idempotencyKey",
  r.committed_quantity AS "committedQuantity", r.event_id AS "eventId"`;

/** Served by the primary key. */
export const findReservation = (organizationId: string, id: string): PreparedStatement => ({
  name: 'find_reservation',
  text: `SELECT ${COLUMNS} FROM entitlement_reservations r WHERE r.organization_id = $1 AND r.id = $2`,
  values: [organizationId, id],
});

/** Reservations by id or by idempotency key, of several organizations. Served by the primary key and entitlement_reservations_key. */
export const findReservations = (
  ids: readonly { organizationId: string; id: string }[],
  keys: readonly { organizationId: string; key: string }[],
): PreparedStatement => ({
  name: 'find_reservations',
  text: `SELECT ${COLUMNS} FROM unnest($1::uuid[], $2::uuid[]) AS i (organization_id, id)
           JOIN entitlement_reservations r ON r.organization_id = i.organization_id AND r.id = i.id
         UNION ALL
         SELECT ${COLUMNS} FROM unnest($3::uuid[], $4::text[]) AS i (organization_id, key)
           JOIN entitlement_reservations r ON r.organization_id = i.organization_id AND r.idempotency_key = i.key`,
  values: [
    ids.map(({ organizationId }) => organizationId),
    ids.map(({ id }) => id),
    keys.map(({ organizationId }) => organizationId),
    keys.map(({ key }) => key),
  ],
});

export const insertReservations = (rows: readonly Reservation[]): PreparedStatement => ({
  name: 'insert_reservations',
  text: `INSERT INTO entitlement_reservations (organization_id, id, customer_id, feature_id, quantity, status, reserved_at, expires_at, idempotency_key)
         SELECT i.organization_id, i.id, i.customer_id, i.feature_id, i.quantity, 'HELD', i.reserved_at, i.expires_at, i.idempotency_key
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::numeric[], $6::timestamptz[], $7::timestamptz[], $8::text[])
             AS i (organization_id, id, customer_id, feature_id, quantity, reserved_at, expires_at, idempotency_key)`,
  values: [
    rows.map((row) => row.organizationId),
    rows.map((row) => row.id),
    rows.map((row) => row.customerId),
    rows.map((row) => row.featureId),
    rows.map((row) => row.quantity),
    rows.map((row) => row.reservedAt),
    rows.map((row) => row.expiresAt),
    rows.map((row) => row.idempotencyKey),
  ],
});

export const commitReservations = (
  rows: readonly { organizationId: string; id: string; quantity: string; eventId: string; at: Date }[],
): PreparedStatement => ({
  name: 'commit_reservations',
  text: `UPDATE entitlement_reservations r SET status = 'COMMITTED', committed_quantity = i.quantity, event_id = i.event_id, settled_at = i.at
           FROM unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::uuid[], $5::timestamptz[]) AS i (organization_id, id, quantity, event_id, at)
          WHERE r.organization_id = i.organization_id AND r.id = i.id`,
  values: [
    rows.map((row) => row.organizationId),
    rows.map((row) => row.id),
    rows.map((row) => row.quantity),
    rows.map((row) => row.eventId),
    rows.map((row) => row.at),
  ],
});

/** Nothing happens to one that is settled already. */
export const releaseReservation = (organizationId: string, id: string, at: Date): PreparedStatement => ({
  name: 'release_reservation',
  text: `UPDATE entitlement_reservations SET status = 'RELEASED', settled_at = $3 WHERE organization_id = $1 AND id = $2 AND status = 'HELD'`,
  values: [organizationId, id, at],
});

/** Locks customers' meters against other consumption until the transaction ends, in one order. */
export const lockAllowances = (keys: readonly bigint[]): PreparedStatement => ({
  name: 'lock_allowances',
  text: 'SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k',
  values: [[...keys].sort((a, b) => (a < b ? -1 : 1)).map(String)],
});
