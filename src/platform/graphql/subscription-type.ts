import { GraphQLSchema } from 'graphql';

/** What Nest makes of the field resolvers of a type that is called Subscription. */
interface Subscribing {
  subscribe?: unknown;
}

type Resolvers = Record<string, Record<string, unknown>>;

/**
 * `Subscription` is a customer's contract here, an object type like any other. Nest takes every type of that name for the root of
 * GraphQL's subscription operations and binds its field resolvers as `subscribe`, which nobody would ever call: this binds them
 * as resolvers.
 */
export const resolveSubscriptionFields = <T>(resolvers: T | T[]): T | T[] =>
  Array.isArray(resolvers) ? resolvers.map(rebound) : rebound(resolvers);

function rebound<T>(resolvers: T): T {
  const { Subscription: fields = {}, ...others } = resolvers as Resolvers;
  const resolving = Object.entries(fields).map(([name, field]) => [name, (field as Subscribing).subscribe ?? field]);
  return { ...others, Subscription: Object.fromEntries(resolving) as Record<string, unknown> } as T;
}

/**
 * The same for readers of the printed schema: a type of that name is the root of subscriptions unless a `schema` definition says
 * which roots there are, and that is printed only for a schema with a description.
 */
export const withRootsNamed = (schema: GraphQLSchema): GraphQLSchema =>
  new GraphQLSchema({
    ...schema.toConfig(),
    description: 'Fluxrate: usage-based billing. There are no subscription operations.',
  });
