import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { conflict, DomainError, invalid } from '../../shared/errors.js';
import type { Proration } from '../../shared/proration.js';
import { assertTransition } from '../../shared/transitions.js';
import { PlansService, type Plan } from '../catalog/index.js';
import { CustomersService } from '../customers/index.js';
import { SUBSCRIPTION_TRANSITIONS, type SubscriptionStatus, type TimelineEntry } from './domain/index.js';
import { subscriptionChanged, subscriptionChanging } from './subscription.events.js';
import { Subscription, SubscriptionEntry } from './subscription.entity.js';
import { SubscriptionsService, wholeSecond } from './subscriptions.service.js';

export type ChangeTiming = 'IMMEDIATE' | 'PERIOD_END';

export interface PlanChange {
  planId: string;
  timing: ChangeTiming;
  proration?: Proration | null;
}

/** What its caller decides about a running subscription: each decision is an entry of the time line. */
@Injectable()
export class SubscriptionChangesService {
  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
    private readonly customers: CustomersService,
    private readonly plans: PlansService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** Now: ends with a final draft. At period end: stays in its state until then, and can be undone until then. */
  async cancel(tx: EntityManager, actor: Actor, id: string, timing: ChangeTiming, reason: string | null): Promise<Subscription> {
    const { subscription, now } = await this.open(tx, actor, id, 'CANCELED');
    const entries = await this.entries(tx, subscription);
    const hasPeriod = subscription.status !== 'PENDING' && subscription.status !== 'PAUSED';
    const atPeriodEnd = timing === 'PERIOD_END' && hasPeriod;
    if (atPeriodEnd && subscription.cancelAtPeriodEnd) return subscription;
    const at = atPeriodEnd ? subscription.currentPeriodEnd : subscription.status === 'PENDING' ? subscription.startedAt : now;
    await this.revoke(
      tx,
      entries.filter((entry) => entry.at > now && entry.sequence > 1),
    );
    await this.append(tx, subscription, entries, { kind: 'END', at, planId: null, proration: subscription.proration });
    await tx.update(Subscription, keyOf(subscription), { canceledAt: now, cancelAtPeriodEnd: atPeriodEnd });
    if (!atPeriodEnd) await this.changed(tx, subscription, at > now ? at : now, actor, reason);
    return this.subscriptions.get(tx, id);
  }

  async undoCancellation(tx: EntityManager, actor: Actor, id: string): Promise<Subscription> {
    const { subscription, now } = await this.open(tx, actor, id, null);
    if (!subscription.cancelAtPeriodEnd) {
      throw new DomainError('INVALID_TRANSITION', `The subscription is ${subscription.status} and has no cancellation to undo.`);
    }
    const entries = await this.entries(tx, subscription);
    await this.revoke(
      tx,
      entries.filter((entry) => entry.kind === 'END' && entry.at > now),
    );
    await tx.update(Subscription, keyOf(subscription), { canceledAt: null, cancelAtPeriodEnd: false });
    return this.subscriptions.get(tx, id);
  }

  /**
   * Changes the plan now, or at the period's end. A change that was scheduled before gives way; a scheduled cancellation
   * stays. Returns when the change takes effect.
   */
  async changePlan(
    tx: EntityManager,
    actor: Actor,
    id: string,
    change: PlanChange,
  ): Promise<{ subscription: Subscription; effectiveAt: Date }> {
    const { subscription, now } = await this.open(tx, actor, id, null);
    const { status, currentPeriodEnd, startedAt } = subscription;
    if (status === 'CANCELED')
      throw new DomainError('INVALID_TRANSITION', 'The subscription is CANCELED and cannot change its plan.');
    const plan = await this.planFor(tx, subscription, change.planId);
    const waits = change.timing === 'PERIOD_END' && status !== 'PENDING' && status !== 'PAUSED';
    if (waits && subscription.cancelAtPeriodEnd)
      throw conflict('The subscription ends with this period: there is no next one to change.', 'timing');
    const entries = await this.entries(tx, subscription);
    const scheduled = entries.filter(
      (entry) => entry.kind === 'PLAN' && entry.at > now && entry.sequence > 1 && entry.revokedAt === null,
    );
    if (plan.id === subscription.planId && scheduled.length === 0)
      throw conflict('The subscription is on this plan already.', 'planId');
    await this.revoke(tx, scheduled);
    const effectiveAt = waits ? currentPeriodEnd : status === 'PENDING' ? startedAt : now;
    if (plan.id !== subscription.planId) {
      const proration = change.proration ?? subscription.proration;
      await this.append(tx, subscription, entries, { kind: 'PLAN', at: effectiveAt, planId: plan.id, proration });
    }
    if (!waits) await this.changed(tx, subscription, now, actor, 'The plan was changed.');
    return { subscription: await this.subscriptions.get(tx, id), effectiveAt };
  }

  /** The running period ends now with a final, prorated draft. */
  async pause(tx: EntityManager, actor: Actor, id: string, reason: string | null): Promise<Subscription> {
    const { subscription, now } = await this.open(tx, actor, id, 'PAUSED');
    const entries = await this.entries(tx, subscription);
    await this.append(tx, subscription, entries, { kind: 'PAUSE', at: now, planId: null, proration: subscription.proration });
    await this.changed(tx, subscription, now, actor, reason);
    return this.subscriptions.get(tx, id);
  }

  /** A stub period runs to the next boundary of the original anchor. */
  async resume(tx: EntityManager, actor: Actor, id: string): Promise<Subscription> {
    const { subscription, now } = await this.open(tx, actor, id, null);
    if (subscription.status !== 'PAUSED') {
      throw new DomainError('INVALID_TRANSITION', `The subscription is ${subscription.status} and cannot be resumed.`);
    }
    const entries = await this.entries(tx, subscription);
    await this.append(tx, subscription, entries, { kind: 'RESUME', at: now, planId: null, proration: subscription.proration });
    await this.changed(tx, subscription, now, actor, null);
    return this.subscriptions.get(tx, id);
  }

  /** A version that is open to new subscriptions, in the subscription's currency. */
  private async planFor(tx: EntityManager, subscription: Subscription, planId: string): Promise<Plan> {
    const present = await this.plans.get(tx, subscription.planId);
    if (planId === present.id) return present;
    const plan = await this.plans.getOpen(tx, { id: planId });
    if (plan.currency !== present.currency)
      throw invalid('planId', `The plan is in ${plan.currency}, the subscription in ${present.currency}.`);
    return plan;
  }

  /** Locks the subscription, bills what fell due before now, and checks that it may become `to`. */
  private async open(
    tx: EntityManager,
    actor: Actor,
    id: string,
    to: SubscriptionStatus | null,
  ): Promise<{ subscription: Subscription; now: Date }> {
    const locked = await this.subscriptions.lock(tx, id);
    const customer = await this.customers.get(tx, locked.customerId);
    const now = wholeSecond(await this.customers.now(tx, customer));
    await this.events.emit(subscriptionChanging, tx, { subscriptionId: id, at: now, actor: actor.name, reason: null });
    const subscription = await this.subscriptions.get(tx, id);
    if (to) assertTransition('The subscription', SUBSCRIPTION_TRANSITIONS, subscription.status, to);
    return { subscription, now };
  }

  private entries(tx: EntityManager, subscription: Subscription): Promise<SubscriptionEntry[]> {
    return tx.findBy(SubscriptionEntry, { organizationId: subscription.organizationId, subscriptionId: subscription.id });
  }

  private async append(
    tx: EntityManager,
    subscription: Subscription,
    entries: SubscriptionEntry[],
    entry: Omit<TimelineEntry, 'sequence'>,
  ): Promise<void> {
    await tx.insert(SubscriptionEntry, {
      ...entry,
      organizationId: subscription.organizationId,
      id: newId(),
      subscriptionId: subscription.id,
      sequence: Math.max(...entries.map(({ sequence }) => sequence)) + 1,
      recordedAt: this.clock.now(),
      revokedAt: null,
    });
  }

  private async revoke(tx: EntityManager, entries: SubscriptionEntry[]): Promise<void> {
    const revokedAt = this.clock.now();
    for (const { organizationId, id } of entries.filter((entry) => entry.revokedAt === null)) {
      await tx.update(SubscriptionEntry, { organizationId, id }, { revokedAt });
    }
  }

  private changed(tx: EntityManager, subscription: Subscription, at: Date, actor: Actor, reason: string | null): Promise<void> {
    return this.events.emit(subscriptionChanged, tx, { subscriptionId: subscription.id, at, actor: actor.name, reason });
  }
}

const keyOf = ({ organizationId, id }: Subscription): { organizationId: string; id: string } => ({ organizationId, id });
