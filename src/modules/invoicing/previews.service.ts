import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SYSTEM } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/errors.js';
import { SubscriptionsService } from '../subscriptions/index.js';
import { BillingService } from './billing.service.js';
import type { Invoice, InvoiceLine } from './invoice.entity.js';
import { draftOf } from './queries/store-billing.query.js';

export interface InvoicePreview extends Invoice {
  previewLines: InvoiceLine[];
}

/** What would be billed: the run's own code, without its last step. */
@Injectable()
export class PreviewsService {
  constructor(
    private readonly clock: Clock,
    private readonly subscriptions: SubscriptionsService,
    private readonly billing: BillingService,
  ) {}

  /** The subscription's next invoice, with the usage that is known now. */
  async nextInvoice(tx: EntityManager, subscriptionId: string): Promise<InvoicePreview> {
    const subscription = await this.subscriptions.get(tx, subscriptionId);
    if (subscription.dueAt === null) {
      throw new DomainError('INVALID_TRANSITION', `The subscription is ${subscription.status} and will not be invoiced.`);
    }
    const [task] = await this.billing.compute(tx, [{ subscription, at: subscription.dueAt, actor: SYSTEM, reason: null }]);
    const { invoice, lines } = draftOf(task, 0, this.clock.now());
    return { ...invoice, previewLines: lines };
  }
}
