import type { Price } from '../../src/modules/catalog/domain/index.js';
import { lookBackStart } from '../../src/modules/invoicing/domain/billing-spans.js';
import { diffLines, prepaidOf, type IssuedLine, type LineToBill } from '../../src/modules/invoicing/domain/diff-lines.js';
import {
  expectedLines,
  readingKey,
  requiredReadings,
  type BillableCharge,
  type BillingInput,
} from '../../src/modules/invoicing/domain/expected-lines.js';
import type { Reading } from '../../src/modules/metering/domain/index.js';
import {
  segmentsOf,
  type PlanInterval,
  type Segment,
  type TimelineEntry,
  type TimelineTerms,
} from '../../src/modules/subscriptions/domain/index.js';
import { boundary, type Cadence } from '../../src/shared/calendar.js';
import { Decimal, decimal, ONE, ZERO } from '../../src/shared/decimal.js';

/** The organization's default: closed periods that are looked at again for late usage. */
const LATE_USAGE_PERIODS = 3;
const FIRST_ANCHOR = '2005-01-31T15:30:00Z';

const NO_PRICE: Price = {
  model: 'FLAT',
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
const TIERS = [
  { upTo: decimal('1000'), unitAmount: decimal('0.012'), flatAmount: ZERO },
  { upTo: decimal('10000'), unitAmount: decimal('0.0085'), flatAmount: decimal('2.5') },
  { upTo: null, unitAmount: decimal('0.004'), flatAmount: ZERO },
];

/** Fixed in advance, per unit, graduated, package, volume. */
function chargesOf(planId: string): BillableCharge[] {
  const charge = (name: string, price: Partial<Price>): BillableCharge => ({
    id: `${planId}-${name}`,
    displayName: name,
    type: price.amount ? 'FIXED' : 'USAGE',
    billingTiming: price.amount ? 'IN_ADVANCE' : 'IN_ARREARS',
    meterId: price.amount ? null : `meter-${name}`,
    price: { ...NO_PRICE, ...price },
  });
  return [
    charge('fixed', { amount: decimal('49.90') }),
    charge('per-unit', { model: 'PER_UNIT', unitAmount: decimal('0.00125') }),
    charge('graduated', { model: 'GRADUATED', tiers: TIERS }),
    charge('package', { model: 'PACKAGE', packageSize: decimal('250'), packageAmount: decimal('1.10') }),
    charge('volume', { model: 'VOLUME', tiers: TIERS }),
  ];
}

export interface Subscription {
  terms: TimelineTerms;
  entries: TimelineEntry[];
  plans: Map<string, PlanInterval>;
  chargesByPlan: Map<string, BillableCharge[]>;
  charges: Map<string, BillableCharge>;
  /** What the database would hand over: lines of the periods that are looked at again, and readings of those. */
  issued: IssuedLine[];
  readings: Map<string, Reading>;
  /** A period has just ended. */
  asOf: Date;
}

/**
 * A monthly subscription with so many closed periods, of which the last has just ended, and so many plan changes, all of
 * them earlier than what is looked at again.
 */
export function subscriptionOf(closedPeriods: number, changes: number, timeZone: string): Subscription {
  const anchor = new Date(FIRST_ANCHOR);
  const cadence: Cadence = { anchor, timeZone, interval: 'MONTH', intervalCount: 1 };
  const interval: PlanInterval = { billingInterval: 'MONTH', intervalCount: 1 };
  const terms: TimelineTerms = {
    startedAt: anchor,
    trialEnd: null,
    timeZone,
    alignment: 'ANNIVERSARY',
    billingAnchor: null,
    proration: 'DAY',
  };
  const quietFrom = boundary(cadence, closedPeriods - LATE_USAGE_PERIODS - 2).getTime();
  const step = (quietFrom - anchor.getTime()) / (changes + 1);
  const entries = Array.from({ length: changes + 1 }, (_, index): TimelineEntry => {
    const at = new Date(anchor.getTime() + Math.floor((index * step) / 1000) * 1000);
    return { sequence: index + 1, kind: 'PLAN', at, planId: `plan-${index % 2}`, proration: 'DAY' };
  });
  const chargesByPlan = new Map(['plan-0', 'plan-1'].map((planId) => [planId, chargesOf(planId)]));
  const subscription: Subscription = {
    terms,
    entries,
    plans: new Map([...chargesByPlan.keys()].map((planId) => [planId, interval])),
    chargesByPlan,
    charges: new Map([...chargesByPlan.values()].flat().map((charge) => [charge.id, charge])),
    issued: [],
    readings: new Map(),
    asOf: boundary(cadence, closedPeriods),
  };
  return { ...subscription, ...known(subscription, boundary(cadence, closedPeriods - 1)) };
}

/** What was billed by then, of the periods that are looked at again, and the readings that the next run will ask for. */
function known(subscription: Subscription, billedUntil: Date): Pick<Subscription, 'issued' | 'readings'> {
  const input = inputOf(subscription, segmentsOf(subscription.terms, subscription.entries, subscription.plans));
  const readings = new Map(
    requiredReadings(input).map((request, index) => {
      const value = decimal(`${9_000 + index * 137}.25`);
      return [readingKey(request), { ...request, value, eventCount: 400, eventsHash: String(index) }];
    }),
  );
  const { lines } = expectedLines({ ...input, asOf: billedUntil }, readings);
  return {
    readings,
    issued: lines.map(({ key, charge, span, quantity, amount }) => ({
      key,
      kind: 'CHARGE',
      chargeId: charge.id,
      span,
      quantity,
      amount,
      billedBefore: ZERO,
      invoice: 'FINAL',
    })),
  };
}

function inputOf(
  { terms, chargesByPlan, issued, asOf }: Pick<Subscription, 'terms' | 'chargesByPlan' | 'issued' | 'asOf'>,
  segments: Segment[],
): BillingInput {
  const from = lookBackStart(segments, asOf, LATE_USAGE_PERIODS, { startedAt: terms.startedAt, rebillFrom: null });
  return { customerId: 'customer', currency: 'USD', segments, chargesByPlan, prepaid: prepaidOf(issued), from, asOf };
}

/** What a run does with a subscription once everything is loaded: time line, readings to ask for, price, diff. */
export function settle(subscription: Subscription): LineToBill[] {
  const { terms, entries, plans, charges, issued, readings } = subscription;
  const input = inputOf(subscription, segmentsOf(terms, entries, plans));
  requiredReadings(input);
  return diffLines(expectedLines(input, readings), issued, charges, { lateUsageFrom: input.from });
}

/** Lines that `settle` prices: those that it finds billed already, and the new ones. */
export const pricedLines = (subscription: Subscription): number => subscription.issued.length + settle(subscription).length;

const BARE_PRICES = chargesOf('bare').map(({ price }) => price);

/** The least that can be done: the arithmetic of as many lines, and their sum. */
export function bareArithmetic({ readings }: Subscription): Decimal {
  const [fixed, perUnit, , packages] = BARE_PRICES;
  const rounded = (amount: Decimal): Decimal => amount.toDecimalPlaces(2, Decimal.ROUND_HALF_UP);
  const values = [...readings.values()].map(({ value }) => value);
  let total = ZERO;
  for (let index = 0; index < values.length; index += 4) {
    const [a, b, c, d] = values.slice(index, index + 4);
    const slices = TIERS.map(({ upTo, unitAmount, flatAmount }, tier) => {
      const from = tier === 0 ? ZERO : (TIERS[tier - 1].upTo as Decimal);
      if (b.lte(from)) return ZERO;
      return (upTo && b.gt(upTo) ? upTo : b).minus(from).times(unitAmount).plus(flatAmount);
    });
    const tier = TIERS.find(({ upTo }) => upTo === null || d.lte(upTo)) as (typeof TIERS)[number];
    const amounts = [
      (fixed.amount as Decimal).times(ONE),
      a.times(perUnit.unitAmount as Decimal),
      slices.reduce((sum, slice) => sum.plus(slice)),
      c
        .div(packages.packageSize as Decimal)
        .ceil()
        .times(packages.packageAmount as Decimal),
      d.times(tier.unitAmount).plus(tier.flatAmount),
    ];
    for (const amount of amounts) total = total.plus(rounded(amount));
  }
  return total;
}
