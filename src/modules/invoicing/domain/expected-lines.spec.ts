import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, ZERO } from '../../../shared/decimal.js';
import type { Price } from '../../catalog/domain/index.js';
import type { Reading } from '../../metering/domain/index.js';
import { segmentsOf, type TimelineEntry } from '../../subscriptions/domain/index.js';
import {
  expectedLines,
  lineKey,
  rateLine,
  readingKey,
  requiredReadings,
  type BillableCharge,
  type BillingInput,
} from './expected-lines.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const dayText = (date: Date): string => date.toISOString().slice(5, 10);

const NO_PRICE: Price = {
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
};
const CALLS: BillableCharge = {
  id: 'calls',
  displayName: 'API calls',
  type: 'USAGE',
  billingTiming: 'IN_ARREARS',
  meterId: 'requests',
  price: { ...NO_PRICE, model: 'PER_UNIT', unitAmount: decimal('0.03') },
};
const BASE: BillableCharge = {
  id: 'base',
  displayName: 'Base fee',
  type: 'FIXED',
  billingTiming: 'IN_ARREARS',
  meterId: null,
  price: { ...NO_PRICE, amount: decimal('31') },
};
const SEAT: BillableCharge = { ...BASE, id: 'seat', billingTiming: 'IN_ADVANCE', price: { ...NO_PRICE, amount: decimal('62') } };

/** Months from January 1st; a change on January 11th to `pro` where `isChanged`. */
function inputOf(from: string, asOf: string, isChanged = false, prepaid: BillingInput['prepaid'] = new Map()): BillingInput {
  const entry = (sequence: number, planId: string, on: string): TimelineEntry => ({
    sequence,
    kind: 'PLAN',
    at: day(on),
    planId,
    proration: 'DAY',
  });
  const segments = segmentsOf(
    {
      startedAt: day('01-01'),
      trialEnd: null,
      timeZone: 'UTC',
      alignment: 'ANNIVERSARY',
      billingAnchor: null,
      proration: 'DAY',
    },
    [entry(1, 'basic', '01-01'), ...(isChanged ? [entry(2, 'pro', '01-11')] : [])],
    new Map(['basic', 'pro', 'free'].map((id) => [id, { billingInterval: 'MONTH' as const, intervalCount: 1 }])),
  );
  const chargesByPlan = new Map([
    ['basic', [CALLS, BASE, SEAT]],
    ['pro', [BASE]],
  ]);
  return { customerId: 'acme', currency: 'USD', segments, chargesByPlan, prepaid, from: day(from), asOf: day(asOf) };
}

const reading = (value: string, from: string, to: string): Reading => ({
  meterId: 'requests',
  customerId: 'acme',
  from: day(from),
  to: day(to),
  value: decimal(value),
  eventCount: 3,
  eventsHash: 'hash',
});
const known = (...readings: Reading[]): Map<string, Reading> => new Map(readings.map((one) => [readingKey(one), one]));

/** `calls 01-01 to 02-01: 3` of each line. */
const linesOf = (input: BillingInput, readings: Reading[]): string[] =>
  expectedLines(input, known(...readings)).lines.map(
    ({ charge, span, amount }) => `${charge.id} ${dayText(span.start)} to ${dayText(span.end)}: ${decimalText(amount)}`,
  );
const atRest = (input: BillingInput, readings: Reading[]): string[] =>
  [...expectedLines(input, known(...readings)).atRest].map((key) => key.replace(/2026-(\d\d-\d\d)T00:00:00.000Z/, '$1')).sort();

const JANUARY = reading('100', '01-01', '02-01');
const FEBRUARY = reading('200', '02-01', '03-01');

describe('what should be billed', () => {
  it.each<[string, BillingInput, Reading[], string[], string[]]>([
    [
      'at the start is what is billed in advance',
      inputOf('01-01', '01-01'),
      [],
      ['seat 01-01 to 02-01: 62'],
      ['base 01-01', 'calls 01-01'],
    ],
    [
      'at the end of a period is that period in arrears and the next in advance',
      inputOf('01-01', '02-01'),
      [JANUARY],
      ['calls 01-01 to 02-01: 3', 'base 01-01 to 02-01: 31', 'seat 01-01 to 02-01: 62', 'seat 02-01 to 03-01: 62'],
      ['base 02-01', 'calls 02-01'],
    ],
    [
      'does not hold what ended by the instant looked back to',
      inputOf('02-01', '03-01'),
      [FEBRUARY],
      ['calls 02-01 to 03-01: 6', 'base 02-01 to 03-01: 31', 'seat 02-01 to 03-01: 62', 'seat 03-01 to 04-01: 62'],
      ['base 03-01', 'calls 03-01'],
    ],
    [
      // 31 × 10/31 and the rest; the 62 of the seat were not billed in advance: 62 × 10/31.
      'is split by a change',
      inputOf('01-01', '02-01', true),
      [reading('50', '01-01', '01-11')],
      ['calls 01-01 to 01-11: 1.5', 'base 01-01 to 01-11: 10', 'seat 01-01 to 01-11: 20', 'base 01-11 to 02-01: 21'],
      ['base 02-01'],
    ],
    [
      'leaves a closed part at rest, but counts it',
      inputOf('01-11', '02-01', true),
      [],
      ['base 01-11 to 02-01: 21'],
      ['base 01-01', 'base 02-01', 'calls 01-01', 'seat 01-01'],
    ],
  ])('%s', (_, input, readings, lines, resting) => {
    expect(linesOf(input, readings)).toEqual(lines);
    expect(atRest(input, readings)).toEqual(resting);
  });

  it('credits what was billed in advance from what was billed, of charges in advance alone', () => {
    // 93 were billed for January, 21 days of which are not used: 93 − 63.
    const line = { span: { start: day('01-01'), end: day('02-01') }, amount: decimal('93') };
    const prepaid = new Map([SEAT, BASE].map(({ id }) => [lineKey(id, day('01-01')), line]));
    expect(linesOf(inputOf('01-01', '01-11', true, prepaid), [reading('50', '01-01', '01-11')])).toEqual([
      'calls 01-01 to 01-11: 1.5',
      'base 01-01 to 01-11: 10',
      'seat 01-01 to 01-11: 30',
    ]);
  });

  it('is nothing under a plan without charges', () => {
    expect(linesOf({ ...inputOf('01-01', '02-01'), chargesByPlan: new Map() }, [])).toEqual([]);
  });

  it('asks for the readings of the usage that is due', () => {
    const request = (from: string, to: string) => ({ meterId: 'requests', customerId: 'acme', from: day(from), to: day(to) });
    expect(requiredReadings(inputOf('01-01', '01-31'))).toEqual([]);
    expect(requiredReadings(inputOf('01-01', '02-01'))).toEqual([request('01-01', '02-01')]);
    expect(requiredReadings(inputOf('01-01', '03-15'))).toEqual([request('01-01', '02-01'), request('02-01', '03-01')]);
    expect(requiredReadings(inputOf('02-01', '03-15'))).toEqual([request('02-01', '03-01')]);
    expect(requiredReadings(inputOf('01-01', '02-01', true))).toEqual([request('01-01', '01-11')]);
    expect(requiredReadings(inputOf('01-11', '02-01', true))).toEqual([]);
  });

  it('cannot do without a reading', () => {
    const complaint = 'No reading was given for calls 2026-01-01T00:00:00.000Z';
    expect(() => linesOf(inputOf('01-01', '02-01'), [])).toThrow(complaint);
    expect(() => linesOf(inputOf('01-01', '02-01'), [{ ...JANUARY, meterId: 'other' }])).toThrow(complaint);
  });

  it('has lines that say everything', () => {
    const { lines } = expectedLines(inputOf('01-01', '02-01'), known(JANUARY));
    const [calls, base] = lines;
    expect(calls).toMatchObject({ key: 'calls 2026-01-01T00:00:00.000Z', charge: CALLS, eventsHash: 'hash' });
    expect([calls.quantity, calls.unitAmount, calls.amount].map(String)).toEqual(['100', '0.03', '3']);
    expect(calls.explanation).toEqual({
      kind: 'USAGE',
      exactAmount: '3',
      reading: {
        meterId: 'requests',
        from: '2026-01-01T00:00:00.000Z',
        to: '2026-02-01T00:00:00.000Z',
        value: '100',
        eventCount: 3,
      },
      roundedQuantity: '100',
      includedUnits: '0',
      billableQuantity: '100',
      unitAmount: '0.03',
    });
    expect(base).toMatchObject({ key: 'base 2026-01-01T00:00:00.000Z', charge: BASE, eventsHash: null });
    expect([base.quantity, base.unitAmount, base.amount].map(String)).toEqual(['1', '31', '31']);
    expect(base.explanation).toEqual({ kind: 'FIXED', exactAmount: '31', fixedAmount: '31' });
  });
});

describe('a line of usage', () => {
  const priced = (price: Partial<Price>): BillableCharge => ({ ...CALLS, price: { ...NO_PRICE, ...price } });

  it('is rounded once, to its currency', () => {
    const charge = priced({ model: 'PER_UNIT', unitAmount: decimal('0.00125') });
    const amountIn = (currency: string) =>
      decimalText(rateLine(charge, reading('1000', '01-01', '02-01'), null, currency).amount);
    expect([amountIn('USD'), amountIn('KWD'), amountIn('JPY')]).toEqual(['1.25', '1.25', '1']);
    expect(decimalText(rateLine(charge, reading('4', '01-01', '02-01'), null, 'USD').amount)).toBe('0.01');
    expect(decimalText(rateLine(charge, reading('3', '01-01', '02-01'), null, 'USD').amount)).toBe('0');
  });

  it('has its quantity rounded as the charge says', () => {
    const charge = priced({ model: 'PER_UNIT', unitAmount: decimal('2'), quantityRounding: 'UP' });
    const line = rateLine(charge, reading('1.2', '01-01', '02-01'), null, 'USD');
    expect([line.quantity, line.amount].map(String)).toEqual(['2', '4']);
  });

  it('says its price and share', () => {
    const half = { numerator: 1, denominator: 2 };
    const percentage = rateLine(
      priced({ model: 'PERCENTAGE', rate: decimal('0.5'), minimumAmount: decimal('10') }),
      reading('2', '01-01', '02-01'),
      half,
      'USD',
    );
    expect(percentage.explanation).toMatchObject({ rate: '0.5', proration: half, minimumAmount: '5', exactAmount: '5' });
    expect(percentage.unitAmount).toBeNull();
    const inPackages = rateLine(
      priced({ model: 'PACKAGE', packageSize: decimal('10'), packageAmount: decimal('4') }),
      reading('11', '01-01', '02-01'),
      null,
      'USD',
    );
    expect(inPackages.explanation).toMatchObject({ packages: '2', packageAmount: '4', exactAmount: '8' });
    expect(inPackages.explanation).not.toHaveProperty('proration');
  });
});

describe('the names of lines and readings', () => {
  it('tell charges, meters and instants apart', () => {
    expect(lineKey('base', day('01-01'))).toBe('base 2026-01-01T00:00:00.000Z');
    const keys = [
      readingKey({ meterId: 'a', from: day('01-01'), to: day('02-01') }),
      readingKey({ meterId: 'b', from: day('01-01'), to: day('02-01') }),
      readingKey({ meterId: 'a', from: day('01-02'), to: day('02-01') }),
      readingKey({ meterId: 'a', from: day('01-01'), to: day('02-02') }),
    ];
    expect(new Set(keys).size).toBe(4);
  });
});
