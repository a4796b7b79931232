import type { Price, RoundingMode } from '../../src/modules/catalog/domain/charge.js';
import type { UsageReading } from '../../src/modules/catalog/domain/rate-usage.js';
import { type Decimal, decimal, sum, ZERO } from '../../src/shared/decimal.js';

export interface ChargeCase {
  id: string;
  title: string;
  model: string;
  parameters: {
    unit_price?: string;
    package_price?: string;
    package_size?: string;
    package_rounding?: string;
    free_units?: string;
    rate_percent?: string;
    fixed_fee?: string;
    multiplier?: string;
    min_commitment?: string;
    max_commitment?: string;
    tiers?: PeerTier[];
    amount?: string;
    currency?: string;
    weights?: string[];
    method?: string;
  };
  quantity?: string;
  events?: unknown[];
  buckets?: unknown[];
  prior_quantity?: string;
  prior_billed?: string;
  expected: {
    amount: string;
    amounts?: string[];
    true_up?: string;
    max_discount?: string;
    breakdown?: {
      tier?: number;
      quantity?: string;
      unit_price?: string;
      rate_percent?: string;
      flat_fee?: string;
      packages?: string;
      package_price?: string;
      amount: string;
    }[];
  };
  rounding?: { currency: string; scale: number; mode: string };
  universal: boolean;
  notes: string;
}
interface PeerTier {
  up_to: string | null;
  unit_price?: string;
  rate_percent?: string;
  flat_fee?: string;
}
export interface ExpectedSlice {
  tier?: number;
  packages?: string;
  quantity?: string;
  unit: string;
  flat?: string;
  amount: string;
}

/** The rules have no word for what the case needs. */
export class NotCovered extends Error {}

const COMMON_PARAMETERS = ['min_commitment', 'max_commitment', 'free_units', 'currency'];
/** What each model's adapter below reads; a case with any other parameter is not run. */
const PARAMETERS: Partial<Record<string, string[]>> = {
  per_unit: ['unit_price'],
  package: ['package_price', 'package_size', 'package_rounding'],
  tiered_graduated: ['tiers'],
  tiered_volume: ['tiers'],
  graduated_percentage: ['tiers'],
  percentage: ['rate_percent', 'fixed_fee'],
  dynamic: ['multiplier'],
};
const TIER_PARAMETERS = ['up_to', 'unit_price', 'rate_percent', 'flat_fee'];

/** Our price for the peer's, or NotCovered. */
export function priceOf(testCase: ChargeCase): Price {
  const { model, parameters } = testCase;
  const known = PARAMETERS[model];
  if (!known) throw new NotCovered(`no such model: ${model}`);
  refuseOthers(parameters, [...known, ...COMMON_PARAMETERS]);
  for (const tier of parameters.tiers ?? []) refuseOthers(tier, TIER_PARAMETERS);
  return {
    model: 'PER_UNIT',
    amount: null,
    unitAmount: null,
    packageSize: null,
    packageAmount: null,
    rate: null,
    fixedAmountPerEvent: null,
    tiers: null,
    includedUnits: decimal(parameters.free_units ?? '0'),
    minimumAmount: optional(parameters.min_commitment),
    maximumAmount: optional(parameters.max_commitment),
    quantityRounding: 'NONE',
    quantityPrecision: 0,
    ...modelPrice(testCase),
  };
}

function modelPrice(testCase: ChargeCase): Partial<Price> {
  const { model, parameters } = testCase;
  switch (model) {
    case 'per_unit':
      return { unitAmount: optional(parameters.unit_price) };
    case 'package':
      return packagePrice(parameters);
    case 'percentage':
      return { model: 'PERCENTAGE', rate: percent(parameters.rate_percent), fixedAmountPerEvent: optional(parameters.fixed_fee) };
    case 'dynamic':
      // The events carry their price: a sum of money, of which a share (here above 1) is charged.
      return { model: 'PERCENTAGE', rate: optional(parameters.multiplier) };
    case 'tiered_volume':
      return { model: 'VOLUME', tiers: tiersOf(testCase) };
    default:
      // Graduated percentages are graduated prices of a meter that sums money: a unit of it is charged its rate.
      return { model: 'GRADUATED', tiers: tiersOf(testCase) };
  }
}

/** Packages are always started; counting whole ones only is rounding the reading to the package, where that is a power of ten. */
function packagePrice(parameters: ChargeCase['parameters']): Partial<Price> {
  const { package_size: size, package_price: amount, package_rounding: mode = 'up', free_units: freeUnits = '0' } = parameters;
  const price: Partial<Price> = { model: 'PACKAGE', packageSize: optional(size), packageAmount: optional(amount) };
  if (mode === 'up') return price;
  const quantityRounding: RoundingMode | null = mode === 'down' ? 'DOWN' : mode === 'nearest' ? 'NEAREST' : null;
  if (!quantityRounding || !/^10*$/.test(size ?? '') || freeUnits !== '0') {
    throw new NotCovered(`packages of ${size} rounded ${mode}: a started package is a package`);
  }
  return { ...price, quantityRounding, quantityPrecision: 1 - (size ?? '').length };
}

function tiersOf({ parameters, quantity = '0', prior_quantity: prior = '0' }: ChargeCase): Price['tiers'] {
  const tiers = parameters.tiers ?? [];
  return tiers.map(({ up_to: upTo, unit_price: unitPrice, rate_percent: ratePercent, flat_fee: flatFee }, index) => {
    // A closed last tier is read as open, which changes nothing for the quantities below its bound.
    const isLast = index === tiers.length - 1;
    if (isLast && upTo !== null && sum([decimal(quantity), decimal(prior)]).gt(decimal(upTo)))
      throw new NotCovered('no tier for the quantity');
    return {
      upTo: isLast || upTo === null ? null : decimal(upTo),
      unitAmount: (ratePercent === undefined ? optional(unitPrice) : percent(ratePercent)) ?? ZERO,
      flatAmount: decimal(flatFee ?? '0'),
    };
  });
}

/** The quantity, or the sum and the number of the events' values. */
export function readingOf({ parameters, quantity, events, buckets }: ChargeCase): UsageReading {
  if (buckets) throw new NotCovered('windows rated one by one: a charge rates one reading of the billed span');
  if (!events) {
    if (parameters.fixed_fee) throw new NotCovered('a fee per event without the events');
    if (quantity === undefined) throw new NotCovered('neither quantity nor events');
    return { value: decimal(quantity), eventCount: 0 };
  }
  const values = events.map((value): Decimal => {
    if (typeof value !== 'string') throw new NotCovered('events that are not plain values');
    return decimal(value);
  });
  return { value: sum(values), eventCount: values.length };
}

function refuseOthers(parameters: object, known: string[]): void {
  const others = Object.keys(parameters).filter((name) => !known.includes(name));
  if (others.length > 0) throw new NotCovered(`no such parameter: ${others.join(', ')}`);
}

const optional = (text: string | undefined): Decimal | null => (text === undefined ? null : decimal(text));
const percent = (text: string | undefined): Decimal | null => (text === undefined ? null : decimal(text).times(decimal('0.01')));
