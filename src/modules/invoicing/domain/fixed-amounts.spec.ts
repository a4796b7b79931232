import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText } from '../../../shared/decimal.js';
import type { Proration } from '../../../shared/proration.js';
import type { BillingSpan } from './billing-spans.js';
import { fixedAmounts, share, type FixedAmount, type FixedItem } from './fixed-amounts.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const JANUARY = ['01-01', '02-01'];

interface Part {
  key: string;
  chargeId?: string;
  amount: string;
  /** Start and end; the period is January, or [start, end). */
  span: string[];
  period?: string[];
  cutBy?: Proration | null;
  prepaid?: { amount: string; end: string; byHand?: boolean };
}

function itemOf({ key, chargeId = 'base', amount, span, period = JANUARY, cutBy, prepaid }: Part): FixedItem {
  const isWhole = span[0] === period[0] && span[1] === period[1];
  const billed: BillingSpan = {
    planId: 'plan',
    start: day(span[0]),
    end: day(span[1]),
    fullPeriod: { start: day(period[0]), end: day(period[1]) },
    cutBy: cutBy === undefined ? (isWhole ? null : 'DAY') : cutBy,
    timeZone: 'UTC',
  };
  return {
    key,
    chargeId,
    fixedAmount: decimal(amount),
    span: billed,
    prepaid: prepaid && {
      span: { start: day(span[0]), end: day(prepaid.end) },
      amount: decimal(prepaid.amount),
      byHand: prepaid.byHand,
    },
  };
}
const amountsOf = (parts: Part[], currency = 'USD'): Record<string, string> =>
  Object.fromEntries([...fixedAmounts(parts.map(itemOf), currency)].map(([key, { amount }]) => [key, decimalText(amount)]));
const explained = (parts: Part[], key: string, currency = 'USD') =>
  (fixedAmounts(parts.map(itemOf), currency).get(key) as FixedAmount).explanation;

describe('a recurring amount', () => {
  it.each<[string, Part[], string, Record<string, string>]>([
    ['for a whole period', [{ key: 'a', amount: '30', span: JANUARY }], 'USD', { a: '30' }],
    // 30 × 17/31 = 16.4516…
    ['for a part of it', [{ key: 'a', amount: '30', span: ['01-15', '02-01'] }], 'USD', { a: '16.45' }],
    ['in a currency without minor unit', [{ key: 'a', amount: '30', span: ['01-15', '02-01'] }], 'JPY', { a: '16' }],
    ['in a currency of three digits', [{ key: 'a', amount: '30', span: ['01-15', '02-01'] }], 'KWD', { a: '16.452' }],
    ['for a whole period is rounded, too', [{ key: 'a', amount: '0.005', span: JANUARY }], 'USD', { a: '0.01' }],
    [
      // 10 × 10/31 = 3.2258… twice; 10 × 11/31 = 3.548… would make 10.01 of it.
      'for the last of three parts is the rest',
      [
        { key: 'a', amount: '10', span: ['01-01', '01-11'] },
        { key: 'b', amount: '10', span: ['01-11', '01-21'] },
        { key: 'c', amount: '10', span: ['01-21', '02-01'] },
      ],
      'USD',
      { a: '3.23', b: '3.23', c: '3.54' },
    ],
    [
      // With a day missing in the middle nothing makes a whole: 10 × 21/31 = 6.774…
      'for parts that do not make a whole',
      [
        { key: 'a', amount: '10', span: ['01-01', '01-10'] },
        { key: 'b', amount: '10', span: ['01-11', '02-01'] },
      ],
      'USD',
      { a: '2.9', b: '6.77' },
    ],
    [
      // 9 of 31 days, and 22 × 86,400 of 31 × 86,400 seconds, which are not added up: 10 × 22/31 = 7.0967…
      'for parts by two rules',
      [
        { key: 'a', amount: '10', span: ['01-01', '01-10'] },
        { key: 'b', amount: '10', span: ['01-10', '02-01'], cutBy: 'SECOND' },
      ],
      'USD',
      { a: '2.9', b: '7.1' },
    ],
    [
      // 30 of 31 days, and 1 of 1: not 31 of 31, although the sum of the numerators is.
      'for parts by two rules that seem to make a whole',
      [
        { key: 'a', amount: '62', span: ['01-01', '01-31'] },
        { key: 'b', amount: '62', span: ['01-31', '02-01'], cutBy: 'NONE' },
      ],
      'USD',
      { a: '60', b: '62' },
    ],
    [
      'by two charges apart: each is the rest of its own',
      [
        { key: 'a', amount: '10', span: ['01-01', '01-11'] },
        { key: 'x', chargeId: 'seat', amount: '20', span: ['01-01', '01-11'] },
        { key: 'b', amount: '10', span: ['01-11', '02-01'] },
        { key: 'y', chargeId: 'seat', amount: '20', span: ['01-11', '02-01'] },
      ],
      'USD',
      // 20 × 10/31 = 6.4516…
      { a: '3.23', x: '6.45', b: '6.77', y: '13.55' },
    ],
    [
      // 10, 10 and 11 days of months of 31, but not of one month: 10 × 11/31 = 3.548…
      'for parts of two periods',
      [
        { key: 'a', amount: '10', span: ['07-22', '08-01'], period: ['07-01', '08-01'] },
        { key: 'b', amount: '10', span: ['08-01', '08-11'], period: ['08-01', '09-01'] },
        { key: 'c', amount: '10', span: ['08-11', '08-22'], period: ['08-01', '09-01'] },
      ],
      'USD',
      { a: '3.23', b: '3.23', c: '3.55' },
    ],
    [
      'in full for every part where nothing is prorated',
      [
        { key: 'a', amount: '10', span: ['01-01', '01-11'], cutBy: 'NONE' },
        { key: 'b', amount: '10', span: ['01-11', '02-01'], cutBy: 'NONE' },
      ],
      'USD',
      { a: '10', b: '10' },
    ],
  ])('%s', (_, parts, currency, expected) => expect(amountsOf(parts, currency)).toEqual(expected));

  it('says how it came about', () => {
    expect(explained([{ key: 'a', amount: '30', span: JANUARY }], 'a')).toEqual({
      kind: 'FIXED',
      exactAmount: '30',
      fixedAmount: '30',
    });
    expect(explained([{ key: 'a', amount: '31', span: ['01-15', '02-01'] }], 'a')).toEqual({
      kind: 'FIXED',
      exactAmount: '17',
      fixedAmount: '31',
      proration: { numerator: 17, denominator: 31 },
    });
    const halves: Part[] = [
      { key: 'a', amount: '31', span: ['01-01', '01-11'] },
      { key: 'b', amount: '31', span: ['01-11', '02-01'] },
    ];
    expect(explained(halves, 'b')).toEqual({
      kind: 'FIXED',
      exactAmount: '21',
      fixedAmount: '31',
      proration: { numerator: 21, denominator: 31 },
      partsBefore: '10',
    });
  });

  it('that is whole by itself is the rest of nothing', () => {
    expect(explained([{ key: 'a', amount: '31', span: ['01-01', '01-11'], cutBy: 'NONE' }], 'a')).toEqual({
      kind: 'FIXED',
      exactAmount: '31',
      fixedAmount: '31',
      proration: { numerator: 1, denominator: 1 },
    });
  });
});

describe('what was billed in advance', () => {
  it.each<[string, Part[], string]>([
    [
      'stays, whatever the price is now',
      [{ key: 'a', amount: '40', span: JANUARY, prepaid: { amount: '30', end: '02-01' } }],
      '30',
    ],
    // 21 of 31 days unused: 10 × 21/31 = 6.774… are credited of what was billed.
    [
      'is credited where its span is cut',
      [{ key: 'a', amount: '40', span: ['01-01', '01-11'], prepaid: { amount: '10', end: '02-01' } }],
      '3.23',
    ],
    [
      'is kept in full where a cut is not prorated',
      [{ key: 'a', amount: '40', span: ['01-01', '01-11'], cutBy: 'NONE', prepaid: { amount: '10', end: '02-01' } }],
      '10',
    ],
    [
      // Of the ten days billed five are used: 7 × 5/10.
      'of a stub is credited by the days of the stub',
      [{ key: 'a', amount: '40', span: ['01-11', '01-16'], prepaid: { amount: '7', end: '01-21' } }],
      '3.5',
    ],
    [
      'to the end that the part has stays',
      [{ key: 'a', amount: '40', span: ['01-01', '01-11'], prepaid: { amount: '12', end: '01-11' } }],
      '12',
    ],
    [
      // 40 × 20/31 = 25.806…
      'is priced anew where the span outgrew it',
      [{ key: 'a', amount: '40', span: ['01-01', '01-21'], prepaid: { amount: '12', end: '01-11' } }],
      '25.81',
    ],
    [
      'by the second is credited by the second',
      // 31 days, of which one is used: 31 × 30/31 credited.
      [{ key: 'a', amount: '40', span: ['01-01', '01-02'], cutBy: 'SECOND', prepaid: { amount: '31', end: '02-01' } }],
      '1',
    ],
    [
      'is not credited where nothing cuts the span',
      [{ key: 'a', amount: '40', span: JANUARY, prepaid: { amount: '10', end: '02-10' } }],
      '10',
    ],
  ])('%s', (_, parts, expected) => expect(amountsOf(parts)).toEqual({ a: expected }));

  it('is what the parts after it are the rest of', () => {
    const parts: Part[] = [
      { key: 'a', amount: '10', span: ['01-01', '01-11'], prepaid: { amount: '8', end: '02-01' } },
      { key: 'b', amount: '10', span: ['01-11', '02-01'] },
    ];
    // 8 × 21/31 = 5.419… credited leaves 2.58, and 10 − 2.58 is the rest.
    expect(amountsOf(parts)).toEqual({ a: '2.58', b: '7.42' });
  });

  it('is not made up for where a person set it', () => {
    const parts = (byHand: boolean): Part[] => [
      { key: 'a', amount: '31', span: ['01-01', '01-11'], prepaid: { amount: '8', end: '01-11', byHand } },
      { key: 'b', amount: '31', span: ['01-11', '02-01'] },
    ];
    expect(amountsOf(parts(false))).toEqual({ a: '8', b: '23' });
    // The first ten days cost 10 by the price; 21 is the rest.
    expect(amountsOf(parts(true))).toEqual({ a: '8', b: '21' });
  });

  it('says what of it is not used', () => {
    const cut: Part = { key: 'a', amount: '40', span: ['01-01', '01-11'], prepaid: { amount: '31', end: '02-01' } };
    expect(explained([cut], 'a')).toEqual({
      kind: 'FIXED',
      exactAmount: '10',
      fixedAmount: '40',
      prepaidAmount: '31',
      proration: { numerator: 21, denominator: 31 },
    });
    const kept: Part = { ...cut, span: JANUARY };
    expect(explained([kept], 'a')).toEqual({ kind: 'FIXED', exactAmount: '40', fixedAmount: '40' });
    // A part that ends where it was billed to: 31 × 10/31 is its price, whatever was billed.
    const part: Part = { key: 'a', amount: '31', span: ['01-01', '01-11'], prepaid: { amount: '12', end: '01-11' } };
    expect(explained([part], 'a')).toEqual({
      kind: 'FIXED',
      exactAmount: '10',
      fixedAmount: '31',
      proration: { numerator: 10, denominator: 31 },
    });
  });
});

describe('a share', () => {
  it('multiplies first: thirds of three are whole', () => {
    expect(decimalText(share(decimal('3'), { numerator: 1, denominator: 3 }))).toBe('1');
    expect(decimalText(share(decimal('0.7'), { numerator: 3, denominator: 7 }))).toBe('0.3');
  });
});
