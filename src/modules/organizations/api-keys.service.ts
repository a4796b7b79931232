import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId, isId } from '../../platform/database/ids.js';
import { Database, organizationOf } from '../../platform/database/database.js';
import { Authenticator } from '../../platform/auth.js';
import { CHANGES } from '../../platform/database/changes.js';
import { Notifications } from '../../platform/database/notifications.js';
import { may, SCOPES, type Actor, type Scope } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { DomainError, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { ApiKey } from './api-key.entity.js';
import type { OrganizationMode } from './organization.entity.js';
import { Organization } from './organization.entity.js';
import { findApiKey, lookUpApiKey, touchApiKey, type FoundKey } from './queries/find-api-key.query.js';

export interface CreateApiKeyInput {
  name: string;
  scopes: string[];
  expiresAt?: Date | null;
}

const SHOWN_CHARACTERS = 12;
const TOUCH_EVERY_MS = 60_000;

interface KnownKey {
  actor: Actor;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  /** On the monotonic clock. */
  freshUntil: number;
}

/** A revocation is told to all processes with its commit; should they not hear it, they act on a key this long. */
const KNOWN_FOR_MS = 1_000;
const MAX_KNOWN_KEYS = 10_000;

@Injectable()
export class ApiKeysService implements Authenticator {
  /** Keys in use, by digest. Only good ones: any other is looked up each time. */
  private readonly known = new Map<string, KnownKey>();
  /** Counts what made copies stale: a look-up that began before must not be kept. */
  private generation = 0;

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
  ) {
    notifications.on(CHANGES, (table) => {
      if (table === 'api_keys') this.forget();
    });
    notifications.onGap(() => this.forget());
  }

  /** The actor of a secret, or null. The digest is looked up by a unique index, so timing tells nothing about other keys. */
  async authenticate(secret: string): Promise<Actor | null> {
    if (!/^sk_(test|live)_[A-Za-z0-9_-]{16,128}$/.test(secret)) return null;
    const digest = digestOf(secret);
    const name = digest.toString('latin1');
    let key = this.known.get(name) ?? null;
    const now = this.clock.now();
    if (!key || key.freshUntil < performance.now() || needsTouch(key, now)) {
      const { generation } = this;
      key = await this.lookUp(digest, now);
      if (key && this.notifications.isListening && generation === this.generation) this.keep(name, key);
    }
    return key && !(key.expiresAt && key.expiresAt <= now) ? key.actor : null;
  }

  private async lookUp(digest: Buffer, now: Date): Promise<KnownKey | null> {
    const [key] = await this.database.statement<FoundKey>('find the owner of a key', lookUpApiKey(digest));
    if (!key || key.revokedAt || (key.expiresAt && key.expiresAt <= now)) return null;
    const isTouched = needsTouch(key, now);
    if (isTouched) await this.database.statement('note the use of a key', touchApiKey(key, now));
    return {
      actor: { organizationId: key.organizationId, name: `api_key:${key.id}`, scopes: new Set(key.scopes) },
      expiresAt: key.expiresAt,
      lastUsedAt: isTouched ? now : key.lastUsedAt,
      freshUntil: performance.now() + KNOWN_FOR_MS,
    };
  }

  private keep(name: string, key: KnownKey): void {
    if (this.known.size >= MAX_KNOWN_KEYS) this.known.clear();
    this.known.set(name, key);
  }

  private forget(): void {
    this.generation += 1;
    this.known.clear();
  }

  async isStored(tx: EntityManager, secret: string): Promise<boolean> {
    return (await findApiKey(tx, digestOf(secret))) !== null;
  }

  /** Makes a key of 256 random bits. The secret is in the answer and nowhere else. */
  async create(tx: EntityManager, actor: Actor, input: CreateApiKeyInput): Promise<{ apiKey: ApiKey; secret: string }> {
    checkText('name', input.name);
    checkScopes(actor, input.scopes);
    if (input.expiresAt && input.expiresAt <= this.clock.now()) throw invalid('expiresAt', 'expiresAt must lie in the future.');
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
    };
    await tx.insert(ApiKey, apiKey);
    return { apiKey, secret };
  }

  async revoke(tx: EntityManager, id: string): Promise<ApiKey> {
    const apiKey = isId(id) ? await tx.findOneBy(ApiKey, { organizationId: organizationOf(tx), id }) : null;
    if (!apiKey) throw notFound('API key');
    if (apiKey.revokedAt) return apiKey;
    apiKey.revokedAt = this.clock.now();
    await tx.update(ApiKey, { organizationId: apiKey.organizationId, id }, { revokedAt: apiKey.revokedAt });
    this.forget();
    return apiKey;
  }
}

export const newSecret = (mode: OrganizationMode): string => `sk_${mode.toLowerCase()}_${randomBytes(32).toString('base64url')}`;

const needsTouch = ({ lastUsedAt }: Pick<KnownKey, 'lastUsedAt'>, now: Date): boolean =>
  lastUsedAt === null || now.getTime() - lastUsedAt.getTime() > TOUCH_EVERY_MS;

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

function checkScopes(actor: Actor, scopes: string[]): void {
  if (scopes.length === 0 || scopes.length > SCOPES.length)
    throw invalid('scopes', `scopes must name 1 to ${SCOPES.length} scopes.`);
  for (const scope of scopes) {
    if (!SCOPES.includes(scope as Scope)) throw invalid('scopes', `${scope} is not a scope. Scopes: ${SCOPES.join(', ')}.`);
    if (!may(actor, scope as Scope))
      throw new DomainError('FORBIDDEN', `A key cannot give the scope ${scope}, which it lacks.`, 'scopes');
  }
}
