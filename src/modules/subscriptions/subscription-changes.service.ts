import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { invalid } from '../../shared/errors.js';
import type { Proration } from '../../shared/proration.js';
import { checkText } from '../../shared/text.js';
import { PlansService, type Plan } from '../catalog/index.js';
import { CustomersService } from '../customers/index.js';
import {
  decideCancellation,
  decidePause,
  decidePlanChange,
  decideResumption,
  decideUndoCancellation,
  type ChangeTiming,
  type Decision,
} from './domain/index.js';
import { loadEntries } from './queries/load-timelines.query.js';
import { subscriptionChanged, subscriptionChanging } from './subscription.events.js';
import { Subscription, SubscriptionEntry } from './subscription.entity.js';
import { SubscriptionsService, wholeSecond } from './subscriptions.service.js';

export interface PlanChange {
  planId: string;
  timing: ChangeTiming;
  proration?: Proration | null;
}

/** What its caller decides about a running subscription: each decision is an entry of the time line (domain/changes). */
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
    const { subscription, entries, now } = await this.open(tx, actor, id);
    const decision = decideCancellation(subscription, entries, timing, now);
    if (decision.appended)
      await tx.update(Subscription, keyOf(subscription), { canceledAt: now, cancelAtPeriodEnd: !decision.atOnce });
    return this.carryOut(tx, actor, subscription, decision, now, reason);
  }

  async undoCancellation(tx: EntityManager, actor: Actor, id: string): Promise<Subscription> {
    const { subscription, entries, now } = await this.open(tx, actor, id);
    const decision = decideUndoCancellation(subscription, entries, now);
    await tx.update(Subscription, keyOf(subscription), { canceledAt: null, cancelAtPeriodEnd: false });
    return this.carryOut(tx, actor, subscription, decision, now, null);
  }

  /** Changes the plan; returns when the change takes effect, too. */
  async changePlan(
    tx: EntityManager,
    actor: Actor,
    id: string,
    { planId, timing, proration = null }: PlanChange,
  ): Promise<{ subscription: Subscription; effectiveAt: Date }> {
    const { subscription, entries, now } = await this.open(tx, actor, id);
    const plan = await this.planFor(tx, subscription, planId);
    const decision = decidePlanChange(subscription, entries, { planId: plan.id, timing, proration }, now);
    const changed = await this.carryOut(tx, actor, subscription, decision, now, 'The plan was changed.');
    return { subscription: changed, effectiveAt: decision.effectiveAt };
  }

  /** The running period ends now with a final, prorated draft. */
  async pause(tx: EntityManager, actor: Actor, id: string, reason: string | null): Promise<Subscription> {
    const { subscription, now } = await this.open(tx, actor, id);
    return this.carryOut(tx, actor, subscription, decidePause(subscription, now), now, reason);
  }

  async resume(tx: EntityManager, actor: Actor, id: string): Promise<Subscription> {
    const { subscription, now } = await this.open(tx, actor, id);
    return this.carryOut(tx, actor, subscription, decideResumption(subscription, now), now, null);
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

  /** Locks the subscription and bills what fell due before now: a decision is about the subscription as it is now. */
  private async open(
    tx: EntityManager,
    actor: Actor,
    id: string,
  ): Promise<{ subscription: Subscription; entries: SubscriptionEntry[]; now: Date }> {
    const locked = await this.subscriptions.lock(tx, id);
    const customer = await this.customers.get(tx, locked.customerId);
    const now = wholeSecond(await this.customers.now(tx, customer));
    await this.events.emit(subscriptionChanging, tx, { subscriptionId: id, at: now, actor: actor.name, reason: null });
    const subscription = await this.subscriptions.get(tx, id);
    return { subscription, entries: await loadEntries(tx, [subscription]), now };
  }

  /** Writes the decision down; if it takes effect at once, state and billing follow. */
  private async carryOut(
    tx: EntityManager,
    actor: Actor,
    subscription: Subscription,
    { revoked, appended, atOnce }: Decision,
    now: Date,
    reason: string | null,
  ): Promise<Subscription> {
    checkText('reason', reason, { least: 0, most: 1_000, lines: true });
    const { organizationId, id: subscriptionId } = subscription;
    const recordedAt = this.clock.now();
    for (const { sequence } of revoked)
      await tx.update(SubscriptionEntry, { organizationId, subscriptionId, sequence }, { revokedAt: recordedAt });
    if (appended) {
      const sequence = await this.nextSequence(tx, subscription);
      const owner = { organizationId, id: newId(), subscriptionId };
      await tx.insert(SubscriptionEntry, { ...appended, ...owner, sequence, reason, recordedAt, revokedAt: null });
    }
    if (atOnce) await this.events.emit(subscriptionChanged, tx, { subscriptionId, at: now, actor: actor.name, reason });
    return this.subscriptions.get(tx, subscriptionId);
  }

  /** Revoked entries keep their sequence. */
  private async nextSequence(tx: EntityManager, { organizationId, id: subscriptionId }: Subscription): Promise<number> {
    return ((await tx.maximum(SubscriptionEntry, 'sequence', { organizationId, subscriptionId })) ?? 0) + 1;
  }
}

const keyOf = ({ organizationId, id }: Subscription): { organizationId: string; id: string } => ({ organizationId, id });
