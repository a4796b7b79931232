import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Decimal } from '../../src/shared/decimal.js';
import { minorUnitDigits, splitByLargestRemainder } from '../../src/shared/money.js';
import { scaled, unscaled } from './pricing.oracle.js';
import { randomRuns } from '../support/random-runs.js';

const RUNS = randomRuns(1_500);

describe('splitByLargestRemainder', () => {
  const currencies = fc.constantFrom('JPY', 'USD', 'KWD');
  const weights = fc.array(fc.bigInt(-1000n, 5000n), { minLength: 1, maxLength: 12 });

  it('sums to the total, each part within one minor unit of its exact share, any sign', () => {
    fc.assert(
      fc.property(fc.bigInt(-100_000n, 100_000n), weights, currencies, (units, shares, currency) => {
        const shareSum = shares.reduce((total, share) => total + share, 0n);
        fc.pre(shareSum !== 0n);
        const digits = minorUnitDigits(currency) ?? 0;
        const parts = splitByLargestRemainder(
          unscaled(units, digits),
          shares.map((share): Decimal => unscaled(share, 3)),
          currency,
        ).map((part) => scaled(part, digits));
        expect(parts.reduce((total, part) => total + part, 0n)).toBe(units);
        parts.forEach((part, index) => {
          const distance = part * shareSum - units * shares[index];
          const limit = shareSum < 0n ? -shareSum : shareSum;
          expect(distance < limit && -distance < limit).toBe(true);
        });
      }),
      RUNS,
    );
  });
});
