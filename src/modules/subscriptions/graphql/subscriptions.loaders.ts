import { childCounts, childPages } from '../../../platform/graphql/connection.js';
import { byId, byParent } from '../../../platform/graphql/loader.js';
import { Subscription, SubscriptionTransition } from '../subscription.entity.js';

export const subscriptionById = byId(Subscription);
export const subscriptionsOfCustomer = childPages(Subscription, 'customerId');
export const subscriptionCountOfCustomer = childCounts(Subscription, 'customerId');
export const transitionsOfSubscription = byParent(SubscriptionTransition, 'subscriptionId', (a, b) => (a.id < b.id ? -1 : 1));
