import type { EntityManager } from 'typeorm';
import { isId } from '../../../platform/database/ids.js';

/** The invoice that a public link is about, whoever it belongs to. Served by invoices_public_token_key. */
export async function findPublicInvoice(
  tx: EntityManager,
  token: string,
): Promise<{ organizationId: string; id: string } | null> {
  if (!isId(token)) return null;
  const [found = null] = await tx.query<{ organizationId: string; id: string }[]>(
    `SELECT organization_id AS "organizationId", id FROM invoices WHERE public_token = $1 AND status <> 'DRAFT'`,
    [token],
  );
  return found;
}
