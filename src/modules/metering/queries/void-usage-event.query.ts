import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

/** Notes that an event counts no more; its own row stays. False: it was voided before. Served by the primary keys. */
export async function voidUsageEvent(tx: EntityManager, eventId: string, reason: string | null, now: Date): Promise<boolean> {
  const rows = await tx.query<unknown[]>(
    `INSERT INTO usage_event_voids (organization_id, event_id, reason, voided_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING RETURNING event_id`,
    [organizationOf(tx), eventId, reason, now],
  );
  return rows.length > 0;
}
