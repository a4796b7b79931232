import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Price } from '../../src/modules/catalog/domain/charge.js';
import { rateUsage } from '../../src/modules/catalog/domain/rate-usage.js';
import { type Decimal, decimal, decimalText, sum, ZERO } from '../../src/shared/decimal.js';
import { minorUnitDigits, roundToMinorUnit, splitByLargestRemainder } from '../../src/shared/money.js';
import { type ChargeCase, type ExpectedSlice, NotCovered, priceOf, readingOf } from './charge-model-adapter.js';

/** Facts from other billing systems' public tests and documentation; every case names its source (cases/charge_models.json). */
const { cases } = JSON.parse(readFileSync(new URL('cases/charge_models.json', import.meta.url), 'utf8')) as {
  cases: ChargeCase[];
};

const notRun: string[] = [];

/** The check of a case, prepared; fails with NotCovered for what the rules do not have. */
function checkOf(testCase: ChargeCase): () => void {
  if (!testCase.universal) throw new NotCovered(`a policy of the peer: ${testCase.notes}`);
  const { rounding } = testCase;
  if (rounding && (rounding.mode !== 'half_away_from_zero' || rounding.scale !== minorUnitDigits(rounding.currency))) {
    throw new NotCovered(`rounds ${rounding.mode} to ${rounding.scale} decimals of ${rounding.currency}`);
  }
  if (testCase.model === 'allocation') return checkAllocation(testCase);
  if (testCase.model === 'currency_rounding') return checkCurrencyRounding(testCase);
  if (testCase.model === 'line_rounding') return checkLineRounding(testCase);
  return checkCharge(testCase);
}

function checkAllocation({ parameters, expected }: ChargeCase): () => void {
  const { amount, weights, currency, method } = parameters;
  if (!amount || !weights || !currency || method !== 'largest_remainder') throw new NotCovered(`allocation by ${method}`);
  return () => {
    const parts = splitByLargestRemainder(decimal(amount), weights.map(decimal), currency);
    expect(parts.map(decimalText)).toEqual(expected.amounts?.map(plain));
    expect(decimalText(sum(parts))).toBe(plain(expected.amount));
  };
}

function checkCurrencyRounding({ parameters, expected }: ChargeCase): () => void {
  const { amount, currency } = parameters;
  if (!amount || !currency) throw new NotCovered('no amount or no currency');
  return () => expect(decimalText(roundToMinorUnit(decimal(amount), currency))).toBe(plain(expected.amount));
}

function checkLineRounding({ parameters, quantity, rounding, expected }: ChargeCase): () => void {
  const currency = parameters.currency ?? rounding?.currency;
  const { unit_price: unitPrice } = parameters;
  if (!currency || !unitPrice || quantity === undefined) throw new NotCovered('not a quantity at a unit price');
  const amount = decimal(quantity).times(decimal(unitPrice));
  return () => expect(decimalText(roundToMinorUnit(amount, currency))).toBe(plain(expected.amount));
}

function checkCharge(testCase: ChargeCase): () => void {
  const price = priceOf(testCase);
  const reading = readingOf(testCase);
  const { prior_quantity: priorQuantity, prior_billed: priorBilled, expected, rounding } = testCase;
  if (priorQuantity !== undefined) {
    // Further usage of a span is billed as expected − already billed. A minimum is not due before the span has ended.
    const prior = { value: decimal(priorQuantity), eventCount: 0 };
    const total = { value: prior.value.plus(reading.value), eventCount: reading.eventCount };
    const billed = priorBilled ? decimal(priorBilled) : rateUsage({ ...price, minimumAmount: null }, prior).exactAmount;
    return () => expectAmount(rateUsage(price, total).exactAmount.minus(billed), expected.amount, rounding?.currency);
  }
  return () => {
    const rated = rateUsage(price, reading);
    expectAmount(rated.exactAmount, expected.amount, rounding?.currency);
    const trueUp = rated.appliedMinimum?.minus(rated.unboundedAmount) ?? ZERO;
    const discount = rated.appliedMaximum ? rated.unboundedAmount.minus(rated.appliedMaximum) : ZERO;
    if (expected.true_up !== undefined) expect(decimalText(trueUp)).toBe(plain(expected.true_up));
    if (expected.max_discount !== undefined) expect(decimalText(discount)).toBe(plain(expected.max_discount));
    if (expected.breakdown) expect(breakdownOf(price, rated)).toEqual(expected.breakdown.filter(isReached).map(plainSlice));
  };
}

function expectAmount(exact: Decimal, expected: string, currency?: string): void {
  expect(decimalText(currency ? roundToMinorUnit(exact, currency) : exact)).toBe(plain(expected));
}

/** Our tier slices and packages in the words of the cases. */
function breakdownOf(price: Price, { packages, slices, unboundedAmount }: ReturnType<typeof rateUsage>): ExpectedSlice[] {
  if (packages) {
    const packagePrice = decimalText(price.packageAmount ?? ZERO);
    return [{ packages: decimalText(packages), unit: packagePrice, amount: decimalText(unboundedAmount) }];
  }
  return (slices ?? []).map(({ from, quantity, unitAmount, flatAmount, amount }) => ({
    tier: 1 + (price.tiers ?? []).filter(({ upTo }) => upTo?.lte(from)).length,
    quantity: decimalText(quantity),
    unit: decimalText(unitAmount),
    flat: decimalText(flatAmount),
    amount: decimalText(amount),
  }));
}

type PeerSlice = NonNullable<ChargeCase['expected']['breakdown']>[number];

/** A tier that the quantity does not reach has no slice with us. */
const isReached = (slice: PeerSlice): boolean => slice.packages !== undefined || slice.quantity !== '0';

function plainSlice(slice: PeerSlice): ExpectedSlice {
  if (slice.packages !== undefined) {
    return { packages: plain(slice.packages), unit: plain(slice.package_price ?? '0'), amount: plain(slice.amount) };
  }
  const { tier, quantity = '0', flat_fee: flat = '0', rate_percent: percent } = slice;
  const unit = percent === undefined ? plain(slice.unit_price ?? '0') : plain(`${percent}e-2`);
  return { tier, quantity: plain(quantity), unit, flat: plain(flat), amount: plain(slice.amount) };
}

const plain = (text: string): string => decimalText(decimal(text));

describe('charge models of other billing systems', () => {
  for (const testCase of cases) {
    const title = `${testCase.id} ${testCase.title}`;
    try {
      it(title, checkOf(testCase));
    } catch (error) {
      if (!(error instanceof NotCovered)) throw error;
      notRun.push(`not run: ${testCase.id} — ${error.message}`);
    }
  }

  it('runs every case or says why not', () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThan(notRun.length);
  });

  afterAll(() => {
    console.log([`charge models: ${cases.length - notRun.length} of ${cases.length} cases run`, ...notRun].join('\n'));
  });
});
