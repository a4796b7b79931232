import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Credentials, digestOf, newSecretOf, type Credential } from '../../platform/credentials.js';
import { Database, organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { may, SCOPES, type Actor, type Scope } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { conflict, DomainError, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { ApiKey } from './api-key.entity.js';
import type { OrganizationMode } from './organization.entity.js';
import { Organization } from './organization.entity.js';
import { PartnerAppsService } from './partner-apps.service.js';
import { findApiKey, lookUpApiKey, touchApiKey, type FoundKey } from './queries/find-api-key.query.js';

export interface CreateApiKeyInput {
  name: string;
  scopes: string[];
  expiresAt?: Date | null;
  partnerAppId?: string | null;
}

const SHOWN_CHARACTERS = 12;
const TOUCH_EVERY_MS = 60_000;
const MINUTE_MS = 60_000;
const MAX_OVERLAP_MINUTES = 30 * 24 * 60;

/** What reaches beyond the customers of a partner app. */
const NOT_FOR_PARTNERS: readonly string[] = ['admin', 'catalog.write'];

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly database: Database,
    private readonly credentials: Credentials,
    private readonly partnerApps: PartnerAppsService,
    private readonly clock: Clock,
  ) {
    credentials.register({
      secrets: /^sk_(test|live)_[A-Za-z0-9_-]{16,128}$/,
      tables: ['api_keys', 'partner_apps'],
      lookUp: (digest, now) => this.lookUp(digest, now),
    });
  }

  private async lookUp(digest: Buffer, now: Date): Promise<Credential | null> {
    const [key] = await this.database.statement<FoundKey>('find the owner of a key', lookUpApiKey(digest));
    if (!key || key.revokedAt || key.archivedAt || (key.expiresAt && key.expiresAt <= now)) return null;
    const isDue = key.lastUsedAt === null || now.getTime() - key.lastUsedAt.getTime() > TOUCH_EVERY_MS;
    if (isDue) await this.database.statement('note the use of a key', touchApiKey(key, now));
    const usedAt = isDue || key.lastUsedAt === null ? now : key.lastUsedAt;
    const { organizationId, id, partnerAppId, planLookupKeys } = key;
    return {
      actor: {
        organizationId,
        name: `api_key:${id}`,
        scopes: new Set(key.scopes),
        ...(partnerAppId ? { limit: { partnerAppId, planLookupKeys } } : {}),
      },
      expiresAt: key.expiresAt,
      lookAgainAt: new Date(usedAt.getTime() + TOUCH_EVERY_MS + 1),
    };
  }

  async isStored(tx: EntityManager, secret: string): Promise<boolean> {
    return (await findApiKey(tx, digestOf(secret))) !== null;
  }

  /** Makes a key of 256 random bits. The secret is in the answer and nowhere else. */
  async create(tx: EntityManager, actor: Actor, input: CreateApiKeyInput): Promise<{ apiKey: ApiKey; secret: string }> {
    checkText('name', input.name);
    checkScopes(actor, input.scopes);
    if (input.expiresAt && input.expiresAt <= this.clock.now()) throw invalid('expiresAt', 'expiresAt must lie in the future.');
    if (typeof input.partnerAppId === 'string') {
      await this.partnerApps.getActive(tx, input.partnerAppId);
      const tooMuch = input.scopes.find((scope) => NOT_FOR_PARTNERS.includes(scope));
      if (tooMuch) throw invalid('scopes', `The key of a partner app cannot have the scope ${tooMuch}.`);
    }
    const { mode } = await tx.findOneByOrFail(Organization, { id: organizationOf(tx) });
    return this.store(tx, organizationOf(tx), newSecret(mode), input);
  }

  async store(
    tx: EntityManager,
    organizationId: string,
    secret: string,
    input: CreateApiKeyInput,
  ): Promise<{ apiKey: ApiKey; secret: string }> {
    const apiKey: ApiKey = {
      organizationId,
      id: newId(),
      name: input.name,
      prefix: secret.slice(0, SHOWN_CHARACTERS),
      digest: digestOf(secret),
      scopes: [...new Set(input.scopes)],
      expiresAt: input.expiresAt ?? null,
      lastUsedAt: null,
      revokedAt: null,
      createdAt: this.clock.now(),
      partnerAppId: input.partnerAppId ?? null,
    };
    await tx.insert(ApiKey, apiKey);
    return { apiKey, secret };
  }

  /** A successor with the same rights. The old key stays good for the overlap, so that whoever uses it can be told in time. */
  async rotate(tx: EntityManager, actor: Actor, id: string, overlapMinutes: number): Promise<{ apiKey: ApiKey; secret: string }> {
    if (overlapMinutes < 0 || overlapMinutes > MAX_OVERLAP_MINUTES)
      throw invalid('overlapMinutes', `overlapMinutes must be from 0 to ${MAX_OVERLAP_MINUTES}.`);
    const before = await this.lock(tx, id);
    const now = this.clock.now();
    if (before.revokedAt || (before.expiresAt && before.expiresAt <= now))
      throw conflict('The key is revoked or has expired: make a new one.', 'id');
    const successor = await this.create(tx, actor, { ...before });
    const until = new Date(now.getTime() + overlapMinutes * MINUTE_MS);
    if (before.expiresAt === null || until < before.expiresAt)
      await tx.update(ApiKey, { organizationId: before.organizationId, id }, { expiresAt: until });
    this.credentials.forget();
    return successor;
  }

  async revoke(tx: EntityManager, id: string): Promise<ApiKey> {
    const apiKey = await this.lock(tx, id);
    if (apiKey.revokedAt) return apiKey;
    apiKey.revokedAt = this.clock.now();
    await tx.update(ApiKey, { organizationId: apiKey.organizationId, id }, { revokedAt: apiKey.revokedAt });
    this.credentials.forget();
    return apiKey;
  }

  private async lock(tx: EntityManager, id: string): Promise<ApiKey> {
    const where = { organizationId: organizationOf(tx), id };
    const apiKey = isId(id) ? await tx.findOne(ApiKey, { where, lock: { mode: 'for_no_key_update' } }) : null;
    if (!apiKey) throw notFound('API key');
    return apiKey;
  }
}

export const newSecret = (mode: OrganizationMode): string => newSecretOf(`sk_${mode.toLowerCase()}_`);

function checkScopes(actor: Actor, scopes: string[]): void {
  if (scopes.length === 0 || scopes.length > SCOPES.length)
    throw invalid('scopes', `scopes must name 1 to ${SCOPES.length} scopes.`);
  for (const scope of scopes) {
    if (!SCOPES.includes(scope as Scope)) throw invalid('scopes', `${scope} is not a scope. Scopes: ${SCOPES.join(', ')}.`);
    if (!may(actor, scope as Scope))
      throw new DomainError('FORBIDDEN', `A key cannot give the scope ${scope}, which it lacks.`, 'scopes');
  }
}
