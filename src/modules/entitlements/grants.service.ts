import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import type { LoaderDefinition } from '../../platform/graphql/loader.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, ZERO, type Decimal } from '../../shared/decimal.js';
import { conflict, invalid, notFound } from '../../shared/errors.js';
import { FeaturesService, type Feature } from '../catalog/index.js';
import { CustomersService, type Customer } from '../customers/index.js';
import { burnsOf, validateGrant, type Burn, type GrantRecurrence, type ResetPeriod } from './domain/index.js';
import { ask, caseOf, EntitlementsService, type Case } from './entitlements.service.js';
import { Grant } from './grant.entity.js';
import { featureProfile } from './profile.js';
import { loadProfiles } from './queries/load-profiles.query.js';

export interface CreateGrantInput {
  customerId: string;
  featureId: string;
  amount: string;
  priority?: number | null;
  effectiveAt?: Date | null;
  expiresAt?: Date | null;
  recurrence?: ResetPeriod | null;
  recurrenceAnchor?: Date | null;
  rolloverMinimum?: string | null;
  rolloverMaximum?: string | null;
}

/** How far back a grant may begin: what it covers is computed from there on. */
const MAX_YEARS_BACK = 10;

/** Grants: allowance beside the plan (docs/billing-rules.md §6). Their balances are computed from usage, never stored. */
@Injectable()
export class GrantsService {
  constructor(
    private readonly clock: Clock,
    private readonly customers: CustomersService,
    private readonly features: FeaturesService,
    private readonly entitlements: EntitlementsService,
  ) {}

  async create(tx: EntityManager, input: CreateGrantInput): Promise<Grant> {
    const customer = await this.customers.getActive(tx, { id: input.customerId });
    const feature = await this.meterFeature(tx, input.featureId);
    const now = await this.customers.now(tx, customer);
    const draft = {
      amount: decimal(input.amount),
      priority: input.priority ?? 1,
      effectiveAt: input.effectiveAt ?? now,
      expiresAt: input.expiresAt ?? null,
      recurrence: recurrenceOf(input.recurrence ?? null),
      recurrenceAnchor: input.recurrenceAnchor ?? null,
      rolloverMinimum: optional(input.rolloverMinimum),
      rolloverMaximum: optional(input.rolloverMaximum),
    };
    validateGrant(draft);
    if (draft.effectiveAt.getTime() < now.getTime() - MAX_YEARS_BACK * 366 * 86_400_000)
      throw invalid('effectiveAt', `effectiveAt must not lie more than ${MAX_YEARS_BACK} years back.`);
    const grant = tx.create(Grant, {
      ...draft,
      organizationId: organizationOf(tx),
      id: newId(),
      customerId: customer.id,
      featureId: feature.id,
      amount: decimalText(draft.amount),
      rolloverMinimum: draft.rolloverMinimum && decimalText(draft.rolloverMinimum),
      rolloverMaximum: draft.rolloverMaximum && decimalText(draft.rolloverMaximum),
      timeZone: await this.customers.timeZone(tx, customer),
      voidedAt: null,
      createdAt: this.clock.now(),
    });
    await tx.insert(Grant, grant);
    return grant;
  }

  /** Its balance is 0 from now on; what it has covered stays covered. Voiding twice changes nothing. */
  async void(tx: EntityManager, id: string): Promise<Grant> {
    const where = { organizationId: organizationOf(tx), id };
    const grant = isId(id) ? await tx.findOneBy(Grant, where) : null;
    if (!grant) throw notFound('Grant');
    if (grant.voidedAt) return grant;
    const customer = await this.customers.get(tx, grant.customerId);
    const voidedAt = await this.customers.now(tx, customer);
    await tx.update(Grant, where, { voidedAt });
    return { ...grant, voidedAt };
  }

  /** What is left of grants now. */
  readonly balances: LoaderDefinition<Grant, Decimal> = {
    cacheKey: ({ id }) => id,
    batch: (tx, grants) => this.loadBalances(tx, grants),
  };

  /** How usage burned a feature's allowance down between two instants, cut to the stretches in which nothing else changed. */
  async history(tx: EntityManager, customerId: string, featureId: string, from: Date, to: Date): Promise<Burn[]> {
    const customer: Customer = await this.customers.get(tx, customerId);
    const feature = await this.meterFeature(tx, featureId);
    if (to < from) throw invalid('to', 'to must not be earlier than from.');
    const [profile] = await loadProfiles(tx, { ids: [customer.id] });
    const present = await this.customers.now(tx, customer);
    const item =
      to < present
        ? caseOf(profile, featureProfile(profile, feature), to, to)
        : caseOf(profile, featureProfile(profile, feature), present);
    const [answer] = await ask(tx, [item]);
    return item.inquiry ? burnsOf(item.inquiry, answer.values).filter(({ stretch }) => stretch.end >= from) : [];
  }

  private async loadBalances(tx: EntityManager, grants: readonly Grant[]): Promise<Decimal[]> {
    const profiles = await loadProfiles(tx, { ids: [...new Set(grants.map(({ customerId }) => customerId))] });
    const times = await this.entitlements.timesIn(tx, profiles);
    const cases = new Map<string, Case>();
    for (const profile of profiles)
      for (const subject of profile.features.values())
        if (grants.some((grant) => grant.customerId === profile.customerId && grant.featureId === subject.feature.id))
          cases.set(`${profile.customerId} ${subject.feature.id}`, caseOf(profile, subject, times(profile)));
    const answers = await ask(tx, [...cases.values()]);
    const balances = new Map<string, Decimal>();
    [...cases.values()].forEach(({ inquiry }, index) => {
      const last = inquiry && inquiry.stretches.length > 0 ? burnsOf(inquiry, answers[index].values).at(-1) : null;
      for (const { grant, balance } of last?.after ?? []) balances.set(grant.id, balance);
    });
    return grants.map(({ id }) => balances.get(id) ?? ZERO);
  }

  private async meterFeature(tx: EntityManager, id: string): Promise<Feature> {
    const feature = await this.features.get(tx, id);
    if (feature.type !== 'METER') throw conflict(`A ${feature.type} feature has no allowance.`, 'featureId');
    return feature;
  }
}

const optional = (text: string | null | undefined): Decimal | null => (typeof text === 'string' ? decimal(text) : null);

/** Recurrences are counted from `effectiveAt`, so billing periods are none; NEVER is the same as none at all. */
function recurrenceOf(period: ResetPeriod | null): GrantRecurrence | null {
  if (period === 'BILLING_PERIOD')
    throw invalid('recurrence', 'A grant recurs by DAY, WEEK, MONTH or YEAR, counted from effectiveAt.');
  return period === 'NEVER' ? null : period;
}
