import type { EntityManager } from 'typeorm';
import type { PreparedStatement } from '../../../platform/database/database.js';

export interface AlertRow {
  organizationId: string;
  id: string;
  customerId: string;
  featureId: string;
  kind: string;
  threshold: number;
  windowStart: Date;
  windowEnd: Date | null;
  used: string;
  limit: string;
  raisedAt: Date;
}

/** Raises alerts that have not been raised in their window; those that are new. Served by entitlement_alerts_once_key. */
export const raiseAlerts = (rows: readonly AlertRow[]): PreparedStatement => ({
  name: 'raise_alerts',
  text: `INSERT INTO entitlement_alerts (organization_id, id, customer_id, feature_id, kind, threshold, window_start, window_end, used, usage_limit, raised_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[], $8::timestamptz[],
                              $9::numeric[], $10::numeric[], $11::timestamptz[])
         ON CONFLICT ON CONSTRAINT entitlement_alerts_once_key DO NOTHING RETURNING organization_id AS "organizationId", id`,
  values: [
    rows.map((row) => row.organizationId),
    rows.map((row) => row.id),
    rows.map((row) => row.customerId),
    rows.map((row) => row.featureId),
    rows.map((row) => row.kind),
    rows.map((row) => row.threshold),
    rows.map((row) => row.windowStart),
    rows.map((row) => row.windowEnd),
    rows.map((row) => row.used),
    rows.map((row) => row.limit),
    rows.map((row) => row.raisedAt),
  ],
});

/** A customer and a meter that a feature counts by. */
export interface MeteredPair {
  organizationId: string;
  customerId: string;
  meterId: string;
}

/**
 * Pairs with usage since a day, after a pair, in the order of usage_counters_pair_idx, which serves it. Across organizations.
 */
export async function findPairsInUse(
  tx: EntityManager,
  since: Date,
  after: MeteredPair | null,
  limit: number,
): Promise<MeteredPair[]> {
  return tx.query<MeteredPair[]>(
    `SELECT DISTINCT c.organization_id AS "organizationId", c.meter_id AS "meterId", c.customer_id AS "customerId"
       FROM usage_counters c
      WHERE c.day >= ($1::timestamptz AT TIME ZONE 'UTC')::date
        AND EXISTS (SELECT FROM features f WHERE f.organization_id = c.organization_id AND f.meter_id = c.meter_id)
        AND ($2::uuid IS NULL OR (c.organization_id, c.meter_id, c.customer_id) > ($2, $3::uuid, $4::uuid))
      ORDER BY 1, 2, 3 LIMIT $5`,
    [since, after?.organizationId ?? null, after?.meterId ?? null, after?.customerId ?? null, limit],
  );
}

/** Meters that features count by, across organizations. */
export const findMeteredFeatures = (): PreparedStatement => ({
  name: 'find_metered_features',
  text: `SELECT DISTINCT meter_id AS "meterId" FROM features WHERE meter_id IS NOT NULL`,
  values: [],
});
