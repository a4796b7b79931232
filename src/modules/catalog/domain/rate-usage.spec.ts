import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, ZERO } from '../../../shared/decimal.js';
import type { Price } from './charge.js';
import { rateUsage, roundQuantity, type RatedUsage } from './rate-usage.js';

const NO_PRICE: Price = {
  model: 'PER_UNIT',
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

/** [upTo, unitAmount, flatAmount] */
type TierRow = [string | null, string, string];
const tiersOf = (rows: TierRow[]) =>
  rows.map(([upTo, unitAmount, flatAmount]) => ({
    upTo: upTo === null ? null : decimal(upTo),
    unitAmount: decimal(unitAmount),
    flatAmount: decimal(flatAmount),
  }));

const perUnit = (unitAmount: string): Price => ({ ...NO_PRICE, unitAmount: decimal(unitAmount) });
const packages = (size: string, amount: string): Price => ({
  ...NO_PRICE,
  model: 'PACKAGE',
  packageSize: decimal(size),
  packageAmount: decimal(amount),
});
const tiered = (model: 'GRADUATED' | 'VOLUME', rows: TierRow[]): Price => ({ ...NO_PRICE, model, tiers: tiersOf(rows) });
const percentage = (rate: string, fee: string | null): Price => ({
  ...NO_PRICE,
  model: 'PERCENTAGE',
  rate: decimal(rate),
  fixedAmountPerEvent: fee === null ? null : decimal(fee),
});

const rate = (price: Price, value: string, eventCount = 0): RatedUsage => rateUsage(price, { value: decimal(value), eventCount });
const amountOf = (price: Price, value: string, eventCount = 0) => decimalText(rate(price, value, eventCount).exactAmount);
const textOrNull = (value: RatedUsage['packages']) => (value === null ? null : decimalText(value));
const sliceTexts = ({ slices }: RatedUsage) =>
  slices?.map((slice) => [slice.from, slice.upTo, slice.quantity, slice.amount].map((value) => textOrNull(value)));

describe('PER_UNIT', () => {
  it.each([
    ['10', '5.12345', '51.2345'],
    ['0', '100', '0'],
    ['0.5', '3', '1.5'],
    ['1000000', '0.000000000001', '0.000001'],
    ['0.1', '0.2', '0.02'],
    // (10^24 − 10^−15) × (1 − 10^−15) = 10^24 − 10^9 − 10^−15 + 10^−30
    ['999999999999999999999999.999999999999999', '0.999999999999999', '999999999999998999999999.999999999999999000000000000001'],
  ])('%s units at %s come to %s', (quantity, unitAmount, amount) => {
    expect(amountOf(perUnit(unitAmount), quantity)).toBe(amount);
  });
});

describe('PACKAGE', () => {
  it.each([
    ['0', '10', '0', '0'],
    ['0.001', '10', '1', '15'],
    ['10', '10', '1', '15'],
    ['10.000000000000001', '10', '2', '30'],
    ['1', '0.1', '10', '150'],
    ['0.3', '0.1', '3', '45'],
    ['0.31', '0.1', '4', '60'],
    ['1000000000000000000000001', '3', '333333333333333333333334', '5000000000000000000000010'],
  ])('%s units in packages of %s start %s packages for %s', (quantity, size, count, amount) => {
    const rated = rate(packages(size, '15'), quantity);
    expect([textOrNull(rated.packages), decimalText(rated.exactAmount)]).toEqual([count, amount]);
  });
});

describe('GRADUATED', () => {
  const price = tiered('GRADUATED', [
    ['10', '10', '2'],
    ['20', '5', '3'],
    [null, '1', '7'],
  ]);

  it.each([
    ['0', '0'],
    ['0.5', '7'], // 2 + 0.5 × 10
    ['10', '102'], // 2 + 100
    ['10.001', '105.005'], // 102 + 3 + 0.001 × 5
    ['11', '110'],
    ['20', '155'], // 102 + 3 + 50
    ['20.5', '162.5'], // 155 + 7 + 0.5
    ['30', '172'],
  ])('%s units come to %s', (quantity, amount) => {
    expect(amountOf(price, quantity)).toBe(amount);
  });

  it('explains each tier reached', () => {
    expect(sliceTexts(rate(price, '21'))).toEqual([
      ['0', '10', '10', '102'],
      ['10', '20', '10', '53'],
      ['20', null, '1', '8'],
    ]);
    expect(sliceTexts(rate(price, '10'))).toEqual([['0', '10', '10', '102']]);
    expect(rate(price, '0').slices).toEqual([]);
  });
});

describe('VOLUME', () => {
  const price = tiered('VOLUME', [
    ['100', '2', '10'],
    ['200', '1', '0'],
    [null, '0.5', '50'],
  ]);

  it.each([
    ['0', '0'],
    ['1', '12'],
    ['100', '210'],
    ['100.01', '100.01'],
    ['200', '200'],
    ['201', '150.5'],
    ['300', '200'],
  ])('%s units come to %s', (quantity, amount) => {
    expect(amountOf(price, quantity)).toBe(amount);
  });

  it('explains the one tier that prices all units', () => {
    expect(sliceTexts(rate(price, '201'))).toEqual([['200', null, '201', '150.5']]);
    expect(rate(price, '0').slices).toEqual([]);
  });
});

describe('PERCENTAGE', () => {
  it.each([
    ['0.029', null, '4', 3, '0.116', null],
    ['0.029', '0.3', '100', 3, '3.8', '0.9'], // 2.9 + 3 × 0.3
    ['0.029', '0.3', '0', 3, '0', '0'],
    ['0', '0.3', '100', 2, '0.6', '0.6'],
    ['1.2', null, '50', 1, '60', null],
  ])('rate %s and fee %s on %s in %s events come to %s', (share, fee, quantity, eventCount, amount, eventFees) => {
    const rated = rate(percentage(share, fee), quantity, eventCount);
    expect([decimalText(rated.exactAmount), textOrNull(rated.eventFees)]).toEqual([amount, eventFees]);
  });

  it('charges no fee per event when the included amount covers everything', () => {
    const price = { ...percentage('0.1', '0.3'), includedUnits: decimal('100') };
    expect(amountOf(price, '100', 5)).toBe('0');
    expect(amountOf(price, '101', 5)).toBe('1.6'); // 1 × 0.1 + 5 × 0.3
  });
});

describe('included units', () => {
  const steps = (price: Price, value: string) => {
    const { roundedQuantity, includedUnits, billableQuantity } = rate(price, value);
    return [roundedQuantity, includedUnits, billableQuantity].map(decimalText);
  };

  it.each([
    ['150', ['150', '100', '50']],
    ['100', ['100', '100', '0']],
    ['40.5', ['40.5', '40.5', '0']],
    ['0', ['0', '0', '0']],
    ['-40', ['-40', '0', '0']],
  ])('of 100 leave of a reading of %s: %j', (value, expected) => {
    expect(steps({ ...perUnit('1'), includedUnits: decimal('100') }, value)).toEqual(expected);
  });

  it('come off before tiers and packages are looked at', () => {
    const included = { includedUnits: decimal('5') };
    expect(amountOf({ ...packages('10', '15'), ...included }, '15')).toBe('15');
    expect(
      amountOf(
        {
          ...tiered('VOLUME', [
            ['10', '3', '0'],
            [null, '1', '0'],
          ]),
          ...included,
        },
        '15',
      ),
    ).toBe('30');
  });

  it('come off the rounded reading', () => {
    const price: Price = { ...perUnit('1'), includedUnits: decimal('0.5'), quantityRounding: 'UP' };
    expect(steps(price, '1.2')).toEqual(['2', '0.5', '1.5']);
  });
});

describe('a reading of 0', () => {
  it.each<[string, Price, (string | null)[]]>([
    ['PER_UNIT', perUnit('2'), [null, null, null]],
    ['PACKAGE', packages('10', '5'), ['0', null, null]],
    ['GRADUATED', tiered('GRADUATED', [[null, '1', '9']]), [null, 'none', null]],
    ['VOLUME', tiered('VOLUME', [[null, '1', '9']]), [null, 'none', null]],
    ['PERCENTAGE', percentage('0.1', null), [null, null, null]],
    ['PERCENTAGE with a fee', percentage('0.1', '0.3'), [null, null, '0']],
  ])('has of packages, tiers and fees what %s has', (_model, price, expected) => {
    const { packages: count, slices, eventFees, exactAmount } = rate(price, '0', 4);
    const tiers = slices && (slices.length === 0 ? 'none' : 'some');
    expect([textOrNull(count), tiers, textOrNull(eventFees)]).toEqual(expected);
    expect(decimalText(exactAmount)).toBe('0');
  });
});

describe('a reading below zero', () => {
  it.each([
    ['PER_UNIT', perUnit('2')],
    ['PACKAGE', packages('10', '5')],
    ['GRADUATED', tiered('GRADUATED', [[null, '1', '9']])],
    ['VOLUME', tiered('VOLUME', [[null, '1', '9']])],
    ['PERCENTAGE', percentage('0.1', '0.3')],
  ])('is billed as 0 by %s', (_model, price) => {
    expect(amountOf(price, '-12', 4)).toBe('0');
  });

  it('still owes the minimum', () => {
    expect(amountOf({ ...perUnit('2'), minimumAmount: decimal('7') }, '-12')).toBe('7');
  });
});

describe('minimum and maximum', () => {
  const bounded = { ...perUnit('2'), minimumAmount: decimal('10'), maximumAmount: decimal('20') };
  const summary = (rated: RatedUsage) =>
    [rated.unboundedAmount, rated.appliedMinimum, rated.appliedMaximum, rated.exactAmount].map(textOrNull);

  it.each([
    ['0', ['0', '10', null, '10']],
    ['4', ['8', '10', null, '10']],
    ['5', ['10', null, null, '10']],
    ['7', ['14', null, null, '14']],
    ['10', ['20', null, null, '20']],
    ['11', ['22', null, '20', '20']],
  ])('of 10 and 20 bound %s units at 2: %j', (quantity, expected) => {
    expect(summary(rate(bounded, quantity))).toEqual(expected);
  });

  it('shrinks the minimum with the span, not the maximum, the included units or the quantity', () => {
    const price = { ...bounded, minimumAmount: decimal('15.5'), includedUnits: decimal('3') };
    const half = { numerator: 17, denominator: 31 }; // 15.5 × 17 / 31 = 8.5
    expect(summary(rateUsage(price, { value: decimal('3'), eventCount: 0 }, half))).toEqual(['0', '8.5', null, '8.5']);
    expect(summary(rateUsage(price, { value: decimal('8'), eventCount: 0 }, half))).toEqual(['10', null, null, '10']);
    expect(summary(rateUsage(price, { value: decimal('14'), eventCount: 0 }, half))).toEqual(['22', null, '20', '20']);
  });

  it('a maximum of 0 makes the line free', () => {
    expect(summary(rate({ ...perUnit('2'), maximumAmount: ZERO }, '3'))).toEqual(['6', null, '0', '0']);
  });
});

describe('roundQuantity', () => {
  it.each([
    ['NONE', 0, '1.2345', '1.2345'],
    ['UP', 0, '1.000000000000001', '2'],
    ['UP', 0, '2', '2'],
    ['UP', 0, '-1.1', '-2'],
    ['DOWN', 0, '1.999', '1'],
    ['DOWN', 0, '-1.999', '-1'],
    ['NEAREST', 0, '0.5', '1'],
    ['NEAREST', 0, '2.5', '3'],
    ['NEAREST', 0, '-2.5', '-3'],
    ['NEAREST', 0, '2.499999999999999', '2'],
    ['UP', 2, '1.231', '1.24'],
    ['DOWN', 2, '1.239', '1.23'],
    ['NEAREST', 2, '1.235', '1.24'],
    ['UP', -3, '7400', '8000'],
    ['UP', -3, '1', '1000'],
    ['DOWN', -3, '7999.9', '7000'],
    ['NEAREST', -3, '1500', '2000'],
    ['NEAREST', -3, '1499.999', '1000'],
    ['NEAREST', -3, '499', '0'],
    ['UP', 12, '0.0000000000001', '0.000000000001'],
    ['DOWN', -12, '1999999999999', '1000000000000'],
  ] as const)('%s to %s places: %s → %s', (mode, precision, value, expected) => {
    expect(decimalText(roundQuantity(decimal(value), mode, precision))).toBe(expected);
  });
});

describe('a price that validatePlan refuses', () => {
  it.each([
    ['FLAT', { ...NO_PRICE, model: 'FLAT', amount: decimal('5') }, /FLAT/],
    ['a missing price', NO_PRICE, /lacks unitAmount/],
    ['a missing size', { ...packages('10', '5'), packageSize: null }, /lacks packageSize/],
    ['a missing price of packages', { ...packages('10', '5'), packageAmount: null }, /lacks packageAmount/],
    ['a missing rate', { ...percentage('0.1', null), rate: null }, /lacks rate/],
    ['missing tiers', { ...tiered('VOLUME', []), tiers: null }, /lacks tiers/],
    [
      'an open tier below another',
      tiered('VOLUME', [
        [null, '1', '0'],
        [null, '2', '0'],
      ]),
      /lacks upTo/,
    ],
    ['no tiers', tiered('VOLUME', []), /tiers/],
    ['a closed last tier below the quantity', tiered('GRADUATED', [['5', '1', '0']]), /tiers/],
  ] as [string, Price, RegExp][])('fails loudly: %s', (_title, price, message) => {
    expect(() => rate(price, '6')).toThrow(message);
  });
});
