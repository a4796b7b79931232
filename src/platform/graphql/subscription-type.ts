import type { GqlModuleOptions } from '@nestjs/graphql';

/** As Nest collects them: resolvers by type and field; of a type `Subscription`, which it takes for GraphQL's, as `subscribe`. */
interface CollectedResolvers {
  Subscription?: Record<string, { subscribe: unknown }>;
}

/**
 * Our type `Subscription` is a contract of a customer; GraphQL's is a stream of events, here called `LiveUpdates`. Nest goes
 * by the name alone and registers the fields' resolvers as the sources of such streams: this makes fields of them again.
 */
export const fieldsOfSubscription: NonNullable<GqlModuleOptions['transformResolvers']> = (collected) =>
  [collected].flat().map((resolvers) => {
    const { Subscription: streams, ...others } = resolvers as CollectedResolvers;
    if (streams === undefined) return resolvers;
    const fields = Object.entries(streams).map(([name, { subscribe }]) => [name, subscribe]);
    return { ...others, Subscription: Object.fromEntries(fields) };
  });
