import { describe, expect, it } from '@jest/globals';
import { ceilingOfQuotient, decimal, decimalText, max, min, parseDecimal, plainDecimalText, sum, ZERO } from './decimal.js';

describe('parseDecimal', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.000', '0'],
    ['0e999', '0'],
    ['007', '7'],
    ['+1.50', '1.5'],
    ['-12.25', '-12.25'],
    ['.5', '0.5'],
    ['.75', '0.75'],
    ['7'.padStart(64, '0'), '7'],
    ['5.', '5'],
    ['1.5e+21', '1500000000000000000000'],
    ['1E3', '1000'],
    ['1e-15', '0.000000000000001'],
    ['0.123456789012345', '0.123456789012345'],
    ['0.1234567890123450', '0.123456789012345'],
    ['999999999999999999999999', '999999999999999999999999'],
    ['-999999999999999999999999.999999999999999', '-999999999999999999999999.999999999999999'],
  ])('reads %j as %j', (text, expected) => {
    const value = parseDecimal(text);
    expect(value && decimalText(value)).toBe(expected);
    expect(plainDecimalText(text)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    '.',
    '-',
    '+',
    'e5',
    '1e',
    '1e999',
    '1e24',
    '1e-16',
    '1e1000',
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '0b1',
    '0o7',
    '1_000',
    '1,5',
    '1.2.3',
    '--1',
    '١',
    '0.1234567890123456',
    '0.1000000000000000055e1',
    '1000000000000000000000000',
    '1234567890123456789012345678901234567890',
    '0'.repeat(65),
  ])('refuses %j', (text) => {
    expect(parseDecimal(text)).toBeNull();
    expect(plainDecimalText(text)).toBeNull();
  });

  it('reads minus zero as plain zero', () => {
    expect(parseDecimal('-0')?.isNegative()).toBe(false);
  });
});

describe('decimalText', () => {
  it.each([
    ['-0', '0'],
    ['1e-15', '0.000000000000001'],
    ['1.5e24', '1500000000000000000000000'],
    ['10.50', '10.5'],
  ])('writes %s as %s', (value, text) => {
    expect(decimalText(decimal(value))).toBe(text);
  });
});

describe('ceilingOfQuotient', () => {
  it.each([
    ['0', '7', '0'],
    ['1', '3', '1'],
    ['3', '3', '1'],
    ['3.000000000000001', '3', '2'],
    ['0.3', '0.1', '3'],
    ['-1', '3', '0'],
    ['-4', '3', '-1'],
    ['-3', '3', '-1'],
    // 3 × 333333333333333333333333 = 999999999999999999999999, so the last package is started by the smallest fraction.
    ['999999999999999999999999', '3', '333333333333333333333333'],
    ['999999999999999999999999.000000000000001', '3', '333333333333333333333334'],
    ['999999999999999999999999', '0.000000000000001', '999999999999999999999999000000000000000'],
  ])('of %s / %s is %s', (a, b, expected) => {
    expect(decimalText(ceilingOfQuotient(decimal(a), decimal(b)))).toBe(expected);
  });
});

describe('exactness', () => {
  it('keeps every digit of sums and products of the largest inputs', () => {
    const largest = decimal('999999999999999999999999.999999999999999');
    // (10^24 − 10^−15)² = 10^48 − 2 × 10^9 + 10^−30
    expect(decimalText(largest.times(largest))).toBe(
      '999999999999999999999999999999999999998000000000.000000000000000000000000000001',
    );
    expect(decimalText(sum([largest, decimal('0.000000000000001')]))).toBe('1000000000000000000000000');
  });

  it('0.1 + 0.2 is 0.3, and no values sum to 0', () => {
    expect(decimalText(sum([decimal('0.1'), decimal('0.2')]))).toBe('0.3');
    expect(sum([]).eq(ZERO)).toBe(true);
  });
});

describe('max and min', () => {
  it('pick the greater and the lesser', () => {
    const [low, high] = [decimal('-1.5'), decimal('2')];
    expect([max(low, high), max(high, low), min(low, high), min(high, low)]).toEqual([high, high, low, low]);
  });
});
