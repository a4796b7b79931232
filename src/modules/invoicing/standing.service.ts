import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { insertRows } from '../../platform/database/insert-rows.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { SYSTEM } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { Subscription, SubscriptionsService, SubscriptionTransition } from '../subscriptions/index.js';
import type { Invoice } from './invoice.entity.js';
import { invoicesOverdue } from './invoice.events.js';
import { loadSubscriptionIds } from './queries/load-invoices-of-subscriptions.query.js';
import { loadOverdue } from './queries/load-billing-inputs.query.js';
import { makePastDue, markInvoicesOverdue } from './queries/mark-overdue.query.js';

/** Keeps ACTIVE and PAST_DUE in step with overdue invoices (docs/billing-rules.md §7). */
@Injectable()
export class StandingService {
  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /**
   * Marks invoices that have passed their due date, and makes their subscriptions PAST_DUE; how many invoices. A subscription that
   * is not ACTIVE now finds its overdue invoice when it is to become so (`advance`).
   */
  async markOverdue(tx: EntityManager, invoiceIds: readonly string[], at: Date): Promise<number> {
    const overdue = await markInvoicesOverdue(tx, invoiceIds, at);
    if (overdue.length === 0) return 0;
    const owners = [...(await loadSubscriptionIds(tx, overdue)).values()].flat();
    const organizationId = organizationOf(tx);
    const transition = {
      organizationId,
      from: 'ACTIVE' as const,
      to: 'PAST_DUE' as const,
      at,
      reason: 'An invoice is overdue.',
      actor: SYSTEM,
      recordedAt: this.clock.now(),
    };
    const changed = owners.length > 0 ? await makePastDue(tx, [...new Set(owners)]) : [];
    await insertRows(
      tx,
      SubscriptionTransition,
      changed.map((subscriptionId) => ({ ...transition, id: newId(), subscriptionId })),
    );
    await this.events.emit(invoicesOverdue, tx, { organizationId, invoiceIds: overdue.map(({ id }) => id) });
    return overdue.length;
  }

  /** PAST_DUE → ACTIVE of the invoice's subscriptions, when no overdue OPEN invoice is left of them. */
  async clear(tx: EntityManager, invoice: Pick<Invoice, 'id' | 'subscriptionId'>, at: Date): Promise<void> {
    const ids = (await loadSubscriptionIds(tx, [invoice])).get(invoice.id) ?? [];
    for (const id of ids.sort()) await this.clearSubscription(tx, id, at);
  }

  private async clearSubscription(tx: EntityManager, subscriptionId: string, at: Date): Promise<void> {
    const subscription = await this.subscriptions.lock(tx, subscriptionId);
    const { organizationId, id, status: from } = subscription;
    if (from !== 'PAST_DUE' || (await loadOverdue(tx, [{ organizationId, id, at }])).size > 0) return;
    await tx.update(Subscription, { organizationId, id }, { status: 'ACTIVE' });
    const active = { ...subscription, status: 'ACTIVE' as const };
    await this.subscriptions.recordTransition(tx, active, from, at, SYSTEM, 'No overdue invoice is left.');
  }
}
