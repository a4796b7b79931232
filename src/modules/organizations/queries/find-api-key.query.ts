import type { EntityManager } from 'typeorm';
import type { PreparedStatement } from '../../../platform/database/database.js';
import { ApiKey } from '../api-key.entity.js';

/** The key with this digest, in whatever organization. Served by the unique index api_keys_digest_key. */
export const findApiKey = (tx: EntityManager, digest: Buffer): Promise<ApiKey | null> => tx.findOneBy(ApiKey, { digest });

export interface FoundKey extends Pick<
  ApiKey,
  'organizationId' | 'id' | 'scopes' | 'expiresAt' | 'lastUsedAt' | 'revokedAt' | 'partnerAppId'
> {
  /** Of the partner app: null for all plans, and without an app. */
  planLookupKeys: string[] | null;
  archivedAt: Date | null;
}

/** As `findApiKey`, prepared, with the partner app: every process asks for each key in use once a second. */
export const lookUpApiKey = (digest: Buffer): PreparedStatement => ({
  name: 'look_up_api_key',
  text: `SELECT k.organization_id AS "organizationId", k.id, k.scopes, k.expires_at AS "expiresAt", k.last_used_at AS "lastUsedAt",
                k.revoked_at AS "revokedAt", k.partner_app_id AS "partnerAppId", a.plan_lookup_keys AS "planLookupKeys", a.archived_at AS "archivedAt"
           FROM api_keys k LEFT JOIN partner_apps a ON a.organization_id = k.organization_id AND a.id = k.partner_app_id
          WHERE k.digest = $1`,
  values: [digest],
});

/** Notes the use of a key. Served by the primary key. */
export const touchApiKey = ({ organizationId, id }: FoundKey, now: Date): PreparedStatement => ({
  name: 'touch_api_key',
  text: 'UPDATE api_keys SET last_used_at = $3 WHERE organization_id = $1 AND id = $2',
  values: [organizationId, id, now],
});
