import { decimal, ZERO, type Decimal } from '../../../shared/decimal.js';
import { roundToMinorUnit } from '../../../shared/money.js';
import type { Reading } from '../../metering/domain/index.js';
import type { Explanation } from './explanation.js';
import { handWrittenAmount } from './hand-written-line.js';
import { rateLine, type BillableCharge } from './expected-lines.js';
import { share } from './fixed-amounts.js';

/**
 * The amount of a line computed once more: from its charge's price, the fractions its explanation names, and (usage) a fresh
 * reading of the raw events. Null: nothing but the other lines of the invoice says what it should be.
 */
export function recomputedAmount(
  explanation: Explanation,
  charge: BillableCharge | null,
  reading: Reading | null,
  currency: string,
): Decimal | null {
  if (explanation.kind === 'EDITED' || explanation.kind === 'ONE_OFF')
    return handWrittenAmount(decimal(explanation.quantity ?? '0'), decimal(explanation.unitAmount ?? '0'), currency);
  const billedBefore = decimal(explanation.billedBefore ?? '0');
  const full = fullAmount(explanation, charge, reading, currency);
  return full === null ? null : full.minus(billedBefore);
}

/** What all lines about the same charge and span together come to. */
function fullAmount(
  { kind, fixedAmount, proration, prepaidAmount, partsBefore }: Explanation,
  charge: BillableCharge | null,
  reading: Reading | null,
  currency: string,
): Decimal | null {
  if (!charge) return null;
  if (reading) return rateLine(charge, reading, proration ?? null, currency).amount;
  if (prepaidAmount !== undefined && proration) {
    const prepaid = decimal(prepaidAmount);
    return prepaid.minus(roundToMinorUnit(share(prepaid, proration), currency));
  }
  if (kind === 'CREDIT' && fixedAmount === undefined) return ZERO;
  const { amount } = charge.price;
  if (amount === null) return null;
  if (partsBefore !== undefined) return roundToMinorUnit(amount, currency).minus(partsBefore);
  return roundToMinorUnit(proration ? share(amount, proration) : amount, currency);
}
