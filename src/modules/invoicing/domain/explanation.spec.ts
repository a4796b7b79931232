import { describe, expect, it } from '@jest/globals';
import { decimal, ZERO } from '../../../shared/decimal.js';
import type { RatedUsage } from '../../catalog/domain/index.js';
import { explainUsage, explanationText, type Explanation } from './explanation.js';

const JANUARY = { meterId: 'requests', from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };
/** 120 units counted from 3 events, none of them free. */
const USAGE: Explanation = {
  kind: 'USAGE',
  exactAmount: '12',
  reading: { ...JANUARY, value: '120', eventCount: 3 },
  roundedQuantity: '120',
  includedUnits: '0',
  billableQuantity: '120',
};
const PER_UNIT: Explanation = { ...USAGE, unitAmount: '0.1' };
const FIXED: Explanation = { kind: 'FIXED', exactAmount: '31', fixedAmount: '31' };
const tier = (from: string, upTo: string | null, quantity: string, unitAmount: string, flatAmount = '0') => ({
  from,
  upTo,
  quantity,
  unitAmount,
  flatAmount,
  amount: '0',
});

describe('a sentence about an amount', () => {
  it.each<[Explanation, string, string]>([
    [PER_UNIT, '12', '120 counted from 3 events, 120 × 0.1 USD: 12 USD.'],
    [
      { ...PER_UNIT, reading: { ...JANUARY, value: '120', eventCount: 1 } },
      '12',
      '120 counted from 1 event, 120 × 0.1 USD: 12 USD.',
    ],
    [
      { ...PER_UNIT, reading: { ...JANUARY, value: '119.5', eventCount: 3 }, includedUnits: '20', billableQuantity: '100' },
      '10',
      '119.5 counted from 3 events, rounded to 120, less 20 included, 100 × 0.1 USD: 10 USD.',
    ],
    [{ ...USAGE, packages: '2', packageAmount: '7' }, '14', '120 counted from 3 events, 2 packages × 7 USD: 14 USD.'],
    [{ ...USAGE, rate: '0.015' }, '1.8', '120 counted from 3 events, 120 × 0.015: 1.8 USD.'],
    [
      { ...USAGE, rate: '0.015', eventFees: '0.9' },
      '2.7',
      '120 counted from 3 events, 120 × 0.015, plus 0.9 USD for the events: 2.7 USD.',
    ],
    [
      { ...USAGE, tiers: [tier('0', '100', '100', '0.1'), tier('100', null, '20', '0.05', '3')] },
      '14',
      '120 counted from 3 events, 100 × 0.1 (up to 100), 20 × 0.05 + 3 (above 100): 14 USD.',
    ],
    [{ ...PER_UNIT, minimumAmount: '20' }, '20', '120 counted from 3 events, 120 × 0.1 USD, at least 20 USD: 20 USD.'],
    [{ ...PER_UNIT, maximumAmount: '5' }, '5', '120 counted from 3 events, 120 × 0.1 USD, at most 5 USD: 5 USD.'],
    [
      { ...PER_UNIT, minimumAmount: '20', maximumAmount: '15' },
      '15',
      '120 counted from 3 events, 120 × 0.1 USD, at most 15 USD: 15 USD.',
    ],
    [USAGE, '0', '120 counted from 3 events: 0 USD.'],
    [FIXED, '31', '31 USD for the period: 31 USD.'],
    [{ ...FIXED, proration: { numerator: 17, denominator: 31 } }, '17', '31 USD × 17/31 of the period: 17 USD.'],
    [
      { ...FIXED, proration: { numerator: 21, denominator: 31 }, partsBefore: '10' },
      '21',
      '31 USD × 21/31 of the period, which is the rest of 31 USD after 10 USD: 21 USD.',
    ],
    [{ ...FIXED, billedBefore: '10' }, '21', '31 USD for the period, less 10 USD billed before: 21 USD.'],
    [{ kind: 'ONE_OFF', exactAmount: '5', quantity: '2', unitAmount: '2.5' }, '5', '2 × 2.5 USD: 5 USD.'],
    [
      { kind: 'EDITED', exactAmount: '5', quantity: '2', unitAmount: '2.5', computedAmount: '31' },
      '5',
      'Set by hand to 2 × 2.5 USD, instead of 31 USD: 5 USD.',
    ],
    [{ kind: 'FIXED', exactAmount: '31' }, '31', '31 USD.'],
    [{ ...PER_UNIT, includedUnits: undefined }, '12', '120 counted from 3 events, 120 × 0.1 USD: 12 USD.'],
    // The fixed amount of what is no recurring charge says nothing.
    [
      { ...PER_UNIT, kind: 'CORRECTION', billedBefore: '10', fixedAmount: '31' },
      '2',
      'Usage that arrived late: 120 counted from 3 events, 120 × 0.1 USD comes to 12 USD, billed before 10 USD: 2 USD.',
    ],
    [
      { kind: 'CREDIT', exactAmount: '-21', billedBefore: '31' },
      '-21',
      'Credit of what was billed before (31 USD) and is not used: -21 USD.',
    ],
    [
      {
        kind: 'CREDIT',
        exactAmount: '-21',
        billedBefore: '31',
        prepaidAmount: '31',
        proration: { numerator: 21, denominator: 31 },
      },
      '-21',
      'Credit of the unused 21/31 of 31 USD billed in advance: -21 USD.',
    ],
    [
      { kind: 'CREDIT', exactAmount: '-21', billedBefore: '31', proration: { numerator: 10, denominator: 31 } },
      '-21',
      'Credit of what was billed before (31 USD) and is not used: -21 USD.',
    ],
    [
      { kind: 'CREDIT', exactAmount: '-31', billedBefore: '31', prepaidAmount: '31' },
      '-31',
      'Credit of what was billed before (31 USD) and is not used: -31 USD.',
    ],
    [
      { ...PER_UNIT, kind: 'CORRECTION', billedBefore: '10' },
      '2',
      'Usage that arrived late: 120 counted from 3 events, 120 × 0.1 USD comes to 12 USD, billed before 10 USD: 2 USD.',
    ],
    [{ kind: 'BALANCE', exactAmount: '-4' }, '-4', 'Kept as customer balance, because the lines add up to a credit: -4 USD.'],
  ])('%j comes to %s: %s', (explanation, amount, text) => {
    expect(explanationText(explanation, amount, 'USD')).toBe(text);
  });
});

describe('how usage made an amount', () => {
  const reading = {
    meterId: 'requests',
    customerId: 'acme',
    from: new Date(JANUARY.from),
    to: new Date(JANUARY.to),
    value: decimal('120.50'),
    eventCount: 3,
    eventsHash: 'hash',
  };
  const rated: RatedUsage = {
    roundedQuantity: decimal('121'),
    includedUnits: decimal('1'),
    billableQuantity: decimal('120'),
    packages: null,
    slices: null,
    eventFees: null,
    unboundedAmount: decimal('12'),
    appliedMinimum: null,
    appliedMaximum: null,
    exactAmount: decimal('12.0'),
  };
  const stored = {
    exactAmount: '12',
    reading: { ...JANUARY, value: '120.5', eventCount: 3 },
    roundedQuantity: '121',
    includedUnits: '1',
    billableQuantity: '120',
  };

  it('is kept as text', () => expect(explainUsage(reading, rated)).toEqual(stored));

  it('is kept with what the model adds', () => {
    const slice = { unitAmount: decimal('0.1'), flatAmount: ZERO };
    const slices = [
      { ...slice, from: ZERO, upTo: decimal('100'), quantity: decimal('100'), amount: decimal('10') },
      { ...slice, from: decimal('100'), upTo: null, quantity: decimal('20'), amount: decimal('2') },
    ];
    const bounds = { appliedMinimum: decimal('5'), appliedMaximum: decimal('9') };
    const more = { ...rated, ...bounds, slices, packages: decimal('2'), eventFees: decimal('0.9') };
    expect(explainUsage(reading, more)).toEqual({
      ...stored,
      packages: '2',
      eventFees: '0.9',
      tiers: [
        { from: '0', upTo: '100', quantity: '100', unitAmount: '0.1', flatAmount: '0', amount: '10' },
        { from: '100', upTo: null, quantity: '20', unitAmount: '0.1', flatAmount: '0', amount: '2' },
      ],
      minimumAmount: '5',
      maximumAmount: '9',
    });
  });
});
