import { describe, expect, it } from '@jest/globals';
import { LosslessNumber } from 'lossless-json';
import type { MeterDefinition } from './meter.js';
import {
  checkEventShape,
  checkTimestamp,
  contributionOf,
  Rejection,
  scalarText,
  type Contribution,
  type UsageEventInput,
} from './usage-event.js';

const EVENT: UsageEventInput = { meterName: 'requests', customerExternalId: 'acme', quantity: '1' };
const METER: MeterDefinition = {
  aggregation: 'SUM',
  valueProperty: null,
  carriesOver: false,
  allowsNegative: false,
  filters: [],
};
const nested = (levels: number): object => (levels === 0 ? {} : { next: nested(levels - 1) });

describe('the shape of an event', () => {
  it.each<[string, Partial<UsageEventInput>, string | null]>([
    ['with a meter’s name', {}, null],
    ['with a meter’s token', { meterName: null, meterToken: 'token' }, null],
    ['with both', { meterToken: 'token' }, 'VALIDATION_FAILED'],
    ['with neither', { meterName: undefined }, 'VALIDATION_FAILED'],
    ['with neither, said to be null', { meterName: null, meterToken: null }, 'VALIDATION_FAILED'],
    ['of an unnamed customer', { customerExternalId: '' }, 'VALIDATION_FAILED'],
    ['of a customer named by spaces', { customerExternalId: '  ' }, 'VALIDATION_FAILED'],
    ['of a customer with a name of 255 characters', { customerExternalId: 'a'.repeat(255) }, null],
    ['of a customer with a name of 256 characters', { customerExternalId: 'a'.repeat(256) }, 'VALIDATION_FAILED'],
    ['of a customer whose name cannot be stored', { customerExternalId: 'a\u0000' }, 'VALIDATION_FAILED'],
    ['without a key', { idempotencyKey: null }, null],
    ['with a key', { idempotencyKey: 'key-1' }, null],
    ['with an empty key', { idempotencyKey: '' }, 'VALIDATION_FAILED'],
    ['with a key of 255 characters', { idempotencyKey: 'k'.repeat(255) }, null],
    ['with a key of 256 characters', { idempotencyKey: 'k'.repeat(256) }, 'VALIDATION_FAILED'],
    ['without a quantity', { quantity: null }, null],
    ['that says nothing of a quantity', { quantity: undefined }, null],
    ['with a quantity that is no number', { quantity: 'many' }, 'VALIDATION_FAILED'],
    ['with too long a quantity', { quantity: `1${'0'.repeat(24)}` }, 'VALIDATION_FAILED'],
    ['with properties', { properties: { region: 'eu' } }, null],
    ['with properties that cannot be stored', { properties: { region: '\u0000' } }, 'VALIDATION_FAILED'],
    ['with properties nested too deeply', { properties: { deep: nested(64) } }, 'VALIDATION_FAILED'],
  ])('%s', (_, more, code) => expect(checkEventShape({ ...EVENT, ...more })?.code ?? null).toBe(code));
});

describe('the time of an event', () => {
  const NOW = new Date('2026-03-31T12:00:00Z');
  it.each([
    ['2026-03-31T12:00:00.000Z', false, null],
    ['2026-03-31T12:05:00.000Z', false, null],
    ['2026-03-31T12:05:00.001Z', false, 'TIMESTAMP_IN_FUTURE'],
    ['2026-03-31T12:05:00.001Z', true, 'TIMESTAMP_IN_FUTURE'],
    // March 31st is the 90th day of the year.
    ['2025-12-31T12:00:00.000Z', false, null],
    ['2025-12-31T11:59:59.999Z', false, 'TIMESTAMP_TOO_OLD'],
    ['2025-12-31T11:59:59.999Z', true, null],
  ])('%s, may backfill: %s', (timestamp, mayBackfill, code) => {
    expect(checkTimestamp(new Date(timestamp), NOW, 90, mayBackfill)?.code ?? null).toBe(code);
  });
});

/** `counted 5`, `counted`, `not counted`, or the code of the rejection. */
function text(outcome: Contribution | Rejection): string {
  if (outcome instanceof Rejection) return outcome.code;
  const { counted, value, member } = outcome;
  return [counted ? 'counted' : 'not counted', value ?? [], member ?? []].flat().join(' ');
}

describe('what an event contributes', () => {
  const BYTES: Partial<MeterDefinition> = { valueProperty: 'bytes' };
  const UNIQUE: Partial<MeterDefinition> = { aggregation: 'UNIQUE_COUNT' };
  const SEATS: Partial<MeterDefinition> = { aggregation: 'UNIQUE_COUNT', valueProperty: 'seat' };
  const NEGATIVES: Partial<MeterDefinition> = { allowsNegative: true };
  it.each<[string, Partial<MeterDefinition>, Partial<UsageEventInput>, string]>([
    ['its quantity', {}, { quantity: '2.50' }, 'counted 2.5'],
    ['no quantity that is missing', {}, { quantity: null }, 'VALUE_MISSING'],
    ['no quantity that is not said', {}, { quantity: undefined }, 'VALUE_MISSING'],
    ['no quantity of 0', {}, { quantity: '0' }, 'VALUE_INVALID'],
    ['no quantity that is not a number', {}, { quantity: 'many' }, 'VALUE_MISSING'],
    ['the meter’s property before its quantity', BYTES, { properties: { bytes: '7' } }, 'counted 7'],
    ['a property of 0', BYTES, { properties: { bytes: '0' } }, 'counted 0'],
    [
      'a number with all its digits',
      BYTES,
      { properties: { bytes: new LosslessNumber('0.123456789012345') } },
      'counted 0.123456789012345',
    ],
    ['its quantity, where the property is missing', BYTES, { properties: {} }, 'counted 1'],
    ['its quantity, where there are no properties', BYTES, { properties: null }, 'counted 1'],
    ['its quantity, where the property is null', BYTES, { properties: { bytes: null } }, 'counted 1'],
    ['nothing, where property and quantity are missing', BYTES, { properties: {}, quantity: null }, 'VALUE_MISSING'],
    ['no property that is not a number', BYTES, { properties: { bytes: 'many' } }, 'VALUE_INVALID'],
    ['no property that is a truth value', BYTES, { properties: { bytes: true } }, 'VALUE_INVALID'],
    ['no property that is an object', BYTES, { properties: { bytes: {} } }, 'VALUE_INVALID'],
    ['no property that every object has', { valueProperty: 'constructor' }, { properties: {} }, 'counted 1'],
    // `valueProperty: null` is no property of that name.
    ['its quantity, where the meter reads no property', {}, { properties: { null: '7' } }, 'counted 1'],
    ['a user, where the meter counts no property', UNIQUE, { properties: { null: '12A', user_id: 'ann' } }, 'counted ann'],
    ['no negative sum', {}, { quantity: '-1' }, 'NEGATIVE_NOT_ALLOWED'],
    ['a negative sum where the meter takes it', NEGATIVES, { quantity: '-1' }, 'counted -1'],
    ['no negative property', BYTES, { properties: { bytes: '-1' } }, 'NEGATIVE_NOT_ALLOWED'],
    ['a negative value to LAST', { aggregation: 'LAST' }, { quantity: '-1' }, 'counted -1'],
    ['a negative value to MAX', { aggregation: 'MAX' }, { quantity: '-1' }, 'counted -1'],
    ['itself to COUNT', { aggregation: 'COUNT' }, { quantity: null }, 'counted'],
    ['a user', UNIQUE, { properties: { user_id: 'ann' } }, 'counted ann'],
    ['a user with a number', UNIQUE, { properties: { user_id: 7 } }, 'counted 7'],
    ['the meter’s property before the user', SEATS, { properties: { seat: '12A', user_id: 'ann' } }, 'counted 12A'],
    ['the user, where that is missing', SEATS, { properties: { user_id: 'ann' } }, 'counted ann'],
    ['the user, where that is no text', SEATS, { properties: { seat: {}, user_id: 'ann' } }, 'counted ann'],
    ['no seat where the meter counts users', UNIQUE, { properties: { seat: '12A' } }, 'VALUE_MISSING'],
    ['nobody', UNIQUE, { properties: {} }, 'VALUE_MISSING'],
    ['nobody with an empty name', UNIQUE, { properties: { user_id: '' } }, 'VALUE_MISSING'],
    ['a member of 1,024 characters', UNIQUE, { properties: { user_id: 'u'.repeat(1024) } }, `counted ${'u'.repeat(1024)}`],
    ['no longer member', UNIQUE, { properties: { user_id: 'u'.repeat(1025) } }, 'VALUE_INVALID'],
  ])('is %s', (_, meter, event, expected) => {
    expect(text(contributionOf({ ...EVENT, ...event }, { ...METER, ...meter }))).toBe(expected);
  });

  it.each<[Partial<MeterDefinition>, Partial<UsageEventInput>, string]>([
    [{}, { quantity: null }, 'The event has no quantity.'],
    [BYTES, { quantity: null }, 'The event has no property "bytes" and no quantity.'],
    [UNIQUE, {}, 'The event has no property "user_id" to count.'],
    [SEATS, {}, 'The event has no property "seat" or "user_id" to count.'],
  ])('says what is missing: %j, %j', (meter, event, message) => {
    expect(contributionOf({ ...EVENT, ...event }, { ...METER, ...meter })).toEqual(new Rejection('VALUE_MISSING', message));
  });

  const IN_EUROPE = [
    { property: 'region', values: ['eu', 'ch'] },
    { property: 'paid', values: ['true'] },
  ];
  it.each<[string, Record<string, unknown> | null, string]>([
    ['matches all filters', { region: 'ch', paid: true }, 'counted 1'],
    ['matches one of them', { region: 'eu', paid: false }, 'not counted'],
    ['matches the other', { region: 'us', paid: true }, 'not counted'],
    ['lacks a property', { paid: true }, 'not counted'],
    ['has none', null, 'not counted'],
  ])('counts where it %s', (_, properties, expected) => {
    expect(text(contributionOf({ ...EVENT, properties }, { ...METER, filters: IN_EUROPE }))).toBe(expected);
  });

  it('is not looked at where a filter keeps the event out', () => {
    expect(text(contributionOf({ ...EVENT, quantity: null }, { ...METER, filters: IN_EUROPE }))).toBe('not counted');
  });
});

describe('the text of a scalar', () => {
  it.each([
    ['a', 'a'],
    ['', ''],
    [1.5, '1.5'],
    [false, 'false'],
    [new LosslessNumber('1.50'), '1.50'],
    [null, null],
    [undefined, null],
    [{}, null],
    [['a'], null],
    [{ isLosslessNumber: 'no' }, null],
  ])('of %j is %j', (value: unknown, expected) => expect(scalarText(value)).toBe(expected));
});
