import type { ApolloServerPlugin } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DomainError } from '../../shared/errors.js';
import { domainErrorOf } from '../database/constraint-errors.js';
import type { Log } from '../log.js';
import { graphqlError } from './domain-error.filter.js';
import type { RequestContext } from './request-context.js';

/** Codes that Apollo gives to requests it refuses before a resolver runs. */
const REFUSED = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT', 'BAD_REQUEST']);

/** The last look at an error before it leaves: a stable code, and nothing of stacks, SQL or names of ours. */
export const formatError =
  (log: Log) =>
  (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const code = formatted.extensions?.code;
    const original = domainErrorOf(originalOf(thrown));
    if (original instanceof DomainError) return { ...located(formatted), ...pick(graphqlError(original)) };
    if (REFUSED.has(String(code))) return refused(formatted, thrown);
    if (code !== undefined && code !== 'INTERNAL_SERVER_ERROR') return formatted;
    if (original instanceof GraphQLError) return refused(formatted, original);
    log.error({ err: original }, 'unexpected error');
    return {
      ...located(formatted),
      message: 'Something went wrong on our side. The request changed nothing.',
      extensions: { code: 'INTERNAL_ERROR' },
    };
  };

/** What our own code threw: in a resolver, or before the first of them (a key looked up without a database). */
function originalOf(thrown: unknown): unknown {
  const unwrapped = unwrapResolverError(thrown);
  const inner = unwrapped instanceof GraphQLError ? unwrapped.originalError : undefined;
  return inner && !(inner instanceof GraphQLError) ? inner : unwrapped;
}

/** A request that is not what the schema asks for: VALIDATION_FAILED with the input field, where the message names one. */
function refused(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const variable = /^Variable "\$\w+" got invalid value .*? at "(?<path>[^"]+)"/s.exec(formatted.message)?.groups?.path;
  const inner =
    thrown instanceof GraphQLError && thrown.originalError instanceof GraphQLError
      ? thrown.originalError.extensions.code
      : undefined;
  const field = variable?.replace(/^input\.|^\w+\[\d+\]\.(?=.)/, (prefix) => (prefix === 'input.' ? '' : prefix));
  return {
    ...formatted,
    extensions: { code: typeof inner === 'string' ? inner : 'VALIDATION_FAILED', ...(field ? { field } : {}) },
  };
}

const located = ({ path, locations }: GraphQLFormattedError) => ({
  ...(path ? { path } : {}),
  ...(locations ? { locations } : {}),
});
const pick = ({ message, extensions }: GraphQLError) => ({ message, extensions });

/** Ends the request's snapshot when its answer is ready. */
export const requestLifecycle: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ contextValue }) {
        await contextValue.close();
      },
    };
  },
};
