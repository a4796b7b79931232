import { QueryFailedError } from 'typeorm';
import { conflict, DomainError, invalid } from '../../shared/errors.js';

/** What a violated constraint means to the caller. Each module registers its own beside the entity that declares them. */
const meanings = new Map<string, () => DomainError>();

export function onConstraint(name: string, meaning: () => DomainError): void {
  meanings.set(name, meaning);
}

export const duplicateOf = (constraint: string, field: string, message: string): void =>
  onConstraint(constraint, () => conflict(message, field));
export const unknownReference = (constraint: string, field: string, message: string): void =>
  onConstraint(constraint, () => invalid(field, message));

interface DriverError {
  code?: string;
  message?: string;
  constraint?: string;
}

/** SQLSTATEs of a database that cannot be reached, is shutting down, takes no more connections, or chose us to break a deadlock. */
const UNAVAILABLE =
  /^(08|57P0|53300|40P01|40001)|^(ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;
/** What pg and its pool throw without a code: a connection lost under a statement, or none to be had in time. */
const LOST_CONNECTION =
  /^Connection terminated|^Client (has encountered a connection error|was closed) and is not queryable|^timeout exceeded when trying to connect/;

const driverErrorOf = (error: unknown): DriverError | null =>
  (error instanceof QueryFailedError ? error.driverError : error) as DriverError | null;

/** Whether Postgres ended a transaction for the sake of others: a deadlock, or a serialization failure. */
export const isSacrificed = (error: unknown): boolean => /^40(P01|001)$/.test(driverErrorOf(error)?.code ?? '');

/** Whether Postgres refused what the role may not do: a privilege it lacks, or a row beyond its policies. */
export const isForbidden = (error: unknown): boolean => driverErrorOf(error)?.code === '42501';

/** Translates what the driver throws into a DomainError where the meaning is known; anything else is returned as it is. */
export function domainErrorOf(error: unknown): unknown {
  const driverError = driverErrorOf(error);
  if (driverError?.constraint !== undefined) {
    const meaning = meanings.get(driverError.constraint);
    if (meaning) return meaning();
  }
  if (UNAVAILABLE.test(driverError?.code ?? '') || LOST_CONNECTION.test(driverError?.message ?? '')) {
    return new DomainError('SERVICE_UNAVAILABLE', 'The database cannot be reached right now. Try again.');
  }
  return error;
}
