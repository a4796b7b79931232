import { type Decimal, ZERO } from '../../../shared/decimal.js';
import { invalid } from '../../../shared/errors.js';
import { checkText } from '../../../shared/text.js';
import type { BillingTiming, ChargeType, Price, PriceTier, PricingModel } from './charge.js';
import { requireWhole } from '../../../shared/whole.js';
import { requireNotNegative, requirePositive } from './validate-fields.js';

/** A charge as asked for, its decimals parsed. */
export interface ChargeDraft extends Price {
  displayName: string;
  type: ChargeType;
  meterId: string | null;
  billingTiming: BillingTiming;
}

const MAX_TIERS = 100;
const MAX_QUANTITY_PRECISION = 12;

const MODEL_FIELDS = ['amount', 'unitAmount', 'packageSize', 'packageAmount', 'rate', 'fixedAmountPerEvent', 'tiers'] as const;
type ModelField = (typeof MODEL_FIELDS)[number];

const FIELDS_OF_MODEL: Readonly<Record<PricingModel, Partial<Record<ModelField, 'required' | 'optional'>>>> = {
  FLAT: { amount: 'required' },
  PER_UNIT: { unitAmount: 'required' },
  PACKAGE: { packageSize: 'required', packageAmount: 'required' },
  GRADUATED: { tiers: 'required' },
  VOLUME: { tiers: 'required' },
  PERCENTAGE: { rate: 'required', fixedAmountPerEvent: 'optional' },
};

/**
 * Refuses a charge that cannot be billed by `docs/billing-rules.md §5` with VALIDATION_FAILED. `path` leads to the charge, as in
 * `charges[0]`; the error's `field` continues it, as in `charges[0].tiers[1].upTo`.
 *
 * A PERCENTAGE rate has no upper bound: above 1 it is cost plus a margin (1.2 bills costs with 20 % on top).
 */
export function validateCharge(charge: ChargeDraft, path: string): void {
  checkText(`${path}.displayName`, charge.displayName);
  requireWhole(`${path}.quantityPrecision`, charge.quantityPrecision, -MAX_QUANTITY_PRECISION, MAX_QUANTITY_PRECISION);
  if (charge.type === 'FIXED') validateFixedCharge(charge, path);
  else validateUsageCharge(charge, path);
  validateModelFields(charge, path);
  validatePrices(charge, path);
  if (charge.tiers) validateTiers(charge.tiers, `${path}.tiers`);
}

function validateFixedCharge(charge: ChargeDraft, path: string): void {
  const refuse = (field: string, message: string): never => {
    throw invalid(`${path}.${field}`, `${path}: a FIXED charge ${message}.`);
  };
  if (charge.model !== 'FLAT') refuse('model', 'must have the model FLAT');
  if (charge.meterId !== null) refuse('meterId', 'has no meter');
  if (!charge.includedUnits.isZero()) refuse('includedUnits', 'has no included units');
  if (charge.minimumAmount) refuse('minimumAmount', 'has no minimum');
  if (charge.maximumAmount) refuse('maximumAmount', 'has no maximum');
  if (charge.quantityRounding !== 'NONE') refuse('quantityRounding', 'has no quantity to round');
}

function validateUsageCharge(charge: ChargeDraft, path: string): void {
  if (charge.model === 'FLAT') throw invalid(`${path}.model`, `${path}: FLAT is the model of FIXED charges only.`);
  if (!charge.meterId) throw invalid(`${path}.meterId`, `${path}: a USAGE charge needs a meter.`);
  if (charge.billingTiming === 'IN_ADVANCE') {
    throw invalid(`${path}.billingTiming`, `${path}: usage is always billed in arrears.`);
  }
}

function validateModelFields(charge: ChargeDraft, path: string): void {
  const fields = FIELDS_OF_MODEL[charge.model];
  for (const field of MODEL_FIELDS) {
    const isGiven = charge[field] !== null;
    if (!isGiven && fields[field] === 'required') {
      throw invalid(`${path}.${field}`, `${path}: the model ${charge.model} needs ${field}.`);
    }
    if (isGiven && fields[field] === undefined) {
      throw invalid(`${path}.${field}`, `${path}: the model ${charge.model} has no ${field}.`);
    }
  }
}

function validatePrices(charge: ChargeDraft, path: string): void {
  const prices = ['amount', 'unitAmount', 'packageAmount', 'rate', 'fixedAmountPerEvent'] as const;
  const limits = ['includedUnits', 'minimumAmount', 'maximumAmount'] as const;
  for (const field of [...prices, ...limits]) requireNotNegative(`${path}.${field}`, charge[field]);
  if (charge.packageSize) requirePositive(`${path}.packageSize`, charge.packageSize);
  if (charge.minimumAmount && charge.maximumAmount?.lt(charge.minimumAmount)) {
    throw invalid(`${path}.minimumAmount`, `${path}.minimumAmount must not exceed maximumAmount.`);
  }
}

function validateTiers(tiers: PriceTier[], path: string): void {
  if (tiers.length === 0) throw invalid(path, `${path} must have at least one tier.`);
  if (tiers.length > MAX_TIERS) throw invalid(path, `${path} must have at most ${MAX_TIERS} tiers.`);
  let below: Decimal = ZERO;
  tiers.forEach((tier, index) => {
    const field = `${path}[${index}]`;
    requireNotNegative(`${field}.unitAmount`, tier.unitAmount);
    requireNotNegative(`${field}.flatAmount`, tier.flatAmount);
    const isLast = index === tiers.length - 1;
    if (tier.upTo === null) {
      if (!isLast) throw invalid(`${field}.upTo`, `${field}.upTo is missing: only the last tier is open.`);
      return;
    }
    if (isLast) throw invalid(`${field}.upTo`, `${field}.upTo must be left out: the last tier is open.`);
    requirePositive(`${field}.upTo`, tier.upTo);
    if (tier.upTo.lte(below)) throw invalid(`${field}.upTo`, `${field}.upTo must be greater than the tier below's.`);
    below = tier.upTo;
  });
}
