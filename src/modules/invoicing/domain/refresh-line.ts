import { decimal, decimalText, type Decimal } from '../../../shared/decimal.js';
import type { Fraction } from '../../../shared/proration.js';
import type { Reading } from '../../metering/domain/index.js';
import type { Explanation } from './explanation.js';
import { rateLine, type BillableCharge } from './expected-lines.js';

/** A line on a draft, as far as finalization looks at it. */
export interface DraftLine {
  id: string;
  kind: string;
  position: number;
  chargeId: string | null;
  quantity: string;
  amount: string;
  tax: string;
  taxRate: string | null;
  taxInclusive: boolean;
  edited: boolean;
  periodStart: Date | null;
  periodEnd: Date | null;
  keyStart: Date | null;
  eventsHash: string | null;
  proration: Fraction | null;
  /** What was read when it was drafted. */
  readValue: string | null;
  eventCount: number | null;
}

/** What a line becomes when its usage is read again. */
export interface RefreshedLine {
  quantity: string;
  amount: string;
  explanation: Explanation;
  eventsHash: string | null;
}

/** What other invoices billed for the same thing. */
export interface BilledElsewhere {
  amount: Decimal;
  quantity: Decimal;
}

/**
 * A line of a draft by a fresh reading: a charge's is replaced by the new rating, a correction by what the new rating differs from
 * what others billed. Null: it rests on the same events as before, and stays as it is.
 */
export function refreshedLine(
  line: DraftLine,
  charge: BillableCharge,
  reading: Reading,
  before: BilledElsewhere | null,
  currency: string,
): RefreshedLine | null {
  if (line.kind === 'CHARGE' && isReadAsBefore(line, reading)) return null;
  const { quantity, amount, explanation, eventsHash } = rateLine(charge, reading, line.proration, currency);
  if (line.kind === 'CHARGE' || !before)
    return { quantity: decimalText(quantity), amount: decimalText(amount), explanation, eventsHash };
  return {
    quantity: decimalText(quantity.minus(before.quantity)),
    amount: decimalText(amount.minus(before.amount)),
    explanation: { ...explanation, kind: 'CORRECTION', billedBefore: decimalText(before.amount) },
    eventsHash,
  };
}

const isReadAsBefore = ({ eventsHash, readValue, eventCount }: DraftLine, reading: Reading): boolean =>
  eventsHash === reading.eventsHash &&
  eventCount === reading.eventCount &&
  readValue !== null &&
  decimal(readValue).equals(reading.value);
