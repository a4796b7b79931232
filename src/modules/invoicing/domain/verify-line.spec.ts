import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, ZERO } from '../../../shared/decimal.js';
import type { Price } from '../../catalog/domain/index.js';
import type { Reading } from '../../metering/domain/index.js';
import type { Explanation } from './explanation.js';
import type { BillableCharge } from './expected-lines.js';
import { recomputedAmount } from './verify-line.js';

const chargeOf = (price: Partial<Price>): BillableCharge => ({
  id: 'charge',
  displayName: 'Charge',
  type: 'FIXED',
  billingTiming: 'IN_ARREARS',
  meterId: null,
  price: {
    model: 'FLAT',
    amount: null,
    unitAmount: null,
    packageSize: null,
    packageAmount: null,
    rate: null,
    fixedAmountPerEvent: null,
    tiers: null,
    includedUnits: ZERO,
    minimumAmount: null,
    maximumAmount: null,
    quantityRounding: 'NONE',
    quantityPrecision: 0,
    ...price,
  },
});
const BASE = chargeOf({ amount: decimal('10') });
const CALLS = chargeOf({ model: 'PER_UNIT', unitAmount: decimal('0.125'), minimumAmount: decimal('31') });
const reading = (value: string): Reading => ({
  meterId: 'requests',
  customerId: 'acme',
  from: new Date('2026-01-01'),
  to: new Date('2026-02-01'),
  value: decimal(value),
  eventCount: 1,
  eventsHash: 'hash',
});
/** 10 of 31 days. */
const TEN_DAYS = { numerator: 10, denominator: 31 };

/** What the line says of itself is wrong on purpose where it must not matter. */
const explained = (more: Partial<Explanation>): Explanation => ({ kind: 'FIXED', exactAmount: '999', ...more });

describe('the amount of a line, computed once more', () => {
  it.each<[string, Partial<Explanation>, BillableCharge | null, Reading | null, string | null]>([
    ['of a whole period', { fixedAmount: '10' }, BASE, null, '10'],
    // 10 × 10/31 = 3.2258…
    ['of a part', { fixedAmount: '10', proration: TEN_DAYS }, BASE, null, '3.23'],
    ['of the last part', { fixedAmount: '10', proration: TEN_DAYS, partsBefore: '6.76' }, BASE, null, '3.24'],
    ['of a price finer than a cent', { fixedAmount: '0.005' }, chargeOf({ amount: decimal('0.005') }), null, '0.01'],
    [
      'of the last part of a price finer than a cent',
      { partsBefore: '0.01' },
      chargeOf({ amount: decimal('0.025') }),
      null,
      '0.02',
    ],
    // 8 − 8 × 10/31 = 8 − 2.58
    ['of what stays of a prepaid line', { prepaidAmount: '8', proration: TEN_DAYS }, BASE, null, '5.42'],
    ['of a prepaid line, whose fraction is not known', { prepaidAmount: '8' }, BASE, null, '10'],
    [
      'of a credit, less what was billed',
      { kind: 'CREDIT', prepaidAmount: '8', proration: TEN_DAYS, billedBefore: '8' },
      BASE,
      null,
      '-2.58',
    ],
    [
      'of a credit of a part by its price',
      { kind: 'CREDIT', fixedAmount: '10', proration: TEN_DAYS, billedBefore: '10' },
      BASE,
      null,
      '-6.77',
    ],
    ['of a withdrawal', { kind: 'CREDIT', billedBefore: '8' }, BASE, null, '-8'],
    // 400 × 0.125, and the least of a whole period.
    ['of usage', { kind: 'USAGE' }, CALLS, reading('400'), '50'],
    ['of usage at the least', { kind: 'USAGE' }, CALLS, reading('8'), '31'],
    ['of usage at the least of its part', { kind: 'USAGE', proration: TEN_DAYS }, CALLS, reading('8'), '10'],
    ['of late usage, less what was billed', { kind: 'CORRECTION', billedBefore: '45' }, CALLS, reading('400'), '5'],
    ['of usage without a reading is not known', { kind: 'USAGE' }, CALLS, null, null],
    ['of no charge is not known', {}, null, null, null],
    // 3 × 0.335 = 1.005, whatever the line was billed before.
    ['of a line written by hand', { kind: 'ONE_OFF', quantity: '3', unitAmount: '0.335' }, null, null, '1.01'],
    ['of an edited line', { kind: 'EDITED', quantity: '2', unitAmount: '4', billedBefore: '5' }, BASE, null, '8'],
    ['of a line written by hand without a price', { kind: 'ONE_OFF', quantity: '2' }, null, null, '0'],
    ['of a line written by hand without a quantity', { kind: 'ONE_OFF', unitAmount: '2' }, null, null, '0'],
    ['of no charge is not known, whatever was read', { kind: 'USAGE' }, null, reading('400'), null],
  ])('%s', (_, explanation, charge, read, amount) => {
    const recomputed = recomputedAmount(explained(explanation), charge, read, 'USD');
    expect(recomputed && decimalText(recomputed)).toBe(amount);
  });

  it('is rounded to its currency', () => {
    const amountIn = (currency: string) => String(recomputedAmount(explained({ proration: TEN_DAYS }), BASE, null, currency));
    expect([amountIn('JPY'), amountIn('KWD')]).toEqual(['3', '3.226']);
  });
});
