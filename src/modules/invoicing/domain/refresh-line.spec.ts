import { describe, expect, it } from '@jest/globals';
import { decimal, ZERO } from '../../../shared/decimal.js';
import type { Reading } from '../../metering/domain/index.js';
import type { BillableCharge } from './expected-lines.js';
import { refreshedLine, type BilledElsewhere, type DraftLine } from './refresh-line.js';

/** 0.25 a call, of which 4 are free; at least 31 a month. */
const CALLS: BillableCharge = {
  id: 'calls',
  displayName: 'Calls',
  type: 'USAGE',
  billingTiming: 'IN_ARREARS',
  meterId: 'requests',
  price: {
    model: 'PER_UNIT',
    amount: null,
    unitAmount: decimal('0.25'),
    packageSize: null,
    packageAmount: null,
    rate: null,
    fixedAmountPerEvent: null,
    tiers: null,
    includedUnits: decimal('4'),
    minimumAmount: decimal('31'),
    maximumAmount: null,
    quantityRounding: 'NONE',
    quantityPrecision: 0,
  },
};
const READING: Reading = {
  meterId: 'requests',
  customerId: 'acme',
  from: new Date('2026-01-01'),
  to: new Date('2026-02-01'),
  value: decimal('404'),
  eventCount: 3,
  eventsHash: 'hash',
};
const DRAFTED: DraftLine = {
  id: 'line',
  kind: 'CHARGE',
  position: 0,
  chargeId: 'calls',
  quantity: '404',
  amount: '100',
  tax: '0',
  taxRate: null,
  taxInclusive: false,
  edited: false,
  periodStart: READING.from,
  periodEnd: READING.to,
  keyStart: READING.from,
  eventsHash: 'hash',
  proration: null,
  readValue: '404.0',
  eventCount: 3,
};
const refreshed = (line: Partial<DraftLine>, reading: Partial<Reading> = {}, before: BilledElsewhere | null = null) =>
  refreshedLine({ ...DRAFTED, ...line }, CALLS, { ...READING, ...reading }, before, 'USD');

describe('a line of a draft, read again', () => {
  it('stays where it rests on the same events', () => expect(refreshed({})).toBeNull());

  it.each<[string, Partial<DraftLine>, Partial<Reading>]>([
    ['other events', {}, { eventsHash: 'other' }],
    ['more events', {}, { eventCount: 4 }],
    ['another value', {}, { value: decimal('405') }],
    ['a value that is not known', { readValue: null }, {}],
  ])('is rated anew for %s', (_, line, reading) => expect(refreshed(line, reading)).not.toBeNull());

  it('becomes what the reading comes to', () => {
    // 504 − 4 free, at 0.25.
    expect(refreshed({}, { value: decimal('504'), eventCount: 4, eventsHash: 'new' })).toMatchObject({
      quantity: '504',
      amount: '125',
      explanation: { kind: 'USAGE', exactAmount: '125' },
      eventsHash: 'new',
    });
  });

  it('owes the least of its part of the period', () => {
    // 31 × 10/31
    expect(refreshed({ proration: { numerator: 10, denominator: 31 } }, { value: ZERO })?.amount).toBe('10');
  });

  it('is a correction of what others billed, though read as before', () => {
    // 100 by now, of which 75 for 304 calls were billed.
    expect(refreshed({ kind: 'CORRECTION' }, {}, { amount: decimal('75'), quantity: decimal('304') })).toMatchObject({
      quantity: '100',
      amount: '25',
      explanation: { kind: 'CORRECTION', exactAmount: '100', billedBefore: '75' },
      eventsHash: 'hash',
    });
  });

  it('is a charge in full, whatever others billed', () => {
    const before = { amount: decimal('75'), quantity: decimal('304') };
    const line = refreshed({ kind: 'CHARGE' }, { eventsHash: 'new' }, before);
    expect(line).toMatchObject({ quantity: '404', amount: '100', explanation: { kind: 'USAGE' }, eventsHash: 'new' });
  });

  it('is a correction in full where nothing else was billed', () => {
    expect(refreshed({ kind: 'CORRECTION' })).toMatchObject({ quantity: '404', amount: '100', explanation: { kind: 'USAGE' } });
  });
});
