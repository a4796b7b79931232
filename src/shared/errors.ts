/** The stable error codes of the API (docs: README, "Error codes"). */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'VALIDATION_FAILED'
  | 'CONFLICT'
  | 'INVALID_TRANSITION'
  | 'PREVIEW_STALE'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'RATE_LIMITED'
  | 'QUERY_TOO_COMPLEX'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_ERROR';

/** A failure that the caller can understand and act on; everything else is reported as INTERNAL_ERROR. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly field?: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

export const invalid = (field: string, message: string): DomainError => new DomainError('VALIDATION_FAILED', message, field);
export const notFound = (noun: string, field?: string): DomainError => new DomainError('NOT_FOUND', `${noun} not found.`, field);
export const conflict = (message: string, field?: string): DomainError => new DomainError('CONFLICT', message, field);
