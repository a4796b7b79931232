import type { EntityManager } from 'typeorm';
import type { PreparedStatement } from '../../../platform/database/database.js';
import { ApiKey } from '../api-key.entity.js';

/** The key with this digest, in whatever organization. Served by the unique index api_keys_digest_key. */
export const findApiKey = (tx: EntityManager, digest: Buffer): Promise<ApiKey | null> => tx.findOneBy(ApiKey, { digest });

export type FoundKey = Pick<ApiKey, 'organizationId' | 'id' | 'scopes' | 'expiresAt' | 'lastUsedAt' | 'revokedAt'>;

/** As `findApiKey`, prepared: every process asks for each key in use once a second. */
export const lookUpApiKey = (digest: Buffer): PreparedStatement => ({
  name: 'look_up_api_key',
  text: `SELECT organization_id AS "organizationId", id, scopes, expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"
           FROM api_keys WHERE digest = $1`,
  values: [digest],
});

/** Notes the use of a key. Served by the primary key. */
export const touchApiKey = ({ organizationId, id }: FoundKey, now: Date): PreparedStatement => ({
  name: 'touch_api_key',
  text: 'UPDATE api_keys SET last_used_at = $3 WHERE organization_id = $1 AND id = $2',
  values: [organizationId, id, now],
});
