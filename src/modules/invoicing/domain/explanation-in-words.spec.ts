import { describe, expect, it } from '@jest/globals';
import { formatOf } from '../../../shared/locale.js';
import type { Explanation } from './explanation.js';
import { explainInWords } from './explanation-in-words.js';

describe('how a line came about', () => {
  const format = formatOf('en-US', 'UTC', 'USD');
  const reading = { meterId: '', from: '', to: '', value: '1200', eventCount: 3 };
  const part = { numerator: 17, denominator: 31 };
  const tier = { from: '0', upTo: '1000', quantity: '1000', unitAmount: '0.1', flatAmount: '0', amount: '100' };
  const top = { from: '1000', upTo: null, quantity: '200', unitAmount: '0.05', flatAmount: '3', amount: '13' };

  it.each<[string, Partial<Explanation>, string[]]>([
    ['CHARGE', { exactAmount: '30' }, []],
    ['CHARGE', { fixedAmount: '30', proration: part }, ['17/31 of $30.00']],
    ['CHARGE', { fixedAmount: '30' }, []],
    ['CHARGE', { proration: part }, []],
    ['CREDIT', { prepaidAmount: '31', proration: part }, ['Unused 17/31 of $31.00 paid in advance']],
    ['CREDIT', { billedBefore: '10' }, ['Billed before: $10.00']],
    ['CHARGE', { partsBefore: '16.45' }, ['Rest of the period; parts before: $16.45']],
    ['CORRECTION', { billedBefore: '10', reading }, ['Late usage; billed before: $10.00']],
    ['CORRECTION', { reading }, []],
    ['CHARGE', { reading, includedUnits: '0' }, []],
    ['CHARGE', { reading, includedUnits: '1000' }, ['1,200 used, 1,000 included']],
    [
      'CHARGE',
      { reading, tiers: [tier, top] },
      ['0 – 1,000: 1,000 × $0.10 = $100.00', 'above 1,000: 200 × $0.05 + $3.00 = $13.00'],
    ],
    ['CHARGE', { reading, packages: '2', packageAmount: '0.75' }, ['2 packages × $0.75']],
    ['CHARGE', { reading, packages: '2' }, []],
    ['CHARGE', { reading, packageAmount: '0.75' }, []],
    [
      'CHARGE',
      { reading, rate: '0.015', billableQuantity: '1200', eventFees: '0.3' },
      ['1,200 × 1.5 %', 'Fees for 3 events: $0.30'],
    ],
    ['CHARGE', { reading, rate: '0.015' }, []],
    ['CHARGE', { reading, billableQuantity: '1200', eventFees: '0' }, []],
    ['CHARGE', { packages: '2', packageAmount: '0.75' }, []],
    ['CHARGE', { reading, minimumAmount: '5' }, ['At least $5.00']],
    ['CHARGE', { reading, maximumAmount: '50' }, ['At most $50.00']],
    ['CHARGE', { minimumAmount: '60', maximumAmount: '50' }, ['At most $50.00']],
  ])('%s %j', (kind, explanation, expected) => {
    expect(explainInWords(kind, { kind: 'USAGE', exactAmount: '0', ...explanation }, format)).toEqual(expected);
  });
});
