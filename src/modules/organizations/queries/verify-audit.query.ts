import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';

export interface AuditVerification {
  entries: number;
  /** The first entry that does not follow from the one before it. */
  brokenAt: string | null;
}

/** Computes the chain of an organization's log again. Reads all of it, by audit_entries_sequence_key. */
export async function verifyAudit(tx: EntityManager): Promise<AuditVerification> {
  const [row] = await tx.query<AuditVerification[]>(
    `SELECT count(*)::int AS entries, min(sequence) FILTER (WHERE NOT follows)::text AS "brokenAt" FROM (
       SELECT sequence, sequence = row_number() OVER w AND previous_hash = coalesce(lag(hash) OVER w, '')
              AND hash = audit_hash(previous_hash, organization_id, sequence, occurred_at, actor, request_id, operation, changes) AS follows
         FROM audit_entries WHERE organization_id = $1 WINDOW w AS (ORDER BY sequence)) AS chain`,
    [organizationOf(tx)],
  );
  return row;
}
