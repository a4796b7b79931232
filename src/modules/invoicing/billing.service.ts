import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { SYSTEM } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { conflict } from '../../shared/errors.js';
import { TestClocksService, type Organization } from '../organizations/index.js';
import {
  advance,
  loadTimelines,
  Subscription,
  subscriptionChanged,
  subscriptionChanging,
  SubscriptionsService,
  wholeSecond,
  type Advance,
  type Segment,
} from '../subscriptions/index.js';
import { lookBackStart } from './domain/billing-spans.js';
import { diffLines, prepaidOf, type IssuedLine } from './domain/diff-lines.js';
import { expectedLines, requiredReadings, type BillingInput } from './domain/expected-lines.js';
import {
  findDraftedSince,
  loadCatalog,
  loadIssuedLines,
  loadOrganizations,
  loadOverdue,
  type CatalogSlice,
} from './queries/load-billing-inputs.query.js';
import { loadBillingTerms } from './queries/load-billing-terms.query.js';
import { loadInputReadings } from './queries/load-input-readings.query.js';
import { storeBilling, type SettledTask } from './queries/store-billing.query.js';

/** A subscription to be brought to the instant `at`: its state advanced, and what is due by then billed. */
export interface BillingTask {
  subscription: Subscription;
  at: Date;
  actor: string;
  reason: string | null;
}

/** A task with everything that the pure code needs. */
interface PreparedTask {
  task: BillingTask;
  input: BillingInput;
  issued: IssuedLine[];
  /** Those of the time line's plans, and those that were billed. */
  chargesById: CatalogSlice['chargesById'];
  advanced: Advance;
  organization: Organization;
}

/** Subscriptions that start far back, or change after a long stop, catch up inside one request as far as this. */
const MAX_PERIODS_AT_ONCE = 400;

/**
 * Where billing meets the database. The same few statements load one subscription or a whole chunk; what is billed is
 * computed by `expectedLines` and `diffLines`, and written in bulk in the caller's transaction.
 */
@Injectable()
export class BillingService implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
    private readonly subscriptions: SubscriptionsService,
    private readonly testClocks: TestClocksService,
  ) {}

  onModuleInit(): void {
    // What falls due at this very instant, too: a decision on a boundary is about the period that begins there. If it takes effect
    // at once, it replaces the draft that this makes.
    this.events.on(subscriptionChanging, async (tx, { subscriptionId, at }) => {
      if (await this.catchUp(tx, subscriptionId, (dueAt) => dueAt <= at)) return;
      throw conflict('Too many periods are still to be billed. Try again when the scheduled run has billed them.');
    });
    this.events.on(subscriptionChanged, async (tx, { subscriptionId, at, actor, reason }) => {
      const subscription = await this.subscriptions.get(tx, subscriptionId);
      const drafted = await findDraftedSince(tx, subscription, at);
      if (drafted) subscription.rebillFrom = earlier(subscription.rebillFrom, drafted);
      await this.settle(tx, [{ subscription, at, actor, reason }]);
      const now = await this.testClocks.now(tx, subscription.testClockId);
      await this.catchUp(tx, subscriptionId, (dueAt) => dueAt <= now);
    });
  }

  /** Brings each subscription to its instant: its state advanced, and one draft where something is to be billed. */
  async settle(tx: EntityManager, tasks: BillingTask[]): Promise<void> {
    await storeBilling(tx, await this.compute(tx, tasks), this.clock.now());
  }

  /** What `settle` would do, without doing it: previews are this. */
  async compute(tx: EntityManager, tasks: BillingTask[]): Promise<SettledTask[]> {
    const prepared = await this.prepare(tx, tasks);
    const inputs = prepared.map(({ input, task: { subscription } }) => ({
      organizationId: subscription.organizationId,
      required: requiredReadings(input),
    }));
    const { snapshot: knownSnapshot, readings } = await loadInputReadings(tx, inputs);
    const presents = await this.presents(tx, tasks);
    const draftedAt = tasks.map(({ at, subscription }) => later(at, presents.get(subscription.testClockId) as Date));
    const terms = await loadBillingTerms(
      tx,
      prepared.map(({ input: { customerId }, task: { subscription } }, index) => ({
        organizationId: subscription.organizationId,
        customerId,
        at: draftedAt[index],
      })),
    );
    return prepared.map(({ task, input, issued, chargesById, advanced, organization }, index) => {
      const expectation = expectedLines(input, readings[index]);
      const lateUsageFrom = lateUsageStart(organization, input, task);
      const lines = diffLines(expectation, issued, chargesById, { lateUsageFrom });
      const { currency, customerId } = input;
      return {
        ...task,
        lines,
        draftedAt: draftedAt[index],
        advanced,
        terms: terms[index],
        knownSnapshot,
        currency,
        customerId,
      };
    });
  }

  /** Makes the next run look back to `from` and draft again what is not billed there any more. */
  async lookBackTo(tx: EntityManager, subscriptionId: string, from: Date): Promise<void> {
    const subscription = await this.subscriptions.lock(tx, subscriptionId);
    const now = wholeSecond(await this.testClocks.now(tx, subscription.testClockId));
    const { organizationId, id, dueAt } = subscription;
    const drafted = await findDraftedSince(tx, subscription, now);
    const rebillFrom = earlier(subscription.rebillFrom, drafted ? earlier(drafted, from) : from);
    await tx.update(Subscription, { organizationId, id }, { rebillFrom, dueAt: earlier(dueAt, now) });
  }

  /** As `lookBackTo`, and drafts at once. */
  async rebill(tx: EntityManager, subscriptionId: string, from: Date): Promise<void> {
    await this.lookBackTo(tx, subscriptionId, from);
    const { testClockId } = await this.subscriptions.get(tx, subscriptionId);
    const now = await this.testClocks.now(tx, testClockId);
    await this.catchUp(tx, subscriptionId, (dueAt) => dueAt <= now);
  }

  /** Settles one due instant after the other, oldest first. False: there are more, for the run to do. */
  async catchUp(tx: EntityManager, subscriptionId: string, isDue: (dueAt: Date) => boolean): Promise<boolean> {
    for (let count = 0; count < MAX_PERIODS_AT_ONCE; count += 1) {
      const subscription = await this.subscriptions.get(tx, subscriptionId);
      if (subscription.dueAt === null || !isDue(subscription.dueAt)) return true;
      await this.settle(tx, [{ subscription, at: subscription.dueAt, actor: SYSTEM, reason: null }]);
    }
    return false;
  }

  /** *Now*, by test clock (null: the real time). */
  private async presents(tx: EntityManager, tasks: BillingTask[]): Promise<Map<string | null, Date>> {
    const presents = new Map<string | null, Date>();
    for (const id of new Set(tasks.map(({ subscription }) => subscription.testClockId)))
      presents.set(id, await this.testClocks.now(tx, id));
    return presents;
  }

  private async prepare(tx: EntityManager, tasks: BillingTask[]): Promise<PreparedTask[]> {
    const subscriptions = tasks.map((task) => task.subscription);
    const organizationIds = [...new Set(subscriptions.map((subscription) => subscription.organizationId))];
    const timelines = await loadTimelines(tx, subscriptions);
    const organizations = await loadOrganizations(tx, organizationIds);
    const overdue = await loadOverdue(
      tx,
      tasks.map(({ subscription: { organizationId, id }, at }) => ({ organizationId, id, at })),
    );
    const scopes = tasks.map(({ subscription, at }) => {
      const { organizationId, id: subscriptionId } = subscription;
      const segments = timelines.get(subscriptionId)?.segments ?? [];
      const periods = organizations.get(organizationId)?.lateUsagePeriods ?? 0;
      const from = lookBackStart(segments, at, periods, subscription);
      return { organizationId, subscriptionId, segments, from, billedAt: at };
    });
    const issued = await loadIssuedLines(tx, scopes);
    const planIds = [...scopes.flatMap(({ segments }) => segments), ...subscriptions].map(({ planId }) => planId);
    const chargeIds = [...issued.values()].flat().map(({ chargeId }) => chargeId);
    const catalog = await loadCatalog(tx, organizationIds, [...new Set(planIds)], [...new Set(chargeIds)]);
    return tasks.map((task, index) => {
      const { subscription, at } = task;
      const { segments, from } = scopes[index];
      const lines = issued.get(subscription.id) ?? [];
      const advanced = advance(subscription, segments, at, overdue.has(subscription.id));
      // A cancellation at period end takes effect in a run, which knows no reason of its own.
      const end =
        advanced.state.status === 'CANCELED' ? timelines.get(subscription.id)?.entries.find(({ kind }) => kind === 'END') : null;
      return {
        task: { ...task, reason: task.reason ?? end?.reason ?? null },
        issued: lines,
        chargesById: catalog.chargesById,
        organization: organizations.get(subscription.organizationId) as Organization,
        advanced,
        input: {
          customerId: subscription.customerId,
          ...catalogOf(catalog, subscription, segments),
          segments,
          prepaid: prepaidOf(lines),
          from,
          asOf: at,
        },
      };
    });
  }
}

/** A reissued invoice makes the run look further back, not the usage that arrived too late for its own look-back. */
const lateUsageStart = (
  { lateUsage, lateUsagePeriods }: Organization,
  { segments }: BillingInput,
  { subscription: { startedAt }, at }: BillingTask,
): Date | null =>
  lateUsage === 'IGNORE' ? null : lookBackStart(segments, at, lateUsagePeriods, { startedAt, rebillFrom: null });

const later = (a: Date, b: Date): Date => (a > b ? a : b);
const earlier = (a: Date | null, b: Date): Date => (a !== null && a < b ? a : b);

function catalogOf(
  catalog: CatalogSlice,
  subscription: Subscription,
  segments: readonly Segment[],
): Pick<BillingInput, 'currency' | 'chargesByPlan'> {
  const planIds = new Set(segments.map((segment) => segment.planId));
  return {
    currency: catalog.currencyByPlan.get(subscription.planId) ?? '',
    chargesByPlan: new Map([...planIds].map((planId) => [planId, catalog.chargesByPlan.get(planId) ?? []])),
  };
}
