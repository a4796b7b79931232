import { In, IsNull, type EntityManager, type FindOperator } from 'typeorm';
import { Plan } from '../../catalog/index.js';
import { segmentsOf, type Segment } from '../domain/index.js';
import { Subscription, SubscriptionEntry } from '../subscription.entity.js';

export interface LoadedTimeline {
  entries: SubscriptionEntry[];
  segments: Segment[];
  /** The plan versions that the entries of all these time lines name. */
  plans: ReadonlyMap<string, Plan>;
}

/**
 * The time lines of many subscriptions, of whatever organizations, with two statements. Served by the unique key
 * subscription_entries_sequence_key and the primary key of plans.
 */
export async function loadTimelines(
  tx: EntityManager,
  subscriptions: readonly Subscription[],
): Promise<Map<string, LoadedTimeline>> {
  const organizationId = inOrganizationsOf(subscriptions);
  const entries = await loadEntries(tx, subscriptions);
  const planIds = [...new Set(entries.map((entry) => entry.planId).filter((id): id is string => id !== null))];
  const plans = new Map((await tx.findBy(Plan, { organizationId, id: In(planIds) })).map((plan) => [plan.id, plan]));
  const bySubscription = new Map<string, SubscriptionEntry[]>(subscriptions.map((subscription) => [subscription.id, []]));
  for (const entry of entries) bySubscription.get(entry.subscriptionId)?.push(entry);
  return new Map(
    subscriptions.map((subscription) => {
      const own = bySubscription.get(subscription.id) ?? [];
      return [subscription.id, { entries: own, segments: segmentsOf(subscription, own, plans), plans }];
    }),
  );
}

/** The decisions that hold about subscriptions. Served by the unique key subscription_entries_sequence_key. */
export const loadEntries = (tx: EntityManager, subscriptions: readonly Subscription[]): Promise<SubscriptionEntry[]> =>
  tx.find(SubscriptionEntry, {
    where: {
      organizationId: inOrganizationsOf(subscriptions),
      subscriptionId: In(subscriptions.map((subscription) => subscription.id)),
      revokedAt: IsNull(),
    },
    order: { sequence: 'ASC' },
  });

const inOrganizationsOf = (subscriptions: readonly Subscription[]): FindOperator<string> =>
  In([...new Set(subscriptions.map((subscription) => subscription.organizationId))]);
