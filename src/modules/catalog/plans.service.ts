import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { limitOf, organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { decimal } from '../../shared/decimal.js';
import { conflict, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { Meter } from '../metering/index.js';
import { validatePlan } from './domain/validate-plan.js';
import { Feature } from './feature.entity.js';
import { planDraft, type ChargeInput, type CreatePlanInput, type PlanFeatureInput } from './plan-draft.js';
import { Charge, Plan, PlanFeature } from './plan.entity.js';

const MAX_FEATURES = 200;

interface PlanKey {
  id?: string | null;
  lookupKey?: string | null;
  version?: number | null;
}

/** A limited actor picks from its own plans: any other is to it one that does not exist. */
const isOffered = (tx: EntityManager, { lookupKey }: Plan): boolean => limitOf(tx)?.planLookupKeys?.includes(lookupKey) ?? true;

@Injectable()
export class PlansService {
  constructor(private readonly clock: Clock) {}

  /** Makes version 1 of a plan. A lookup key that is taken is a CONFLICT. */
  create(tx: EntityManager, input: CreatePlanInput): Promise<Plan> {
    return this.store(tx, input, 1);
  }

  /** Makes version n + 1. Who is subscribed to an earlier version stays there until migrated. */
  async createVersion(tx: EntityManager, planId: string, input: CreatePlanInput): Promise<Plan> {
    const plan = await this.get(tx, planId);
    if (plan.lookupKey !== input.lookupKey) throw invalid('lookupKey', 'All versions of a plan share one lookupKey.');
    const newest = await this.newest(tx, plan.lookupKey);
    return this.store(tx, input, (newest?.version ?? 0) + 1);
  }

  /** Archives a version: nobody can subscribe to it any more. Its subscriptions go on. */
  async archive(tx: EntityManager, id: string): Promise<Plan> {
    const plan = await this.get(tx, id);
    if (plan.archivedAt) return plan;
    plan.archivedAt = this.clock.now();
    await tx.update(Plan, { organizationId: plan.organizationId, id }, { archivedAt: plan.archivedAt });
    return plan;
  }

  /** By id; by lookup key and version; by lookup key alone: the newest version. */
  async find(tx: EntityManager, by: PlanKey): Promise<Plan | null> {
    const plan = await this.look(tx, by);
    return plan && isOffered(tx, plan) ? plan : null;
  }

  private async look(tx: EntityManager, by: PlanKey): Promise<Plan | null> {
    const organizationId = organizationOf(tx);
    if (typeof by.id === 'string') return isId(by.id) ? tx.findOneBy(Plan, { organizationId, id: by.id }) : null;
    if (typeof by.lookupKey !== 'string') throw invalid('id', 'Give id or lookupKey.');
    if (typeof by.version === 'number')
      return tx.findOneBy(Plan, { organizationId, lookupKey: by.lookupKey, version: by.version });
    return this.newest(tx, by.lookupKey);
  }

  async get(tx: EntityManager, id: string): Promise<Plan> {
    const plan = await this.find(tx, { id });
    if (!plan) throw notFound('Plan');
    return plan;
  }

  /** The version that a customer can be subscribed to now. */
  async getOpen(tx: EntityManager, by: { id?: string | null; lookupKey?: string | null }): Promise<Plan> {
    const plan = await this.find(tx, by);
    if (!plan) throw notFound('Plan');
    if (plan.archivedAt) throw conflict('The plan is archived.', 'planId');
    return plan;
  }

  private newest(tx: EntityManager, lookupKey: string): Promise<Plan | null> {
    return tx.findOne(Plan, { where: { organizationId: organizationOf(tx), lookupKey }, order: { version: 'DESC' } });
  }

  private async store(tx: EntityManager, input: CreatePlanInput, version: number): Promise<Plan> {
    const draft = planDraft(input);
    validatePlan(draft);
    const organizationId = organizationOf(tx);
    await this.checkMeters(tx, input.charges ?? []);
    await this.checkFeatures(tx, input.features ?? []);
    const plan: Plan = {
      organizationId,
      id: newId(),
      lookupKey: draft.lookupKey,
      version,
      name: draft.name,
      type: draft.type,
      description: draft.description,
      billingInterval: draft.billingInterval,
      intervalCount: draft.intervalCount,
      currency: draft.currency,
      trialDays: draft.trialDays,
      archivedAt: null,
      createdAt: this.clock.now(),
    };
    await tx.insert(Plan, plan);
    const owner = { organizationId, planId: plan.id };
    await tx.insert(
      Charge,
      (input.charges ?? []).map((charge, position) => ({ ...owner, id: newId(), position, ...chargeColumns(charge) })),
    );
    await tx.insert(
      PlanFeature,
      (input.features ?? []).map((feature) => ({ ...owner, id: newId(), ...planFeatureColumns(feature) })),
    );
    return plan;
  }

  private async checkMeters(tx: EntityManager, charges: ChargeInput[]): Promise<void> {
    const ids = charges.map((charge) => charge.meterId).filter((id): id is string => typeof id === 'string' && isId(id));
    const meters = ids.length > 0 ? await tx.findBy(Meter, { organizationId: organizationOf(tx), id: In(ids) }) : [];
    charges.forEach(({ meterId }, index) => {
      if (!meterId) return;
      const meter = meters.find((candidate) => candidate.id === meterId.toLowerCase());
      if (!meter) throw notFound('Meter', `charges[${index}].meterId`);
      if (meter.archivedAt) throw conflict('The meter is archived.', `charges[${index}].meterId`);
    });
  }

  private async checkFeatures(tx: EntityManager, inputs: PlanFeatureInput[]): Promise<void> {
    if (inputs.length > MAX_FEATURES) throw invalid('features', `A plan carries at most ${MAX_FEATURES} features.`);
    const ids = inputs.map(({ featureId }) => featureId).filter(isId);
    const features = ids.length > 0 ? await tx.findBy(Feature, { organizationId: organizationOf(tx), id: In(ids) }) : [];
    inputs.forEach((input, index) => {
      const feature = features.find((candidate) => candidate.id === input.featureId.toLowerCase());
      if (!feature) throw notFound('Feature', `features[${index}].featureId`);
      if (feature.archivedAt) throw conflict('The feature is archived.', `features[${index}].featureId`);
      checkPlanFeature(feature, input, `features[${index}]`);
    });
  }
}

/** limit, resetPeriod and softLimit belong to METER features, value to CUSTOM ones. */
export function checkPlanFeature(feature: Pick<Feature, 'type'>, input: Omit<PlanFeatureInput, 'featureId'>, path: string): void {
  const isMeter = feature.type === 'METER';
  if (!isMeter && input.limit) throw invalid(`${path}.limit`, `A ${feature.type} feature has no limit.`);
  if (!isMeter && input.resetPeriod) throw invalid(`${path}.resetPeriod`, `A ${feature.type} feature has no reset period.`);
  if (!isMeter && input.softLimit) throw invalid(`${path}.softLimit`, `A ${feature.type} feature has no limit.`);
  if (typeof input.gracePercentage === 'string') {
    if (!input.softLimit || !input.limit) throw invalid(`${path}.gracePercentage`, 'A grace percentage belongs to a soft limit.');
    if (decimal(input.gracePercentage).isNegative())
      throw invalid(`${path}.gracePercentage`, 'gracePercentage must not be negative.');
  }
  if (feature.type !== 'CUSTOM' && input.value) throw invalid(`${path}.value`, `A ${feature.type} feature has no value.`);
  checkText(`${path}.value`, input.value, { least: 0, most: 1_000, lines: true });
  if (feature.type === 'CUSTOM' && !input.value && input.enabled !== false)
    throw invalid(`${path}.value`, 'A CUSTOM feature needs a value.');
  if (input.limit && decimal(input.limit).isNegative()) throw invalid(`${path}.limit`, 'limit must not be negative.');
}

const chargeColumns = (charge: ChargeInput): Omit<Charge, 'organizationId' | 'id' | 'planId' | 'position'> => ({
  displayName: charge.displayName,
  type: charge.type,
  model: charge.model,
  meterId: charge.meterId ?? null,
  billingTiming: charge.billingTiming ?? 'IN_ARREARS',
  amount: charge.amount ?? null,
  unitAmount: charge.unitAmount ?? null,
  packageSize: charge.packageSize ?? null,
  packageAmount: charge.packageAmount ?? null,
  rate: charge.rate ?? null,
  fixedAmountPerEvent: charge.fixedAmountPerEvent ?? null,
  tiers:
    charge.tiers?.map(({ upTo, unitAmount, flatAmount }) => ({
      upTo: upTo ?? null,
      unitAmount,
      flatAmount: flatAmount ?? '0',
    })) ?? null,
  includedUnits: charge.includedUnits ?? '0',
  minimumAmount: charge.minimumAmount ?? null,
  maximumAmount: charge.maximumAmount ?? null,
  quantityRounding: charge.quantityRounding ?? 'NONE',
  quantityPrecision: charge.quantityPrecision ?? 0,
  active: true,
});

const planFeatureColumns = (feature: PlanFeatureInput): Omit<PlanFeature, 'organizationId' | 'id' | 'planId'> => ({
  featureId: feature.featureId,
  enabled: feature.enabled ?? true,
  limit: feature.limit ?? null,
  resetPeriod: feature.resetPeriod ?? null,
  resetAlignment: feature.resetAlignment ?? 'ANNIVERSARY',
  softLimit: feature.softLimit ?? false,
  gracePercentage: feature.gracePercentage ?? null,
  value: feature.value ?? null,
});
