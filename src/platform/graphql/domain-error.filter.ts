import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { DomainError, type ErrorCode } from '../../shared/errors.js';
import { domainErrorOf } from '../database/constraint-errors.js';

const HTTP_STATUS: Record<ErrorCode, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  VALIDATION_FAILED: 422,
  CONFLICT: 409,
  INVALID_TRANSITION: 409,
  PREVIEW_STALE: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  RATE_LIMITED: 429,
  QUERY_TOO_COMPLEX: 400,
  SERVICE_UNAVAILABLE: 503,
  INTERNAL_ERROR: 500,
};

/** The one place where failures become answers: GraphQL errors with a stable code, or `{ detail, code }` on the REST edge. */
@Catch()
export class DomainErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): unknown {
    const error = this.explain(thrown);
    if (host.getType<string>() === 'graphql') return graphqlError(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error.code === 'SERVICE_UNAVAILABLE') void reply.header('retry-after', '1');
    const status = thrown instanceof HttpException ? thrown.getStatus() : HTTP_STATUS[error.code];
    return reply.status(status).send({ detail: error.message, code: error.code, ...(error.field ? { field: error.field } : {}) });
  }

  /** What the caller may know of a failure: all of a domain error, nothing of a bug. */
  private explain(thrown: unknown): DomainError | GraphQLErrorLike {
    if (thrown instanceof GraphQLError) return { message: thrown.message, code: codeOf(thrown) };
    const error = domainErrorOf(thrown);
    if (error instanceof DomainError) return error;
    if (error instanceof HttpException)
      return { message: error.message, code: HTTP_CODES[error.getStatus()] ?? 'VALIDATION_FAILED' };
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

const HTTP_CODES: Record<number, ErrorCode> = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN', 404: 'NOT_FOUND', 429: 'RATE_LIMITED' };

const codeOf = (error: GraphQLError): ErrorCode => (error.extensions.code as ErrorCode | undefined) ?? 'VALIDATION_FAILED';

export function graphqlError(error: GraphQLErrorLike): GraphQLError {
  const { code, field, details } = error;
  return new GraphQLError(error.message, { extensions: { code, ...(field ? { field } : {}), ...(details ? { details } : {}) } });
}
