import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SYSTEM } from '../../shared/actor.js';
import { Subscription, SubscriptionsService } from '../subscriptions/index.js';
import { loadOverdue } from './queries/load-billing-inputs.query.js';

/** Keeps ACTIVE and PAST_DUE in step with overdue invoices (docs/billing-rules.md §7). */
@Injectable()
export class StandingService {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  /** ACTIVE → PAST_DUE, when an OPEN invoice of it has passed its due date. */
  async markOverdue(tx: EntityManager, subscriptionId: string, at: Date): Promise<void> {
    const subscription = await this.subscriptions.lock(tx, subscriptionId);
    if (subscription.status === 'ACTIVE' && (await this.isOverdue(tx, subscription, at))) {
      await this.become(tx, subscription, 'PAST_DUE', at, 'An invoice is overdue.');
    }
  }

  /** PAST_DUE → ACTIVE, when no overdue OPEN invoice is left. */
  async clear(tx: EntityManager, subscriptionId: string, at: Date): Promise<void> {
    const subscription = await this.subscriptions.lock(tx, subscriptionId);
    if (subscription.status === 'PAST_DUE' && !(await this.isOverdue(tx, subscription, at))) {
      await this.become(tx, subscription, 'ACTIVE', at, 'No overdue invoice is left.');
    }
  }

  private async isOverdue(tx: EntityManager, { organizationId, id }: Subscription, at: Date): Promise<boolean> {
    return (await loadOverdue(tx, [{ organizationId, id, at }])).size > 0;
  }

  private async become(
    tx: EntityManager,
    subscription: Subscription,
    status: 'ACTIVE' | 'PAST_DUE',
    at: Date,
    reason: string,
  ): Promise<void> {
    const { organizationId, id, status: from } = subscription;
    await tx.update(Subscription, { organizationId, id }, { status });
    await this.subscriptions.recordTransition(tx, { ...subscription, status }, from, at, SYSTEM, reason);
  }
}
