import type { EntityManager } from 'typeorm';
import { ApiKey } from '../api-key.entity.js';

/** The key with this digest, in whatever organization. Served by the unique index api_keys_digest_key. */
export const findApiKey = (tx: EntityManager, digest: Buffer): Promise<ApiKey | null> => tx.findOneBy(ApiKey, { digest });

/** Notes the use of a key. Served by the primary key. */
export async function touchApiKey(tx: EntityManager, key: ApiKey, now: Date): Promise<void> {
  await tx.update(ApiKey, { organizationId: key.organizationId, id: key.id }, { lastUsedAt: now });
}
