import { describe, expect, it } from '@jest/globals';
import { conflict, DomainError, HTTP_STATUS, invalid, notFound } from './errors.js';
import { may, SCOPES, SYSTEM, type Scope } from './actor.js';

describe('errors that a caller can act on', () => {
  it.each([
    [invalid('name', 'name is missing.'), 'VALIDATION_FAILED', 'name', 'name is missing.', 422],
    [notFound('Plan', 'planId'), 'NOT_FOUND', 'planId', 'Plan not found.', 404],
    [notFound('Plan'), 'NOT_FOUND', undefined, 'Plan not found.', 404],
    [conflict('It is taken.', 'name'), 'CONFLICT', 'name', 'It is taken.', 409],
  ])('%s', (error, code, field, message, status) => {
    expect(error).toBeInstanceOf(DomainError);
    expect([error.name, error.code, error.field, error.message]).toEqual(['DomainError', code, field, message]);
    expect(HTTP_STATUS[error.code]).toBe(status);
  });

  it('have the statuses of the REST edge', () => {
    const byStatus = (status: number) => Object.entries(HTTP_STATUS).flatMap(([code, of]) => (of === status ? [code] : []));
    expect(byStatus(409)).toEqual(['CONFLICT', 'INVALID_TRANSITION', 'PREVIEW_STALE', 'IDEMPOTENCY_KEY_REUSED']);
    expect(byStatus(400)).toEqual(['MALFORMED_REQUEST', 'QUERY_TOO_COMPLEX']);
  });
});

describe('what a credential may do', () => {
  const actor = (...scopes: Scope[]) => ({ organizationId: 'acme', name: SYSTEM, scopes: new Set(scopes) });
  it('is what its scopes say, and everything for an admin', () => {
    expect(may(actor('usage.read'), 'usage.read')).toBe(true);
    expect(may(actor('usage.read'), 'usage.write')).toBe(false);
    expect(may(actor(), 'admin')).toBe(false);
    expect(SCOPES.filter((scope) => !may(actor('admin'), scope))).toEqual([]);
  });
});
