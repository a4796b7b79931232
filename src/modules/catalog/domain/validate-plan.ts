import type { BillingInterval } from '../../../shared/calendar.js';
import { invalid } from '../../../shared/errors.js';
import { minorUnitDigits } from '../../../shared/money.js';
import { checkText } from '../../../shared/text.js';
import type { ChargeType } from './charge.js';
import { type ChargeDraft, validateCharge } from './validate-charge.js';
import { requireWhole } from '../../../shared/whole.js';
import { MAX_DESCRIPTION, requireLookupKey } from './validate-fields.js';

export type { ChargeDraft } from './validate-charge.js';
export type PlanType = 'FIXED' | 'USAGE' | 'HYBRID';

/** A plan as asked for, its decimals parsed. */
export interface PlanDraft {
  lookupKey: string;
  name: string;
  description: string | null;
  type: PlanType;
  /** ISO 4217, upper case. */
  currency: string;
  billingInterval: BillingInterval;
  intervalCount: number;
  trialDays: number;
  charges: ChargeDraft[];
}

/** A period lasts ten years at most. */
const MAX_INTERVAL_COUNT: Readonly<Record<BillingInterval, number>> = { DAY: 1000, WEEK: 520, MONTH: 120, YEAR: 10 };
const MAX_TRIAL_DAYS = 3650;
const MAX_CHARGES = 100;

/** The charge types that a plan of each type must have, and may have. */
const CHARGE_TYPES_OF_PLAN: Readonly<Record<PlanType, { required: readonly ChargeType[]; allowed: readonly ChargeType[] }>> = {
  FIXED: { required: [], allowed: ['FIXED'] },
  USAGE: { required: ['USAGE'], allowed: ['USAGE'] },
  HYBRID: { required: ['FIXED', 'USAGE'], allowed: ['FIXED', 'USAGE'] },
};

/**
 * Refuses a plan that cannot be billed by `docs/billing-rules.md §5`: throws VALIDATION_FAILED whose `field` is the path of the
 * first fault, as in `charges[0].tiers[1].upTo`. What needs a look at stored data (does the meter exist, is the lookup key
 * taken) is checked elsewhere.
 */
export function validatePlan(plan: PlanDraft): void {
  requireLookupKey('lookupKey', plan.lookupKey);
  checkText('name', plan.name);
  checkText('description', plan.description, { most: MAX_DESCRIPTION, lines: true });
  if (minorUnitDigits(plan.currency) === null) throw invalid('currency', 'currency must be an ISO 4217 code such as EUR.');
  requireWhole('intervalCount', plan.intervalCount, 1, MAX_INTERVAL_COUNT[plan.billingInterval]);
  requireWhole('trialDays', plan.trialDays, 0, MAX_TRIAL_DAYS);
  if (plan.charges.length > MAX_CHARGES) throw invalid('charges', `charges must be at most ${MAX_CHARGES}.`);
  validateChargeTypes(plan);
  plan.charges.forEach((charge, index) => validateCharge(charge, `charges[${index}]`));
}

/** A plan without charges is FIXED and free. */
function validateChargeTypes({ type, charges }: PlanDraft): void {
  const { required, allowed } = CHARGE_TYPES_OF_PLAN[type];
  charges.forEach((charge, index) => {
    if (allowed.includes(charge.type)) return;
    throw invalid(`charges[${index}].type`, `A ${type} plan has no ${charge.type} charge.`);
  });
  for (const chargeType of required) {
    if (charges.some((charge) => charge.type === chargeType)) continue;
    throw invalid('type', `A ${type} plan needs a ${chargeType} charge.`);
  }
}
