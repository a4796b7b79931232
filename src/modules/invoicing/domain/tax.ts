import { decimal, sum, ZERO, type Decimal } from '../../../shared/decimal.js';
import { roundParts } from '../../../shared/money.js';

/** Why an invoice carries the tax it carries. NONE: no rate of the organization is for this customer. */
export type TaxTreatment = 'NONE' | 'RATE' | 'EXEMPT' | 'REVERSE_CHARGE';

/** A rate as it is applied, and stored on the invoice. */
export interface AppliedTaxRate {
  id: string;
  name: string;
  country: string;
  region: string | null;
  /** 19 is 19 %. */
  percentage: string;
  /** The amounts of the lines contain the tax; else it comes on top. */
  inclusive: boolean;
}

export interface DatedTaxRate extends AppliedTaxRate {
  validFrom: Date;
  validTo: Date | null;
}

/** Whom tax is asked of. */
export interface TaxParty {
  country: string | null;
  region: string | null;
  taxExempt: boolean;
  reverseCharge: boolean;
}

export interface Taxation {
  treatment: TaxTreatment;
  rate: AppliedTaxRate | null;
}

export const UNTAXED: Taxation = { treatment: 'NONE', rate: null };

/** How a customer is taxed at an instant (docs/billing-rules.md §8): by the rate of their region, else of their country. */
export function taxationOf(
  { country, region, taxExempt, reverseCharge }: TaxParty,
  rates: readonly DatedTaxRate[],
  at: Date,
): Taxation {
  if (taxExempt) return { treatment: 'EXEMPT', rate: null };
  if (reverseCharge) return { treatment: 'REVERSE_CHARGE', rate: null };
  const inForce = rates.filter(
    (rate) => rate.country === country && rate.validFrom <= at && (rate.validTo === null || rate.validTo > at),
  );
  const rate =
    inForce.find((each) => each.region !== null && region !== null && sameRegion(each.region, region)) ??
    inForce.find((each) => each.region === null);
  return rate ? { treatment: 'RATE', rate: appliedRate(rate) } : UNTAXED;
}

/** Regions are compared as people write them: bavaria is BAVARIA. */
export const sameRegion = (a: string, b: string): boolean => normalized(a) === normalized(b);
const normalized = (region: string): string => region.trim().toUpperCase();

const appliedRate = ({ id, name, country, region, percentage, inclusive }: DatedTaxRate): AppliedTaxRate => ({
  id,
  name,
  country,
  region,
  percentage,
  inclusive,
});

export interface InvoiceTotals {
  /** The tax of each line, in order. */
  taxes: Decimal[];
  /** Without tax. Includes the credit, where there is one. */
  subtotal: Decimal;
  tax: Decimal;
  /** Never negative. */
  total: Decimal;
  /** What lines that add up to a credit leave for the customer's balance: the amount of a line of kind BALANCE. */
  credit: Decimal;
}

/**
 * What the lines of an invoice come to. Tax is rounded once, on all of them together; each line carries its exact tax, rounded
 * up or down so that the lines add up to it.
 */
export function totalsOf(amounts: readonly Decimal[], { rate }: Taxation, currency: string): InvoiceTotals {
  const taxes = rate ? taxOf(amounts, rate, currency) : amounts.map(() => ZERO);
  const tax = sum(taxes);
  const priced = sum(amounts);
  const subtotal = rate?.inclusive ? priced.minus(tax) : priced;
  const total = subtotal.plus(tax);
  if (!total.isNegative()) return { taxes, subtotal, tax, total, credit: ZERO };
  const credit = total.negated();
  return { taxes, subtotal: subtotal.plus(credit), tax, total: ZERO, credit };
}

function taxOf(amounts: readonly Decimal[], { percentage, inclusive }: AppliedTaxRate, currency: string): Decimal[] {
  const divisor = inclusive ? decimal('100').plus(percentage) : decimal('100');
  const exactTax = (amount: Decimal): Decimal => amount.times(percentage).div(divisor);
  return roundParts(exactTax(sum(amounts)), amounts.map(exactTax), currency);
}

/** Of a line as it stands on an invoice: what it adds to the subtotal. */
export const netAmount = (line: { amount: string; tax: string; taxInclusive: boolean }): Decimal =>
  line.taxInclusive ? decimal(line.amount).minus(line.tax) : decimal(line.amount);

/** Of a line as it stands on an invoice: what it adds to the total. */
export const grossAmount = (line: { amount: string; tax: string; taxInclusive: boolean }): Decimal =>
  line.taxInclusive ? decimal(line.amount) : decimal(line.amount).plus(line.tax);
