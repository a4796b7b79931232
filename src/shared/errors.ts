/** The stable error codes of the API, each with its HTTP status on the REST edge (docs: README, "Error codes"). */
export const HTTP_STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  VALIDATION_FAILED: 422,
  MALFORMED_REQUEST: 400,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  CONFLICT: 409,
  INVALID_TRANSITION: 409,
  PREVIEW_STALE: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  RATE_LIMITED: 429,
  QUERY_TOO_COMPLEX: 400,
  SERVICE_UNAVAILABLE: 503,
  INTERNAL_ERROR: 500,
} as const;
export type ErrorCode = keyof typeof HTTP_STATUS;

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
