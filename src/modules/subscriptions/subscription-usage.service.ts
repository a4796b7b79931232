import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import type { LoaderDefinition } from '../../platform/graphql/loader.js';
import { decimalText } from '../../shared/decimal.js';
import { Charge, Feature, PlanFeature } from '../catalog/index.js';
import { loadReadings, Meter, type TenantReadingRequest, type UsageReport } from '../metering/index.js';
import type { Subscription } from './subscription.entity.js';

/** Usage of subscriptions in their current periods: one report per meter that a charge or feature of the plan names. */
@Injectable()
export class SubscriptionUsageService {
  readonly reports: LoaderDefinition<Subscription, UsageReport[]> = {
    cacheKey: (subscription) => subscription.id,
    batch: (tx, subscriptions) => this.load(tx, subscriptions),
  };

  private async load(tx: EntityManager, subscriptions: readonly Subscription[]): Promise<UsageReport[][]> {
    const organizationId = organizationOf(tx);
    const meters = await this.metersByPlan(tx, [...new Set(subscriptions.map(({ planId }) => planId))]);
    const requests: TenantReadingRequest[][] = subscriptions.map(
      ({ customerId, planId, currentPeriodStart: from, currentPeriodEnd: to }) =>
        (meters.get(planId) ?? []).map(({ id: meterId }) => ({ organizationId, meterId, customerId, from, to, knownAt: null })),
    );
    const readings = await loadReadings(tx, requests.flat());
    let offset = 0;
    return subscriptions.map(({ planId }) =>
      (meters.get(planId) ?? []).map((meter) => {
        const { value, eventCount, from, to } = readings[offset++];
        return { meter, value: decimalText(value), eventCount, from, to, buckets: [] };
      }),
    );
  }

  private async metersByPlan(tx: EntityManager, planIds: string[]): Promise<Map<string, Meter[]>> {
    const organizationId = organizationOf(tx);
    const charges = await tx.findBy(Charge, { organizationId, planId: In(planIds) });
    const planFeatures = await tx.findBy(PlanFeature, { organizationId, planId: In(planIds) });
    const features = await tx.findBy(Feature, { organizationId, id: In(planFeatures.map(({ featureId }) => featureId)) });
    const meterOfFeature = new Map(features.map((feature) => [feature.id, feature.meterId]));
    const named = [
      ...charges.map(({ planId, meterId }) => ({ planId, meterId })),
      ...planFeatures.map(({ planId, featureId }) => ({ planId, meterId: meterOfFeature.get(featureId) ?? null })),
    ];
    const ids = named.map(({ meterId }) => meterId).filter((id): id is string => id !== null);
    const meters = await tx.findBy(Meter, { organizationId, id: In(ids) });
    return new Map(
      planIds.map((planId) => [
        planId,
        meters.filter((meter) => named.some((item) => item.planId === planId && item.meterId === meter.id)),
      ]),
    );
  }
}
