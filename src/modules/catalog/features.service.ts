import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { conflict, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { MetersService, type CreateMeterInput } from '../metering/index.js';
import { MAX_DESCRIPTION, requireLookupKey } from './domain/validate-fields.js';
import { Feature, type FeatureType } from './feature.entity.js';

export interface CreateFeatureInput {
  lookupKey: string;
  name: string;
  type: FeatureType;
  description?: string | null;
  meterId?: string | null;
  meter?: CreateMeterInput | null;
  alertThresholds?: number[] | null;
}

@Injectable()
export class FeaturesService {
  constructor(
    private readonly clock: Clock,
    private readonly meters: MetersService,
  ) {}

  async create(tx: EntityManager, input: CreateFeatureInput): Promise<Feature> {
    requireLookupKey('lookupKey', input.lookupKey);
    checkText('name', input.name);
    checkText('description', input.description, { most: MAX_DESCRIPTION, lines: true });
    const feature: Feature = {
      organizationId: organizationOf(tx),
      id: newId(),
      lookupKey: input.lookupKey,
      name: input.name,
      type: input.type,
      description: input.description ?? null,
      meterId: await this.meterIdOf(tx, input),
      alertThresholds: thresholdsOf(input.type, input.alertThresholds ?? []),
      archivedAt: null,
      createdAt: this.clock.now(),
    };
    await tx.insert(Feature, feature);
    return feature;
  }

  /** Archives a feature: new plan versions cannot carry it. Plans that do keep it. */
  async archive(tx: EntityManager, id: string): Promise<Feature> {
    const feature = await this.get(tx, id);
    if (feature.archivedAt) return feature;
    feature.archivedAt = this.clock.now();
    await tx.update(Feature, { organizationId: feature.organizationId, id }, { archivedAt: feature.archivedAt });
    return feature;
  }

  /** Chooses the percentages of the limit that are told. */
  async setAlertThresholds(tx: EntityManager, id: string, thresholds: readonly number[]): Promise<Feature> {
    const feature = await this.get(tx, id);
    const alertThresholds = thresholdsOf(feature.type, thresholds);
    await tx.update(Feature, { organizationId: feature.organizationId, id }, { alertThresholds });
    return { ...feature, alertThresholds };
  }

  async find(tx: EntityManager, by: { id?: string | null; lookupKey?: string | null }): Promise<Feature | null> {
    const organizationId = organizationOf(tx);
    if (typeof by.id === 'string') return isId(by.id) ? tx.findOneBy(Feature, { organizationId, id: by.id }) : null;
    if (typeof by.lookupKey === 'string') return tx.findOneBy(Feature, { organizationId, lookupKey: by.lookupKey });
    throw invalid('id', 'Give id or lookupKey.');
  }

  async get(tx: EntityManager, id: string): Promise<Feature> {
    const feature = await this.find(tx, { id });
    if (!feature) throw notFound('Feature');
    return feature;
  }

  /** A METER feature names a meter, or makes one; no other feature does. */
  private async meterIdOf(tx: EntityManager, input: CreateFeatureInput): Promise<string | null> {
    if (input.type !== 'METER') {
      if (typeof input.meterId === 'string' || input.meter)
        throw invalid(input.meter ? 'meter' : 'meterId', `A ${input.type} feature has no meter.`);
      return null;
    }
    if ((typeof input.meterId === 'string') === Boolean(input.meter))
      throw invalid('meterId', 'A METER feature needs one of meterId and meter.');
    if (input.meter) return (await this.meters.create(tx, input.meter, 'meter.')).id;
    const meter = await this.meters.get(tx, input.meterId as string);
    if (meter.archivedAt) throw conflict('The meter is archived.', 'meterId');
    return meter.id;
  }
}

const MAX_THRESHOLDS = 10;

/** In ascending order, each once. */
function thresholdsOf(type: FeatureType, thresholds: readonly number[]): number[] {
  if (type !== 'METER' && thresholds.length > 0) throw invalid('alertThresholds', `A ${type} feature has no limit.`);
  if (thresholds.length > MAX_THRESHOLDS) throw invalid('alertThresholds', `Give at most ${MAX_THRESHOLDS} thresholds.`);
  if (thresholds.some((threshold) => !Number.isInteger(threshold) || threshold < 1 || threshold > 1_000))
    throw invalid('alertThresholds', 'A threshold is a whole percentage from 1 to 1000.');
  return [...new Set(thresholds)].sort((a, b) => a - b);
}
