import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { invalid } from '../../shared/errors.js';
import type { BillingAlignment } from '../../shared/calendar.js';
import { checkPlanFeature, FeaturesService } from '../catalog/index.js';
import { CustomersService } from '../customers/index.js';
import type { ResetPeriod } from './domain/index.js';
import { EntitlementOverride } from './override.entity.js';

export interface SetOverrideInput {
  customerId: string;
  featureId: string;
  enabled?: boolean | null;
  limit?: string | null;
  resetPeriod?: ResetPeriod | null;
  resetAlignment?: BillingAlignment | null;
  softLimit?: boolean | null;
  gracePercentage?: string | null;
  value?: string | null;
  expiresAt?: Date | null;
}

/** What one customer has, whatever the plans say (docs/billing-rules.md §6). */
@Injectable()
export class OverridesService {
  constructor(
    private readonly clock: Clock,
    private readonly customers: CustomersService,
    private readonly features: FeaturesService,
  ) {}

  /** Puts an override in the place of the plan's word, and of the override before it, from now on. */
  async set(tx: EntityManager, input: SetOverrideInput): Promise<EntitlementOverride> {
    const customer = await this.customers.getActive(tx, { id: input.customerId });
    const feature = await this.features.get(tx, input.featureId);
    checkPlanFeature(feature, input, 'input');
    const now = await this.customers.now(tx, customer);
    const expiresAt = input.expiresAt ?? null;
    if (expiresAt && expiresAt <= now) throw invalid('expiresAt', 'expiresAt must lie in the future.');
    await this.end(tx, customer.id, feature.id, now);
    const override = tx.create(EntitlementOverride, {
      organizationId: organizationOf(tx),
      id: newId(),
      customerId: customer.id,
      featureId: feature.id,
      enabled: input.enabled ?? true,
      limit: input.limit ?? null,
      resetPeriod: input.resetPeriod ?? null,
      resetAlignment: input.resetAlignment ?? 'ANNIVERSARY',
      softLimit: input.softLimit ?? false,
      gracePercentage: input.gracePercentage ?? null,
      value: input.value ?? null,
      effectiveAt: now,
      expiresAt,
      endedAt: null,
      createdAt: this.clock.now(),
    });
    await tx.insert(EntitlementOverride, override);
    return override;
  }

  /** The plan's word holds again. False: there was no override. */
  async remove(tx: EntityManager, customerId: string, featureId: string): Promise<boolean> {
    const customer = await this.customers.get(tx, customerId);
    const feature = await this.features.get(tx, featureId);
    return this.end(tx, customer.id, feature.id, await this.customers.now(tx, customer));
  }

  private async end(tx: EntityManager, customerId: string, featureId: string, endedAt: Date): Promise<boolean> {
    const where = { organizationId: organizationOf(tx), customerId, featureId, endedAt: IsNull() };
    const { affected } = await tx.update(EntitlementOverride, where, { endedAt });
    return (affected ?? 0) > 0;
  }
}
