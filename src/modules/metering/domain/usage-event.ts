import { plainDecimalText } from '../../../shared/decimal.js';
import type { Instant } from '../../../shared/instant.js';
import { DAY_MS } from '../../../shared/calendar.js';
import { faultOfJson, isStorable } from '../../../shared/text.js';
import type { MeterDefinition, MeterFilter } from './meter.js';

/** An event as it was sent: either edge of the API reduces its input to this. */
export interface UsageEventInput {
  meterToken?: string | null;
  meterName?: string | null;
  customerExternalId: string;
  /** Text of the number, as it was sent. */
  quantity?: string | null;
  properties?: Record<string, unknown> | null;
  timestamp?: Instant | null;
  idempotencyKey?: string | null;
}

export type RejectionCode =
  | 'VALIDATION_FAILED'
  | 'METER_NOT_FOUND'
  | 'METER_ARCHIVED'
  | 'CUSTOMER_NOT_FOUND'
  | 'VALUE_MISSING'
  | 'VALUE_INVALID'
  | 'NEGATIVE_NOT_ALLOWED'
  | 'TIMESTAMP_IN_FUTURE'
  | 'TIMESTAMP_TOO_OLD';

/** Why one event of a batch was not stored. */
export class Rejection {
  constructor(
    readonly code: RejectionCode,
    readonly message: string,
  ) {}
}

/** What an event adds to its meter: a number, a member of a set, or (for COUNT, and where a filter keeps it out) neither. */
export interface Contribution {
  counted: boolean;
  /** In plain notation. */
  value: string | null;
  member: string | null;
}

const FUTURE_TOLERANCE_MS = 5 * 60_000;
const MAX_KEY_LENGTH = 255;
const MAX_MEMBER_LENGTH = 1_024;
export const MAX_PROPERTIES_BYTES = 16_384;

/** Checks what does not depend on meter or customer. */
export function checkEventShape(event: UsageEventInput): Rejection | null {
  const meterNames = [event.meterToken, event.meterName].filter((name) => name !== null && name !== undefined);
  if (meterNames.length !== 1) return new Rejection('VALIDATION_FAILED', 'Name the meter by one of meter token and meter name.');
  if (!isKeyText(event.customerExternalId)) {
    return new Rejection('VALIDATION_FAILED', `The customer's external id must have 1 to ${MAX_KEY_LENGTH} characters.`);
  }
  if (event.idempotencyKey !== null && event.idempotencyKey !== undefined && !isKeyText(event.idempotencyKey)) {
    return new Rejection('VALIDATION_FAILED', `The idempotency key must have 1 to ${MAX_KEY_LENGTH} characters.`);
  }
  if (event.quantity !== null && event.quantity !== undefined && plainDecimalText(event.quantity) === null) {
    return new Rejection('VALIDATION_FAILED', 'The quantity is not a decimal number within the limits on digits.');
  }
  const found = faultOfJson(event.properties);
  if (found) return new Rejection('VALIDATION_FAILED', `The object of properties ${found.fault}.`);
  return null;
}

const isKeyText = (text: string): boolean => text.trim() !== '' && text.length <= MAX_KEY_LENGTH && isStorable(text);

/** The limits on event time (billing-rules §4). `now` is the customer's: its test clock's, or the real time. */
export function checkTimestamp(timestamp: Date, now: Date, backfillDays: number, mayBackfill: boolean): Rejection | null {
  if (timestamp.getTime() > now.getTime() + FUTURE_TOLERANCE_MS) {
    return new Rejection('TIMESTAMP_IN_FUTURE', 'The timestamp lies more than 5 minutes in the future.');
  }
  if (!mayBackfill && timestamp.getTime() < now.getTime() - backfillDays * DAY_MS) {
    return new Rejection(
      'TIMESTAMP_TOO_OLD',
      `The timestamp is older than ${backfillDays} days; this needs the scope usage.backfill.`,
    );
  }
  return null;
}

/** What the event counts for under its meter (billing-rules §4), or why it cannot. */
export function contributionOf(event: UsageEventInput, meter: MeterDefinition): Contribution | Rejection {
  const properties = event.properties ?? {};
  if (!meter.filters.every((filter) => matches(properties, filter))) return { counted: false, value: null, member: null };
  if (meter.aggregation === 'COUNT') return { counted: true, value: null, member: null };
  if (meter.aggregation === 'UNIQUE_COUNT') return memberOf(properties, meter.valueProperty);
  return valueOf(event, properties, meter);
}

function memberOf(properties: Record<string, unknown>, valueProperty: string | null): Contribution | Rejection {
  const member =
    (valueProperty === null ? null : scalarText(own(properties, valueProperty))) ?? scalarText(own(properties, 'user_id'));
  if (member === null || member === '') {
    return new Rejection(
      'VALUE_MISSING',
      `The event has no property ${valueProperty ? `"${valueProperty}" or ` : ''}"user_id" to count.`,
    );
  }
  if (member.length > MAX_MEMBER_LENGTH)
    return new Rejection('VALUE_INVALID', `The counted property exceeds ${MAX_MEMBER_LENGTH} characters.`);
  return { counted: true, value: null, member };
}

function valueOf(event: UsageEventInput, properties: Record<string, unknown>, meter: MeterDefinition): Contribution | Rejection {
  const property = meter.valueProperty === null ? undefined : own(properties, meter.valueProperty);
  if (property !== undefined && property !== null) {
    const text = scalarText(property);
    const value = text === null || typeof property === 'boolean' ? null : plainDecimalText(text);
    if (value === null) return new Rejection('VALUE_INVALID', `The property "${meter.valueProperty}" is not a decimal number.`);
    return checked(value, meter);
  }
  const value = event.quantity === null || event.quantity === undefined ? null : plainDecimalText(event.quantity);
  if (value === null) {
    const where = meter.valueProperty === null ? 'quantity' : `property "${meter.valueProperty}" and no quantity`;
    return new Rejection('VALUE_MISSING', `The event has no ${where}.`);
  }
  if (value === '0') return new Rejection('VALUE_INVALID', 'The quantity must not be 0.');
  return checked(value, meter);
}

function checked(value: string, meter: MeterDefinition): Contribution | Rejection {
  if (value.startsWith('-') && meter.aggregation === 'SUM' && !meter.allowsNegative) {
    return new Rejection('NEGATIVE_NOT_ALLOWED', 'The meter does not take negative values.');
  }
  return { counted: true, value, member: null };
}

const matches = (properties: Record<string, unknown>, filter: MeterFilter): boolean => {
  const text = scalarText(own(properties, filter.property));
  return filter.values.some((value) => value === text);
};

const own = (properties: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(properties, name) ? properties[name] : undefined;

/** The text of a string, number (with the digits it was sent with) or boolean; null for anything else. */
export function scalarText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isLosslessNumber(value) ? value.toString() : null;
}

const isLosslessNumber = (value: unknown): value is { isLosslessNumber: true; toString(): string } =>
  typeof value === 'object' && value !== null && (value as { isLosslessNumber?: unknown }).isLosslessNumber === true;
