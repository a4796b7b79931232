import { Catch, HttpException, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { DomainError, HTTP_STATUS, type ErrorCode } from '../../shared/errors.js';
import { domainErrorOf } from '../database/constraint-errors.js';
import { Log } from '../log.js';

/** The one place where failures become answers: GraphQL errors with a stable code, or `{ detail, code }` on the REST edge. */
@Catch()
@Injectable()
export class DomainErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): unknown {
    if (host.getType<string>() === 'graphql') return graphqlError(this.explain(thrown));
    const http = host.switchToHttp();
    return this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers a request of the REST edge. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const error = this.explain(thrown);
    if (RETRIED.has(error.code)) void reply.header('retry-after', '1');
    const status = thrown instanceof HttpException ? thrown.getStatus() : HTTP_STATUS[error.code];
    return reply.status(status).send(bodyOf(error, request));
  }

  /** What the caller may know of a failure: all of a domain error, nothing of a bug. */
  private explain(thrown: unknown): DomainError | GraphQLErrorLike {
    if (thrown instanceof GraphQLError) return { message: thrown.message, code: codeOf(thrown) };
    const error = domainErrorOf(thrown);
    if (error instanceof DomainError) return error;
    if (error instanceof HttpException)
      return { message: error.message, code: HTTP_CODES[error.getStatus()] ?? 'MALFORMED_REQUEST' };
    const { statusCode, message } = error as Partial<FastifyError>;
    if (statusCode !== undefined && statusCode < 500)
      return { message: message ?? 'The request is not valid.', code: HTTP_CODES[statusCode] ?? 'MALFORMED_REQUEST' };
    this.log.error({ err: error }, 'unexpected error');
    return new DomainError('INTERNAL_ERROR', 'Something went wrong on our side. The request changed nothing.');
  }
}

interface GraphQLErrorLike {
  message: string;
  code: ErrorCode;
  field?: string;
  details?: Record<string, unknown>;
}

/** What is worth sending again, a little later. */
const RETRIED: ReadonlySet<ErrorCode> = new Set(['SERVICE_UNAVAILABLE', 'RATE_LIMITED']);

/** What the framework refuses with, before any code of ours. */
const HTTP_CODES: Record<number, ErrorCode> = {
  400: 'MALFORMED_REQUEST',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** A body that never became a GraphQL request is still answered to a GraphQL client. */
function bodyOf(error: GraphQLErrorLike, { url }: FastifyRequest): object {
  if (/^\/+graphql\b/.test(url)) return { errors: [graphqlError(error)] };
  const { message: detail, code, field, details } = error;
  return { detail, code, ...(field ? { field } : {}), ...(details ? { details } : {}) };
}

const codeOf = (error: GraphQLError): ErrorCode => (error.extensions.code as ErrorCode | undefined) ?? 'VALIDATION_FAILED';

export function graphqlError(error: GraphQLErrorLike): GraphQLError {
  const { code, field, details } = error;
  return new GraphQLError(error.message, { extensions: { code, ...(field ? { field } : {}), ...(details ? { details } : {}) } });
}
