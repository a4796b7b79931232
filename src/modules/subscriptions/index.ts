export { advance, segmentAt, type Advance, type Segment } from './domain/index.js';
export { ChangeTimingEnum, SubscriptionConnectionType, SubscriptionType } from './graphql/subscription.types.js';
export { subscriptionById } from './graphql/subscriptions.loaders.js';
export { loadTimelines, type LoadedTimeline } from './queries/load-timelines.query.js';
export { SubscriptionChangesService, type PlanChange } from './subscription-changes.service.js';
export { Subscription, SubscriptionEntry, SubscriptionTransition } from './subscription.entity.js';
export { subscriptionChanged, subscriptionChanging } from './subscription.events.js';
export { SubscriptionsModule } from './subscriptions.module.js';
export { SubscriptionsService, wholeSecond } from './subscriptions.service.js';
