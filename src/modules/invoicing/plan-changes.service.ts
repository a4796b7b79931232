import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { MoreThan, type EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { SYSTEM, type Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, sum } from '../../shared/decimal.js';
import { DomainError } from '../../shared/errors.js';
import { SubscriptionChangesService, type PlanChange, type Subscription } from '../subscriptions/index.js';
import { BillingService } from './billing.service.js';
import { grossAmount } from './domain/tax.js';
import { Invoice, InvoiceLine } from './invoice.entity.js';
import { draftOf } from './queries/store-billing.query.js';

export interface PlanChangePreview {
  lines: InvoiceLine[];
  /** Of which `tax` is tax. */
  total: string;
  tax: string;
  effectiveAt: Date;
  hash: string;
  currency: string;
  customerId: string;
}

/** Plan changes with what they cost. A preview is the change itself, taken back. */
@Injectable()
export class PlanChangesService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly changes: SubscriptionChangesService,
    private readonly billing: BillingService,
  ) {}

  preview(actor: Actor, subscriptionId: string, change: PlanChange): Promise<PlanChangePreview> {
    return this.database.rehearse(actor, (tx) => this.perform(tx, actor, subscriptionId, change));
  }

  /** Changes the plan. With the hash of a preview: PREVIEW_STALE, and no change, when the lines would not be those. */
  async change(
    tx: EntityManager,
    actor: Actor,
    subscriptionId: string,
    change: PlanChange,
    previewHash: string | null,
  ): Promise<void> {
    const { hash } = await this.perform(tx, actor, subscriptionId, change);
    if (previewHash !== null && previewHash !== hash) {
      throw new DomainError('PREVIEW_STALE', 'Something has changed since the preview. Look at it once more.', 'previewHash');
    }
  }

  private async perform(tx: EntityManager, actor: Actor, subscriptionId: string, change: PlanChange): Promise<PlanChangePreview> {
    const before = newId();
    const { subscription, effectiveAt } = await this.changes.changePlan(tx, actor, subscriptionId, change);
    const { invoice, lines } = await this.linesOf(tx, subscription, effectiveAt, before);
    const charged = lines.filter((line) => line.kind !== 'BALANCE');
    const total = decimalText(sum(charged.map(grossAmount)));
    const tax = decimalText(sum(charged.map((line) => decimal(line.tax))));
    const { currency, customerId } = invoice;
    return { lines: charged, total, tax, effectiveAt, currency, customerId, hash: hashOf(change, charged) };
  }

  /** The lines of the draft that the change made, since the id `before`; of a change to come, those of the draft to come. */
  private async linesOf(
    tx: EntityManager,
    subscription: Subscription,
    effectiveAt: Date,
    before: string,
  ): Promise<{ invoice: Pick<Invoice, 'currency' | 'customerId'>; lines: InvoiceLine[] }> {
    const { organizationId, id: subscriptionId } = subscription;
    const invoice = await tx.findOne(Invoice, {
      where: { organizationId, subscriptionId, billedAt: effectiveAt, id: MoreThan(before) },
    });
    if (invoice) {
      return {
        invoice,
        lines: await tx.find(InvoiceLine, { where: { organizationId, invoiceId: invoice.id }, order: { position: 'ASC' } }),
      };
    }
    const [task] = await this.billing.compute(tx, [{ subscription, at: effectiveAt, actor: SYSTEM, reason: null }]);
    return draftOf(task, 0, this.clock.now());
  }
}

/** What the lines come to, without the instants, which move on between a preview and the change. */
function hashOf(change: PlanChange, lines: readonly InvoiceLine[]): string {
  const content = [
    change.planId,
    change.timing,
    change.proration ?? null,
    lines.map(({ chargeId, kind, quantity, amount, tax }) => [chargeId, kind, quantity, amount, tax]),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
