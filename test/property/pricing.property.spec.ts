import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decimal, sum, ZERO } from '../../src/shared/decimal.js';
import { roundToMinorUnit } from '../../src/shared/money.js';
import type { Price, RoundingMode } from '../../src/modules/catalog/domain/charge.js';
import { rateUsage, roundQuantity } from '../../src/modules/catalog/domain/rate-usage.js';
import {
  oracleGraduated,
  oraclePackages,
  oracleRound,
  oracleVolume,
  type OracleTier,
  scaled,
  unscaled,
} from './pricing.oracle.js';
import { randomRuns } from '../support/random-runs.js';

/**
 * Everything is drawn as whole numbers of a small grain (thousandths of a unit, millionths of a price) and compared as
 * whole numbers too, so that a lost or invented digit anywhere is a difference.
 */
const RUNS = randomRuns(1_500);
const UNIT = 3;
const PRICE = 6;
const AMOUNT = UNIT + PRICE;

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

const quantities = fc.bigInt(0n, 600n);
const prices = fc.bigInt(0n, 2_000_000n);
const hugeNumbers = fc.bigInt(0n, 10n ** 39n - 1n);

const tierLists = fc
  .tuple(
    fc.uniqueArray(fc.bigInt(1n, 500n), { maxLength: 5 }),
    fc.array(fc.tuple(prices, prices), { minLength: 6, maxLength: 6 }),
  )
  .map(([bounds, amounts]): OracleTier[] => {
    const rising: (bigint | null)[] = [...bounds].sort((a, b) => Number(a - b));
    return [...rising, null].map((upTo, index) => ({ upTo, unitAmount: amounts[index][0], flatAmount: amounts[index][1] }));
  });
const withoutFlatAmounts = (tiers: OracleTier[]) => tiers.map((tier) => ({ ...tier, flatAmount: 0n }));

const tiered = (model: 'GRADUATED' | 'VOLUME', tiers: OracleTier[]): Price => ({
  ...NO_PRICE,
  model,
  tiers: tiers.map(({ upTo, unitAmount, flatAmount }) => ({
    upTo: upTo === null ? null : unscaled(upTo, UNIT),
    unitAmount: unscaled(unitAmount, PRICE),
    flatAmount: unscaled(flatAmount, PRICE),
  })),
});
const rate = (price: Price, quantity: bigint, eventCount = 0) =>
  rateUsage(price, { value: unscaled(quantity, UNIT), eventCount });
const amountOf = (price: Price, quantity: bigint, eventCount = 0) =>
  scaled(rate(price, quantity, eventCount).exactAmount, AMOUNT);

describe('each model agrees with a slow and obvious oracle', () => {
  it('PER_UNIT is the product, every digit of the largest inputs kept', () => {
    fc.assert(
      fc.property(hugeNumbers, hugeNumbers, (quantity, unitAmount) => {
        const { exactAmount } = rateUsage(
          { ...NO_PRICE, unitAmount: unscaled(unitAmount, 15) },
          { value: unscaled(quantity, 15), eventCount: 0 },
        );
        expect(scaled(exactAmount, 30)).toBe(quantity * unitAmount);
      }),
      RUNS,
    );
  });

  it('PACKAGE opens one package after the other until the quantity is packed', () => {
    fc.assert(
      fc.property(quantities, fc.bigInt(1n, 300n), prices, (quantity, size, amount) => {
        const price: Price = {
          ...NO_PRICE,
          model: 'PACKAGE',
          packageSize: unscaled(size, UNIT),
          packageAmount: unscaled(amount, PRICE),
        };
        const { packages, exactAmount } = rate(price, quantity);
        const opened = oraclePackages(quantity, size);
        expect([packages && scaled(packages, 0), scaled(exactAmount, PRICE)]).toEqual([opened, opened * amount]);
      }),
      RUNS,
    );
  });

  it('PACKAGE takes the least number of packages that holds the quantity, at any magnitude', () => {
    fc.assert(
      fc.property(hugeNumbers, hugeNumbers, (quantity, sizeLess1) => {
        const size = sizeLess1 + 1n;
        const price: Price = { ...NO_PRICE, model: 'PACKAGE', packageSize: unscaled(size, 15), packageAmount: decimal('1') };
        const count = scaled(rateUsage(price, { value: unscaled(quantity, 15), eventCount: 0 }).packages ?? ZERO, 0);
        expect(count * size >= quantity && (count - 1n) * size < quantity).toBe(true);
      }),
      RUNS,
    );
  });

  it('GRADUATED prices grain by grain', () => {
    fc.assert(
      fc.property(tierLists, quantities, (tiers, quantity) => {
        expect(amountOf(tiered('GRADUATED', tiers), quantity)).toBe(oracleGraduated(tiers, quantity, UNIT));
      }),
      RUNS,
    );
  });

  it('VOLUME prices everything in the one tier that holds the quantity', () => {
    fc.assert(
      fc.property(tierLists, quantities, (tiers, quantity) => {
        expect(amountOf(tiered('VOLUME', tiers), quantity)).toBe(oracleVolume(tiers, quantity, UNIT));
      }),
      RUNS,
    );
  });

  it('PERCENTAGE is the share plus one fee an event', () => {
    fc.assert(
      fc.property(quantities, prices, fc.option(prices), fc.nat(1000), (quantity, share, fee, eventCount) => {
        const price: Price = {
          ...NO_PRICE,
          model: 'PERCENTAGE',
          rate: unscaled(share, PRICE),
          fixedAmountPerEvent: fee === null ? null : unscaled(fee, PRICE),
        };
        const fees = quantity === 0n ? 0n : BigInt(eventCount) * (fee ?? 0n) * 10n ** BigInt(UNIT);
        expect(amountOf(price, quantity, eventCount)).toBe(quantity * share + fees);
      }),
      RUNS,
    );
  });
});

describe('tiers', () => {
  it('GRADUATED never falls as the quantity rises', () => {
    fc.assert(
      fc.property(tierLists, quantities, quantities, (tiers, a, b) => {
        const price = tiered('GRADUATED', tiers);
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(amountOf(price, less) <= amountOf(price, more)).toBe(true);
      }),
      RUNS,
    );
  });

  it('GRADUATED without flat amounts is continuous: one more grain costs one grain at the price of a tier', () => {
    fc.assert(
      fc.property(tierLists, quantities, (tiers, quantity) => {
        const price = tiered('GRADUATED', withoutFlatAmounts(tiers));
        const step = amountOf(price, quantity + 1n) - amountOf(price, quantity);
        const tier = tiers.find(({ upTo }) => upTo === null || quantity + 1n <= upTo);
        expect(step).toBe(tier?.unitAmount);
      }),
      RUNS,
    );
  });

  it('slices of GRADUATED add up to the quantity and to the amount, and adjoin', () => {
    fc.assert(
      fc.property(tierLists, quantities, (tiers, quantity) => {
        const rated = rate(tiered('GRADUATED', tiers), quantity);
        const slices = rated.slices ?? [];
        expect(sum(slices.map((slice) => slice.quantity)).eq(rated.billableQuantity)).toBe(true);
        expect(sum(slices.map((slice) => slice.amount)).eq(rated.exactAmount)).toBe(true);
        slices.forEach((slice, index) => expect(slice.from.eq(slices[index - 1]?.upTo ?? ZERO)).toBe(true));
      }),
      RUNS,
    );
  });

  it('one open tier prices alike under GRADUATED, VOLUME and PER_UNIT', () => {
    fc.assert(
      fc.property(quantities, prices, (quantity, unitAmount) => {
        const tiers = [{ upTo: null, unitAmount, flatAmount: 0n }];
        const expected = quantity * unitAmount;
        expect(amountOf(tiered('GRADUATED', tiers), quantity)).toBe(expected);
        expect(amountOf(tiered('VOLUME', tiers), quantity)).toBe(expected);
        expect(amountOf({ ...NO_PRICE, unitAmount: unscaled(unitAmount, PRICE) }, quantity)).toBe(expected);
      }),
      RUNS,
    );
  });
});

describe('quantities', () => {
  const modes = fc.constantFrom<RoundingMode>('NONE', 'UP', 'DOWN', 'NEAREST');
  const readings = fc.oneof(
    fc.bigInt(-(10n ** 10n), 10n ** 10n),
    fc.bigInt(-2000n, 2000n).map((half) => half * 500n),
  );

  it('are rounded as the digits say', () => {
    fc.assert(
      fc.property(readings, modes, fc.integer({ min: -5, max: 8 }), (reading, mode, precision) => {
        const rounded = roundQuantity(unscaled(reading, 6), mode, precision);
        expect(scaled(rounded, 8)).toBe(oracleRound(reading * 100n, 8, mode, precision));
      }),
      RUNS,
    );
  });

  it('lose the included units after rounding and never go below 0', () => {
    fc.assert(
      fc.property(
        readings,
        modes,
        fc.integer({ min: -3, max: 4 }),
        fc.bigInt(0n, 10n ** 9n),
        (reading, mode, precision, free) => {
          const price: Price = {
            ...NO_PRICE,
            unitAmount: decimal('1'),
            includedUnits: unscaled(free, 6),
            quantityRounding: mode,
            quantityPrecision: precision,
          };
          const rated = rateUsage(price, { value: unscaled(reading, 6), eventCount: 1 });
          const left = oracleRound(reading, 6, mode, precision) - free;
          expect(scaled(rated.billableQuantity, 6)).toBe(left > 0n ? left : 0n);
          expect(rated.exactAmount.eq(rated.billableQuantity)).toBe(true);
          expect(rated.includedUnits.gte(ZERO)).toBe(true);
          if (rated.roundedQuantity.gte(ZERO)) {
            expect(rated.includedUnits.plus(rated.billableQuantity).eq(rated.roundedQuantity)).toBe(true);
          }
        },
      ),
      RUNS,
    );
  });
});

describe('minimum and maximum', () => {
  it('bound the amount, the minimum by its share of the period, and rounding to cents sees the exact value', () => {
    const fractions = fc
      .tuple(fc.nat(400), fc.integer({ min: 1, max: 400 }))
      .map(([a, b]) => (a < b ? [a, b] : [b, Math.max(a, 1)]));
    const bounds = fc.option(fc.bigInt(0n, 500_000n));
    fc.assert(
      fc.property(quantities, bounds, bounds, fractions, (quantity, a, b, [numerator, denominator]) => {
        const [minimum, maximum] = a !== null && b !== null && a > b ? [b, a] : [a, b];
        const price: Price = {
          ...NO_PRICE,
          unitAmount: decimal('1'),
          minimumAmount: minimum === null ? null : unscaled(minimum, UNIT),
          maximumAmount: maximum === null ? null : unscaled(maximum, UNIT),
        };
        const rated = rateUsage(price, { value: unscaled(quantity, UNIT), eventCount: 0 }, { numerator, denominator });

        // All in thousandths × denominator, where every value is whole.
        const share = (minimum ?? 0n) * BigInt(numerator);
        const own = quantity * BigInt(denominator);
        const ceiling = maximum === null ? null : maximum * BigInt(denominator);
        const raised = share > own ? share : own;
        const expected = ceiling !== null && raised > ceiling ? ceiling : raised;
        expect(rated.appliedMinimum !== null).toBe(share > own);
        expect(rated.appliedMaximum !== null).toBe(ceiling !== null && raised > ceiling);
        expect(rated.unboundedAmount.eq(unscaled(quantity, UNIT))).toBe(true);
        const grain = 10n * BigInt(denominator);
        const cents = (2n * expected + grain) / (2n * grain);
        expect(scaled(roundToMinorUnit(rated.exactAmount, 'USD'), 2)).toBe(cents);
      }),
      RUNS,
    );
  });
});
