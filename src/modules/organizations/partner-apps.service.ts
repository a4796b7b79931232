import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Credentials } from '../../platform/credentials.js';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { conflict, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { PartnerApp } from './partner-app.entity.js';

export interface PartnerAppInput {
  name: string;
  /** null, or left out: all plans. */
  planLookupKeys?: string[] | null;
}

const MAX_PLANS = 1_000;

@Injectable()
export class PartnerAppsService {
  constructor(
    private readonly clock: Clock,
    private readonly credentials: Credentials,
  ) {}

  async create(tx: EntityManager, input: PartnerAppInput): Promise<PartnerApp> {
    check(input);
    const app: PartnerApp = {
      organizationId: organizationOf(tx),
      id: newId(),
      name: input.name,
      planLookupKeys: input.planLookupKeys ?? null,
      archivedAt: null,
      createdAt: this.clock.now(),
    };
    await tx.insert(PartnerApp, app);
    return app;
  }

  /** A field that is left out stays; null opens all plans. */
  async update(tx: EntityManager, id: string, input: Partial<PartnerAppInput>): Promise<PartnerApp> {
    const app = await this.getActive(tx, id);
    const next = {
      name: input.name ?? app.name,
      planLookupKeys: input.planLookupKeys === undefined ? app.planLookupKeys : input.planLookupKeys,
    };
    check(next);
    await tx.update(PartnerApp, { organizationId: app.organizationId, id }, next);
    this.credentials.forget();
    return { ...app, ...next };
  }

  /** From now on its keys open nothing. */
  async archive(tx: EntityManager, id: string): Promise<PartnerApp> {
    const app = await this.get(tx, id);
    if (app.archivedAt) return app;
    const archivedAt = this.clock.now();
    await tx.update(PartnerApp, { organizationId: app.organizationId, id }, { archivedAt });
    this.credentials.forget();
    return { ...app, archivedAt };
  }

  async get(tx: EntityManager, id: string): Promise<PartnerApp> {
    const app = isId(id) ? await tx.findOneBy(PartnerApp, { organizationId: organizationOf(tx), id }) : null;
    if (!app) throw notFound('Partner app');
    return app;
  }

  async getActive(tx: EntityManager, id: string): Promise<PartnerApp> {
    const app = await this.get(tx, id);
    if (app.archivedAt) throw conflict('The partner app is archived.', 'partnerAppId');
    return app;
  }
}

/** Plans are named by lookup key, so that their next version is open, too, and plans to come can be named. */
function check({ name, planLookupKeys }: PartnerAppInput): void {
  checkText('name', name);
  if ((planLookupKeys?.length ?? 0) > MAX_PLANS) throw invalid('planLookupKeys', `Name at most ${MAX_PLANS} plans.`);
  planLookupKeys?.forEach((key, index) => checkText(`planLookupKeys[${index}]`, key));
}
