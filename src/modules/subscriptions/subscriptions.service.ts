import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import type { Actor } from '../../shared/actor.js';
import { addDays, type BillingAlignment } from '../../shared/calendar.js';
import { Clock } from '../../shared/clock.js';
import { invalid, notFound } from '../../shared/errors.js';
import type { Proration } from '../../shared/proration.js';
import { Plan, PlansService } from '../catalog/index.js';
import { CustomersService, type Customer } from '../customers/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { nextDueAfter, segmentsOf, spanAt, statusAt, type Segment } from './domain/index.js';
import { loadTimelines } from './queries/load-timelines.query.js';
import { subscriptionChanged } from './subscription.events.js';
import { Subscription, SubscriptionEntry, SubscriptionTransition } from './subscription.entity.js';

export interface CreateSubscriptionInput {
  customerId?: string | null;
  customerExternalId?: string | null;
  planId?: string | null;
  planLookupKey?: string | null;
  startAt?: Date | null;
  trialEnd?: Date | null;
  alignment?: BillingAlignment | null;
  proration?: Proration | null;
  billingAnchor?: Date | null;
}

/** Subscriptions begin and change on whole seconds, so that every span is a whole number of them. */
export const wholeSecond = (instant: Date): Date => new Date(Math.floor(instant.getTime() / 1000) * 1000);

/** Earlier starts are a mistyped year, and would be billed period by period. */
const MAX_YEARS_BACK = 10;

@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
    private readonly organizations: OrganizationsService,
    private readonly customers: CustomersService,
    private readonly plans: PlansService,
  ) {}

  async create(tx: EntityManager, actor: Actor, input: CreateSubscriptionInput): Promise<Subscription> {
    oneOf('customerId', input.customerId, input.customerExternalId, 'customerId and customerExternalId');
    oneOf('planId', input.planId, input.planLookupKey, 'planId and planLookupKey');
    const customer = await this.customers.getActive(tx, { id: input.customerId, externalId: input.customerExternalId });
    const plan = await this.plans.getOpen(tx, { id: input.planId, lookupKey: input.planLookupKey });
    const now = wholeSecond(await this.customers.now(tx, customer));
    const subscription = await this.begin(tx, input, customer, plan, now);
    const entry = firstEntry(subscription, this.clock.now());
    const [segment] = segmentsOf(subscription, [entry], new Map([[plan.id, plan]]));
    Object.assign(subscription, stateAtStart(subscription, segment, now));
    await tx.insert(Subscription, subscription);
    await tx.insert(SubscriptionEntry, entry);
    await this.recordTransition(
      tx,
      subscription,
      null,
      now < subscription.startedAt ? now : subscription.startedAt,
      actor.name,
      null,
    );
    if (subscription.startedAt <= now) {
      const change = { subscriptionId: subscription.id, at: subscription.startedAt, actor: actor.name, reason: null };
      await this.events.emit(subscriptionChanged, tx, change);
    }
    return this.get(tx, subscription.id);
  }

  async find(tx: EntityManager, id: string): Promise<Subscription | null> {
    return isId(id) ? tx.findOneBy(Subscription, { organizationId: organizationOf(tx), id }) : null;
  }

  async get(tx: EntityManager, id: string): Promise<Subscription> {
    const subscription = await this.find(tx, id);
    if (!subscription) throw notFound('Subscription');
    return subscription;
  }

  /**
   * Takes the subscription's row lock, which orders everything that changes or bills it. Without the key, so that rows which
   * point to the subscription can be written meanwhile: that takes a lock on the key, and two who hold it would deadlock here.
   */
  async lock(tx: EntityManager, id: string): Promise<Subscription> {
    const where = { organizationId: organizationOf(tx), id };
    const subscription = isId(id) ? await tx.findOne(Subscription, { where, lock: { mode: 'for_no_key_update' } }) : null;
    if (!subscription) throw notFound('Subscription');
    return subscription;
  }

  async segments(tx: EntityManager, subscription: Subscription): Promise<Segment[]> {
    const timelines = await loadTimelines(tx, [subscription]);
    return timelines.get(subscription.id)?.segments ?? [];
  }

  async recordTransition(
    tx: EntityManager,
    subscription: Subscription,
    from: SubscriptionTransition['from'],
    at: Date,
    actor: string,
    reason: string | null,
  ): Promise<void> {
    const { organizationId, id: subscriptionId, status: to } = subscription;
    await tx.insert(SubscriptionTransition, {
      organizationId,
      id: newId(),
      subscriptionId,
      from,
      to,
      at,
      actor,
      reason,
      recordedAt: this.clock.now(),
    });
  }

  private async begin(
    tx: EntityManager,
    input: CreateSubscriptionInput,
    customer: Customer,
    plan: Plan,
    now: Date,
  ): Promise<Subscription> {
    const organization = await this.organizations.get(tx);
    const timeZone = customer.timeZone ?? organization.timeZone;
    const startedAt = wholeSecond(input.startAt ?? now);
    if (startedAt.getTime() < addDays(now, -366 * MAX_YEARS_BACK, timeZone).getTime()) {
      throw invalid('startAt', `startAt must not lie more than ${MAX_YEARS_BACK} years back.`);
    }
    return tx.create(Subscription, {
      organizationId: organization.id,
      id: newId(),
      customerId: customer.id,
      planId: plan.id,
      alignment: input.alignment ?? 'ANNIVERSARY',
      proration: input.proration ?? organization.proration,
      timeZone,
      billingAnchor: anchorOf(input),
      startedAt,
      trialEnd: trialEndOf(input, plan, startedAt, timeZone),
      testClockId: customer.testClockId,
      createdAt: this.clock.now(),
    });
  }
}

function oneOf(field: string, a: string | null | undefined, b: string | null | undefined, names: string): void {
  if (Boolean(a) === Boolean(b)) throw invalid(field, `Give one of ${names}.`);
}

function anchorOf({ billingAnchor, alignment }: CreateSubscriptionInput): Date | null {
  if (!billingAnchor) return null;
  if (alignment === 'CALENDAR') throw invalid('billingAnchor', 'CALENDAR alignment sets the anchor itself.');
  return wholeSecond(billingAnchor);
}

/** The subscription's own trialEnd wins over the plan's trialDays (docs/billing-rules.md §7). */
function trialEndOf({ trialEnd }: CreateSubscriptionInput, plan: Plan, startedAt: Date, timeZone: string): Date | null {
  if (trialEnd) {
    const end = wholeSecond(trialEnd);
    if (end < startedAt) throw invalid('trialEnd', 'trialEnd must not be earlier than the start.');
    return end > startedAt ? end : null;
  }
  return plan.trialDays > 0 ? addDays(startedAt, plan.trialDays, timeZone) : null;
}

const firstEntry = (subscription: Subscription, recordedAt: Date): SubscriptionEntry => ({
  organizationId: subscription.organizationId,
  id: newId(),
  subscriptionId: subscription.id,
  sequence: 1,
  kind: 'PLAN',
  at: subscription.startedAt,
  planId: subscription.planId,
  proration: subscription.proration,
  reason: null,
  recordedAt,
  revokedAt: null,
});

/** A start that has been reached is taken as of the start: what has fallen due since follows by the run. */
function stateAtStart({ startedAt }: Subscription, segment: Segment, now: Date): Partial<Subscription> {
  const span = spanAt(segment, startedAt);
  const begun = startedAt <= now;
  return {
    status: begun ? statusAt([segment], startedAt) : 'PENDING',
    currentPeriodStart: span.start,
    currentPeriodEnd: span.end,
    dueAt: begun ? nextDueAfter([segment], startedAt) : startedAt,
  };
}
