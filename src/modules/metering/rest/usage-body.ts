import { numberText } from '../../../platform/json.js';
import { DomainError, invalid } from '../../../shared/errors.js';
import { Instant } from '../../../shared/instant.js';
import type { UsageEventInput } from '../domain/index.js';

type Body = Record<string, unknown>;

/** Reads one event of the REST edge (snake case). Throws VALIDATION_FAILED with the field of the body. */
export function usageEventOf(body: unknown): UsageEventInput {
  if (!isObject(body)) throw new DomainError('VALIDATION_FAILED', 'The body must be a JSON object with one event.');
  return {
    meterToken: optionalText(body, 'meter_token'),
    meterName: optionalText(body, 'meter_name'),
    customerExternalId: requiredText(body, 'customer_external_id'),
    quantity: quantityOf(body),
    properties: objectOf(body, 'properties') ?? objectOf(body, 'metadata'),
    timestamp: timestampOf(body),
    idempotencyKey: optionalText(body, 'idempotency_key'),
  };
}

/** When it happened, by which key it is known, and its properties: as in any event. */
export const eventFieldsOf = (body: Body): Pick<UsageEventInput, 'timestamp' | 'idempotencyKey' | 'properties'> => ({
  timestamp: timestampOf(body),
  idempotencyKey: optionalText(body, 'idempotency_key'),
  properties: objectOf(body, 'properties'),
});

export const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && numberText(value) === null;

function optionalText(body: Body, field: string): string | null {
  const value = body[field] ?? null;
  if (value !== null && typeof value !== 'string') throw invalid(field, `${field} must be a string.`);
  return value;
}

function requiredText(body: Body, field: string): string {
  const value = optionalText(body, field);
  if (value === null) throw invalid(field, `${field} is missing.`);
  return value;
}

/** A JSON number with all its digits, or a string that holds one. */
function quantityOf(body: Body): string | null {
  const value = body.quantity ?? null;
  if (value === null) return null;
  const text = typeof value === 'string' ? value : numberText(value);
  if (text === null) throw invalid('quantity', 'quantity must be a number.');
  return text;
}

function objectOf(body: Body, field: string): Body | null {
  const value = body[field] ?? null;
  if (value !== null && !isObject(value)) throw invalid(field, `${field} must be an object.`);
  return value;
}

function timestampOf(body: Body): Instant | null {
  const text = optionalText(body, 'timestamp');
  if (text === null) return null;
  const instant = Instant.read(text);
  if (!instant) throw invalid('timestamp', 'timestamp must be RFC 3339 with an offset, such as 2026-01-31T00:00:00Z.');
  return instant;
}
