import type { ApolloServerPlugin } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { DomainError, HTTP_STATUS } from '../../shared/errors.js';
import { domainErrorOf } from '../database/constraint-errors.js';
import type { Log } from '../log.js';
import { graphqlError } from './domain-error.filter.js';
import { inputFieldOf } from './input-field.js';
import type { RequestContext } from './request-context.js';

/** Codes that Apollo gives to requests it refuses before a resolver runs. */
const REFUSED = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** The last look at an error before it leaves: a stable code, and nothing of stacks, SQL or names of ours. */
export const formatError =
  (log: Log) =>
  (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const code = String(formatted.extensions?.code);
    const original = domainErrorOf(originalOf(thrown));
    if (original instanceof DomainError) return { ...located(formatted), ...pick(graphqlError(original)) };
    if (formatted.message === STACK_OVERFLOW) return tooDeep;
    if (Object.hasOwn(HTTP_STATUS, code)) return formatted;
    // What the engine says of no field in particular is about the request, such as an operation of a kind that is not served.
    const isOfRequest = original instanceof GraphQLError && formatted.path === undefined;
    if (REFUSED.has(code) || isOfRequest) return refused(formatted, thrown);
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

/** What V8 says when a document's nesting exhausts the stack of a recursive parser. */
const STACK_OVERFLOW = 'Maximum call stack size exceeded';
const tooDeep = { message: 'The document is nested too deeply.', extensions: { code: 'QUERY_TOO_COMPLEX' } };

/** A request that is not what the schema asks for: VALIDATION_FAILED with the input field, where there is one. */
function refused(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const field = thrown instanceof GraphQLError ? inputFieldOf(thrown) : undefined;
  const message = shortened(formatted.message);
  return { ...formatted, message, extensions: { code: 'VALIDATION_FAILED', ...(field ? { field } : {}) } };
}

/** The engine quotes what it refuses; of a megabyte, both ends will do. */
const shortened = (message: string): string =>
  message.length > 600 ? `${message.slice(0, 300)} … ${message.slice(-300)}` : message;

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
