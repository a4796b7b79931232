import { describe, expect, it } from '@jest/globals';
import { decimal, ZERO } from '../../../shared/decimal.js';
import { DomainError } from '../../../shared/errors.js';
import type { PriceTier } from './charge.js';
import { type ChargeDraft, type PlanDraft, validatePlan } from './validate-plan.js';

const tier = (upTo: string | null, unitAmount = '1', flatAmount = '0'): PriceTier => ({
  upTo: upTo === null ? null : decimal(upTo),
  unitAmount: decimal(unitAmount),
  flatAmount: decimal(flatAmount),
});

const USAGE: ChargeDraft = {
  displayName: 'API calls',
  type: 'USAGE',
  model: 'PER_UNIT',
  meterId: 'meter-1',
  billingTiming: 'IN_ARREARS',
  amount: null,
  unitAmount: decimal('0.002'),
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
const FIXED: ChargeDraft = {
  ...USAGE,
  displayName: 'Base fee',
  type: 'FIXED',
  model: 'FLAT',
  meterId: null,
  unitAmount: null,
  amount: decimal('30'),
};
const PACKAGE: ChargeDraft = {
  ...USAGE,
  model: 'PACKAGE',
  unitAmount: null,
  packageSize: decimal('100'),
  packageAmount: decimal('1'),
};
const PERCENTAGE: ChargeDraft = { ...USAGE, model: 'PERCENTAGE', unitAmount: null, rate: decimal('0.015') };
const graduated = (...tiers: PriceTier[]): ChargeDraft => ({ ...USAGE, model: 'GRADUATED', unitAmount: null, tiers });
const volume = (...tiers: PriceTier[]): ChargeDraft => ({ ...USAGE, model: 'VOLUME', unitAmount: null, tiers });

const PLAN: PlanDraft = {
  lookupKey: 'pro',
  name: 'Pro',
  description: null,
  type: 'HYBRID',
  currency: 'EUR',
  billingInterval: 'MONTH',
  intervalCount: 1,
  trialDays: 0,
  charges: [FIXED, USAGE],
};
/** A USAGE plan with the one charge. */
const planOf = (charge: ChargeDraft): PlanDraft => ({ ...PLAN, type: 'USAGE', charges: [charge] });
const fixedPlanOf = (charge: ChargeDraft): PlanDraft => ({ ...PLAN, type: 'FIXED', charges: [charge] });

/** The field that validatePlan refuses; null: it accepts the plan. */
function refusedField(plan: PlanDraft): string | null | undefined {
  try {
    validatePlan(plan);
    return null;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('VALIDATION_FAILED');
    return error.field;
  }
}

describe('validatePlan accepts', () => {
  it.each<[string, PlanDraft]>([
    ['a plan of both kinds', PLAN],
    ['a free plan', { ...PLAN, type: 'FIXED', charges: [] }],
    ['a fixed fee in advance', fixedPlanOf({ ...FIXED, billingTiming: 'IN_ADVANCE' })],
    ['a price of 0', planOf({ ...USAGE, unitAmount: ZERO })],
    ['packages', planOf(PACKAGE)],
    ['a percentage', planOf(PERCENTAGE)],
    ['a percentage with a fee per event', planOf({ ...PERCENTAGE, fixedAmountPerEvent: decimal('0.3') })],
    ['costs plus 20 %', planOf({ ...PERCENTAGE, rate: decimal('1.2') })],
    ['one open tier', planOf(volume(tier(null)))],
    ['rising tiers', planOf(graduated(tier('0.5'), tier('10', '0', '5'), tier(null)))],
    ['100 tiers', planOf(volume(...Array.from({ length: 99 }, (_, index) => tier(String(index + 1))), tier(null)))],
    ['a minimum alone', planOf({ ...USAGE, minimumAmount: decimal('5') })],
    ['a description in lines', { ...PLAN, description: `For teams:\n\t- ${'a'.repeat(500)}` }],
    ['equal minimum and maximum', planOf({ ...USAGE, minimumAmount: decimal('5'), maximumAmount: decimal('5') })],
    ['rounding to thousands', planOf({ ...USAGE, quantityRounding: 'UP', quantityPrecision: -3 })],
    ['every kind of character of a lookup key', { ...PLAN, lookupKey: '9Pro_v1.2:eu-west' }],
    ['a lookup key of 128 characters', { ...PLAN, lookupKey: 'a'.repeat(128) }],
    ['a name of 255 characters beyond the basic plane', { ...PLAN, name: '🚀'.repeat(255) }],
    ['a period of ten years', { ...PLAN, billingInterval: 'YEAR', intervalCount: 10 }],
    ['a trial of ten years', { ...PLAN, trialDays: 3650 }],
    ['100 charges', { ...PLAN, type: 'USAGE', charges: Array<ChargeDraft>(100).fill(USAGE) }],
  ])('%s', (_title, plan) => {
    expect(refusedField(plan)).toBeNull();
  });
});

describe('validatePlan refuses of a plan', () => {
  it.each<[string, Partial<PlanDraft>, string]>([
    ['an empty lookup key', { lookupKey: '' }, 'lookupKey'],
    ['a lookup key that begins with a sign', { lookupKey: '-pro' }, 'lookupKey'],
    ['a lookup key with a space', { lookupKey: 'my pro' }, 'lookupKey'],
    ['a lookup key with a line break', { lookupKey: 'pro\n' }, 'lookupKey'],
    ['a lookup key of 129 characters', { lookupKey: 'a'.repeat(129) }, 'lookupKey'],
    ['an empty name', { name: '' }, 'name'],
    ['a blank name', { name: '  ' }, 'name'],
    ['a name of 256 characters', { name: 'a'.repeat(256) }, 'name'],
    ['a control character in the name', { name: 'Pro\u0000' }, 'name'],
    ['an empty description', { description: '' }, 'description'],
    ['too long a description', { description: 'a'.repeat(2001) }, 'description'],
    ['half a surrogate pair in the name', { name: 'Pro\ud83d' }, 'name'],
    ['an unknown currency', { currency: 'ZZZ' }, 'currency'],
    ['a currency in lower case', { currency: 'eur' }, 'currency'],
    ['0 intervals', { intervalCount: 0 }, 'intervalCount'],
    ['half an interval', { intervalCount: 1.5 }, 'intervalCount'],
    ['NaN intervals', { intervalCount: Number.NaN }, 'intervalCount'],
    ['1001 days', { billingInterval: 'DAY', intervalCount: 1001 }, 'intervalCount'],
    ['521 weeks', { billingInterval: 'WEEK', intervalCount: 521 }, 'intervalCount'],
    ['121 months', { intervalCount: 121 }, 'intervalCount'],
    ['11 years', { billingInterval: 'YEAR', intervalCount: 11 }, 'intervalCount'],
    ['a negative trial', { trialDays: -1 }, 'trialDays'],
    ['a trial beyond ten years', { trialDays: 3651 }, 'trialDays'],
    ['101 charges', { type: 'USAGE', charges: Array<ChargeDraft>(101).fill(USAGE) }, 'charges'],
    ['usage in a FIXED plan', { type: 'FIXED' }, 'charges[1].type'],
    ['a recurring fee in a USAGE plan', { type: 'USAGE' }, 'charges[0].type'],
    ['a USAGE plan without charges', { type: 'USAGE', charges: [] }, 'type'],
    ['a HYBRID plan without charges', { type: 'HYBRID', charges: [] }, 'type'],
    ['a HYBRID plan without usage', { charges: [FIXED] }, 'type'],
    ['a HYBRID plan without a recurring fee', { charges: [USAGE] }, 'type'],
  ])('%s', (_title, change, field) => {
    expect(refusedField({ ...PLAN, ...change })).toBe(field);
  });
});

describe('validatePlan refuses of a charge', () => {
  const negative = decimal('-0.01');

  it.each<[string, ChargeDraft, string]>([
    ['an empty display name', { ...USAGE, displayName: '' }, 'displayName'],
    ['usage without a meter', { ...USAGE, meterId: null }, 'meterId'],
    ['usage with the model FLAT', { ...USAGE, model: 'FLAT', unitAmount: null, amount: decimal('1') }, 'model'],
    ['usage in advance', { ...USAGE, billingTiming: 'IN_ADVANCE' }, 'billingTiming'],
    ['a precision of 13', { ...USAGE, quantityPrecision: 13 }, 'quantityPrecision'],
    ['a precision of -13', { ...USAGE, quantityPrecision: -13 }, 'quantityPrecision'],
    ['half a digit', { ...USAGE, quantityPrecision: 0.5 }, 'quantityPrecision'],
    ['PER_UNIT without its price', { ...USAGE, unitAmount: null }, 'unitAmount'],
    ['PER_UNIT with an amount', { ...USAGE, amount: ZERO }, 'amount'],
    ['PER_UNIT with tiers', { ...USAGE, tiers: [tier(null)] }, 'tiers'],
    ['PER_UNIT with a fee per event', { ...USAGE, fixedAmountPerEvent: decimal('1') }, 'fixedAmountPerEvent'],
    ['PACKAGE without a size', { ...PACKAGE, packageSize: null }, 'packageSize'],
    ['PACKAGE without an amount', { ...PACKAGE, packageAmount: null }, 'packageAmount'],
    ['PACKAGE with a unit price', { ...PACKAGE, unitAmount: decimal('1') }, 'unitAmount'],
    ['a package size of 0', { ...PACKAGE, packageSize: ZERO }, 'packageSize'],
    ['a negative package size', { ...PACKAGE, packageSize: negative }, 'packageSize'],
    ['PERCENTAGE without a rate', { ...PERCENTAGE, rate: null }, 'rate'],
    ['PERCENTAGE with a package size', { ...PERCENTAGE, packageSize: decimal('1') }, 'packageSize'],
    ['VOLUME without tiers', { ...volume(), tiers: null }, 'tiers'],
    ['GRADUATED without tiers', { ...graduated(), tiers: null }, 'tiers'],
    ['VOLUME with a rate', { ...volume(tier(null)), rate: decimal('1') }, 'rate'],
    ['VOLUME with packages', { ...volume(tier(null)), packageAmount: decimal('1') }, 'packageAmount'],
    ['a negative unit price', { ...USAGE, unitAmount: negative }, 'unitAmount'],
    ['a negative package price', { ...PACKAGE, packageAmount: negative }, 'packageAmount'],
    ['a negative rate', { ...PERCENTAGE, rate: negative }, 'rate'],
    ['a negative fee', { ...PERCENTAGE, fixedAmountPerEvent: negative }, 'fixedAmountPerEvent'],
    ['negative included units', { ...USAGE, includedUnits: negative }, 'includedUnits'],
    ['a negative minimum', { ...USAGE, minimumAmount: negative }, 'minimumAmount'],
    ['a negative maximum', { ...USAGE, maximumAmount: negative }, 'maximumAmount'],
    ['a minimum above the maximum', { ...USAGE, minimumAmount: decimal('5.01'), maximumAmount: decimal('5') }, 'minimumAmount'],
    ['no tier', graduated(), 'tiers'],
    ['101 tiers', volume(...Array.from({ length: 100 }, (_, index) => tier(String(index + 1))), tier(null)), 'tiers'],
    ['a closed last tier', graduated(tier('10'), tier('20')), 'tiers[1].upTo'],
    ['an only tier that is closed', volume(tier('10')), 'tiers[0].upTo'],
    ['an open tier below another', graduated(tier(null), tier(null)), 'tiers[0].upTo'],
    ['a bound of 0', graduated(tier('0'), tier(null)), 'tiers[0].upTo'],
    ['a negative bound', graduated(tier('-1'), tier(null)), 'tiers[0].upTo'],
    ['equal bounds', volume(tier('10'), tier('10.0'), tier(null)), 'tiers[1].upTo'],
    ['falling bounds', graduated(tier('10'), tier('20'), tier('15'), tier(null)), 'tiers[2].upTo'],
    ['a negative price in a tier', graduated(tier('10', '-1'), tier(null)), 'tiers[0].unitAmount'],
    ['a negative flat amount in a tier', volume(tier('10'), tier(null, '1', '-1')), 'tiers[1].flatAmount'],
  ])('%s', (_title, charge, field) => {
    expect(refusedField(planOf(charge))).toBe(`charges[0].${field}`);
  });

  it.each<[string, ChargeDraft, string]>([
    ['another model than FLAT', { ...FIXED, model: 'PER_UNIT', amount: null, unitAmount: decimal('1') }, 'model'],
    ['no amount', { ...FIXED, amount: null }, 'amount'],
    ['a negative amount', { ...FIXED, amount: negative }, 'amount'],
    ['a meter', { ...FIXED, meterId: 'meter-1' }, 'meterId'],
    ['included units', { ...FIXED, includedUnits: decimal('1') }, 'includedUnits'],
    ['a minimum', { ...FIXED, minimumAmount: ZERO }, 'minimumAmount'],
    ['a maximum', { ...FIXED, maximumAmount: decimal('1') }, 'maximumAmount'],
    ['a rounding of quantities', { ...FIXED, quantityRounding: 'UP' }, 'quantityRounding'],
    ['a unit price', { ...FIXED, unitAmount: decimal('1') }, 'unitAmount'],
  ])('of type FIXED with %s', (_title, charge, field) => {
    expect(refusedField(fixedPlanOf(charge))).toBe(`charges[0].${field}`);
  });

  it('and names the charge at fault', () => {
    expect(refusedField({ ...PLAN, charges: [FIXED, USAGE, { ...USAGE, unitAmount: negative }] })).toBe('charges[2].unitAmount');
  });
});
