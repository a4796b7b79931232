import { decimalText, min, ZERO, type Decimal } from '../../../shared/decimal.js';
import { conflict, invalid, notFound } from '../../../shared/errors.js';
import { requireMinorUnits, roundToMinorUnit } from '../../../shared/money.js';

/** `CN-2026-0001`: gapless per organization and issue year, at least four digits. */
export const creditNoteNumber = (year: number, sequence: number): string => `CN-${year}-${String(sequence).padStart(4, '0')}`;

/** A line of an issued invoice, with what credit notes took back of it. Its amount contains the tax where the rate is inclusive. */
export interface CreditableLine {
  id: string;
  amount: Decimal;
  tax: Decimal;
  creditedAmount: Decimal;
  creditedTax: Decimal;
}

/** A line of a credit note to be. */
export interface CreditedLine {
  id: string;
  amount: Decimal;
  tax: Decimal;
}

export interface CreditRequest {
  invoiceLineId: string;
  /** Null: what is left of the line. */
  amount?: string | null;
}

const leftOf = ({ amount, creditedAmount }: CreditableLine): Decimal => amount.minus(creditedAmount);

/** The lines of a credit note (docs/billing-rules.md §8): those asked for, or (null) all that is left of each line. */
export function creditLines(
  lines: readonly CreditableLine[],
  requests: readonly (CreditRequest & { parsed: Decimal | null })[] | null,
  currency: string,
): CreditedLine[] {
  if (requests === null) {
    return lines
      .filter((line) => !leftOf(line).isZero() || !line.tax.equals(line.creditedTax))
      .map((line) => ({ id: line.id, amount: leftOf(line), tax: line.tax.minus(line.creditedTax) }));
  }
  const asked = new Set<string>();
  return requests.map(({ invoiceLineId, parsed }, index) => {
    const line = lines.find(({ id }) => id === invoiceLineId);
    if (!line) throw notFound('Invoice line', `lines[${index}].invoiceLineId`);
    if (asked.has(line.id)) throw invalid(`lines[${index}].invoiceLineId`, 'A line is credited once in a credit note.');
    asked.add(line.id);
    const amount = parsed ?? leftOf(line);
    checkAmount(`lines[${index}].amount`, line, amount, currency);
    return { id: line.id, amount, tax: taxShare(line, amount, currency) };
  });
}

function checkAmount(field: string, line: CreditableLine, amount: Decimal, currency: string): void {
  if (line.amount.isNegative()) throw invalid(field, 'The line is itself a credit.');
  if (amount.lte(ZERO) || amount.gt(leftOf(line)))
    throw invalid(field, `${field} must be greater than 0 and at most ${decimalText(leftOf(line))}, which is left of the line.`);
  requireMinorUnits(field, amount, currency);
}

/** The line's tax in proportion, counted from all that is credited of it by now: parts that make up the line make up its tax. */
function taxShare(line: CreditableLine, amount: Decimal, currency: string): Decimal {
  const credited = line.creditedAmount.plus(amount);
  return roundToMinorUnit(line.tax.times(credited).div(line.amount), currency).minus(line.creditedTax);
}

/** What an invoice holds, where a credit note is to be settled. */
export interface InvoiceMoney {
  due: Decimal;
  /** What payments put into the invoice: not what became balance. */
  paid: Decimal;
  /** What of the customer's balance was used up. */
  creditsApplied: Decimal;
  /** What credit notes moved to the balance. */
  movedToBalance: Decimal;
  /** What was paid back of its payments, and what of that credit notes account for. */
  refunded: Decimal;
  refundedByNotes: Decimal;
}

/** What of the invoice's payments can still be paid back. */
export const refundable = ({ paid, creditsApplied, movedToBalance, refunded }: InvoiceMoney): Decimal =>
  min(paid.minus(refunded), paid.plus(creditsApplied).minus(movedToBalance).minus(refunded));

export type CreditDestination = 'BALANCE' | 'REFUND';

export interface Settlement {
  applied: Decimal;
  toBalance: Decimal;
  refunded: Decimal;
  /** Of `refunded`, what had not been paid back before. */
  newlyRefunded: Decimal;
}

/** Where a credit note's total goes: it lowers what is due, and the rest becomes balance or is paid back. */
export function settleCredit(total: Decimal, money: InvoiceMoney, destination: CreditDestination): Settlement {
  const applied = min(total, money.due);
  const rest = total.minus(applied);
  if (destination === 'BALANCE') {
    const there = money.paid.plus(money.creditsApplied).minus(money.movedToBalance).minus(money.refunded);
    if (rest.gt(there)) throw conflict('Part of this was paid back already: credit it with destination REFUND.', 'destination');
    return { applied, toBalance: rest, refunded: ZERO, newlyRefunded: ZERO };
  }
  const paidBack = min(rest, money.refunded.minus(money.refundedByNotes));
  const newlyRefunded = rest.minus(paidBack);
  if (newlyRefunded.gt(refundable(money)))
    throw conflict(`Only ${decimalText(refundable(money))} can be paid back: credit the rest to the balance.`, 'destination');
  return { applied, toBalance: ZERO, refunded: rest, newlyRefunded };
}
