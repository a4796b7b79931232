import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, sum } from './decimal.js';
import { minorUnitDigits, requireMinorUnits, roundToMinorUnit, splitByLargestRemainder } from './money.js';

describe('minorUnitDigits', () => {
  it.each([
    ['JPY', 0],
    ['USD', 2],
    ['EUR', 2],
    ['KWD', 3],
    ['CLF', 4],
    ['usd', null],
    ['US', null],
    ['ZZZ', null],
    ['', null],
  ])('of %j is %j', (currency, digits) => {
    expect(minorUnitDigits(currency)).toBe(digits);
  });
});

describe('roundToMinorUnit', () => {
  it.each([
    ['10.124', 'USD', '10.12'],
    ['10.125', 'USD', '10.13'],
    ['-10.124', 'USD', '-10.12'],
    ['-10.125', 'USD', '-10.13'],
    ['1.005', 'USD', '1.01'],
    ['0.005', 'USD', '0.01'],
    ['-0.004', 'USD', '0'],
    ['0.5', 'JPY', '1'],
    ['0.499999999999999999', 'JPY', '0'],
    ['1.0005', 'KWD', '1.001'],
    ['1.00049', 'KWD', '1'],
  ])('%s %s → %s', (amount, currency, expected) => {
    expect(decimalText(roundToMinorUnit(decimal(amount), currency))).toBe(expected);
  });

  it('fails for what is not a currency', () => {
    expect(() => roundToMinorUnit(decimal('1'), 'ZZZ')).toThrow(/ISO 4217/);
  });
});

describe('requireMinorUnits', () => {
  it.each([
    ['1.25', 'USD', true],
    ['1.250', 'USD', true],
    ['1.255', 'USD', false],
    ['1', 'JPY', true],
    ['1.5', 'JPY', false],
    ['1.255', 'KWD', true],
  ])('of %s %s is met: %s', (amount, currency, isMet) => {
    const check = () => requireMinorUnits('amount', decimal(amount), currency);
    if (isMet) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED', field: 'amount' }));
  });
});

describe('splitByLargestRemainder', () => {
  const split = (total: string, weights: string[], currency = 'USD') =>
    splitByLargestRemainder(
      decimal(total),
      weights.map((weight) => decimal(weight)),
      currency,
    );

  it.each([
    ['100.00', ['1', '2', '3'], 'USD', ['16.67', '33.33', '50']],
    ['0.01', ['1', '1', '1'], 'USD', ['0.01', '0', '0']],
    ['0.02', ['1', '1', '1'], 'USD', ['0.01', '0.01', '0']],
    ['-0.02', ['1', '1', '1'], 'USD', ['-0.01', '-0.01', '0']],
    ['-100.00', ['1', '2', '3'], 'USD', ['-16.67', '-33.33', '-50']],
    ['10', ['1', '1', '1'], 'JPY', ['4', '3', '3']],
    ['1', ['1', '1', '1'], 'KWD', ['0.334', '0.333', '0.333']],
    ['1.00', ['0', '1', '0'], 'USD', ['0', '1', '0']],
    ['1.00', ['0.001', '0.999'], 'USD', ['0', '1']],
    // Exact shares 1.9 / 1.05 of the unit: the remainder decides, not the weight.
    ['3', ['1.9', '1.05', '0.05'], 'JPY', ['2', '1', '0']],
    // A credit among the lines: 19 % of 100, −40 and 0.03.
    ['11.41', ['100', '-40', '0.03'], 'USD', ['19.01', '-7.6', '0']],
    ['-5', ['-3', '1', '-3'], 'JPY', ['-3', '1', '-3']],
    ['0', ['1', '2'], 'USD', ['0', '0']],
    ['0', ['1', '-1'], 'USD', ['0', '0']],
    ['0', [], 'USD', []],
  ])('%s by %j %s is %j', (total, weights, currency, expected) => {
    const parts = split(total, weights, currency);
    expect(parts.map(decimalText)).toEqual(expected);
    expect(decimalText(sum(parts))).toBe(decimalText(decimal(total)));
  });

  it('stays exact where quotients have no end', () => {
    const parts = split('999999999999999999.99', ['1', '1', '1', '1', '1', '1', '1']);
    // 99999999999999999999 / 7 = 14285714285714285714 remainder 1
    expect(parts.map(decimalText)).toEqual(['142857142857142857.15', ...Array<string>(6).fill('142857142857142857.14')]);
  });

  it('refuses a total finer than the minor unit, and weights that cancel out', () => {
    expect(() => split('0.005', ['1'])).toThrow(/minor units/);
    expect(() => split('1.00', ['1', '-1'])).toThrow(/sum to 0/);
    expect(() => split('1.00', [])).toThrow(/sum to 0/);
  });
});
