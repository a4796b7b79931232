import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database, organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { SCOPES } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import type { Proration } from '../../shared/proration.js';
import { ApiKeysService, newSecret } from './api-keys.service.js';
import { validateSettings, type SettingsFields } from './domain/validate-settings.js';
import { Organization, type LateUsagePolicy, type OrganizationMode } from './organization.entity.js';

/** A field that is undefined stays as it is. */
export interface OrganizationSettings extends SettingsFields {
  proration?: Proration | null;
  lateUsage?: LateUsagePolicy | null;
  createsCustomersFromUsage?: boolean | null;
}

/** Chosen once, for ever: two processes that start at the same time must not both make the first organization. */
const BOOTSTRAP_LOCK = 7_215_001;

@Injectable()
export class OrganizationsService {
  constructor(
    private readonly database: Database,
    private readonly apiKeys: ApiKeysService,
    private readonly clock: Clock,
  ) {}

  async get(tx: EntityManager): Promise<Organization> {
    return tx.findOneByOrFail(Organization, { id: organizationOf(tx) });
  }

  /** Changes the settings that are given. */
  async update(tx: EntityManager, input: OrganizationSettings): Promise<Organization> {
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    validateSettings(given);
    if (Object.keys(given).length > 0) await tx.update(Organization, { id: organizationOf(tx) }, given);
    return this.get(tx);
  }

  /**
   * Makes the first organization with a key of all scopes; with a given secret that no key has yet, one more organization, its
   * mode by the secret's prefix. Returns the secret when it made one, else null.
   */
  async bootstrap(givenSecret: string | null): Promise<string | null> {
    return this.database.acrossOrganizations('first organization', async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK]);
      const known = givenSecret !== null && (await this.apiKeys.isStored(tx, givenSecret));
      if (known || (givenSecret === null && (await tx.count(Organization)) > 0)) return null;
      const mode: OrganizationMode = givenSecret?.startsWith('sk_live_') ? 'LIVE' : 'TEST';
      const organization = await this.create(tx, mode === 'LIVE' ? 'My company' : 'My company (test mode)', mode);
      const { secret } = await this.apiKeys.store(tx, organization.id, givenSecret ?? newSecret(mode), {
        name: 'bootstrap',
        scopes: [...SCOPES],
      });
      return secret;
    });
  }

  async create(tx: EntityManager, name: string, mode: OrganizationMode): Promise<Organization> {
    const organization = tx.create(Organization, { id: newId(), name, mode, createdAt: this.clock.now() });
    await tx.insert(Organization, organization);
    return tx.findOneByOrFail(Organization, { id: organization.id });
  }
}
