import { decimal, decimalText, type Decimal } from '../../../shared/decimal.js';
import { invalid } from '../../../shared/errors.js';
import { roundToMinorUnit } from '../../../shared/money.js';
import { checkText } from '../../../shared/text.js';
import type { Explanation } from './explanation.js';

/** A line as a person writes it. With an id: what is to change of a line that is there. */
export interface HandWrittenLine {
  id?: string | null;
  description?: string | null;
  quantity?: string | null;
  unitAmount?: string | null;
}

export interface WrittenAmount {
  quantity: string;
  unitAmount: string;
  amount: string;
  explanation: Explanation;
}

/** Of a line that is there: what an edit is compared with. */
export interface EditableLine {
  quantity: string;
  unitAmount: string | null;
  amount: string;
  explanation: Explanation;
}

export const MAX_HAND_WRITTEN_LINES = 500;

export const handWrittenAmount = (quantity: Decimal, unitAmount: Decimal, currency: string): Decimal =>
  roundToMinorUnit(quantity.times(unitAmount), currency);

/** Checks the fields of `lines[index]` that are given. A line without an id needs all of them. */
export function validateLine(line: HandWrittenLine, index: number): void {
  const isNew = line.id === undefined || line.id === null;
  for (const field of ['description', 'quantity', 'unitAmount'] as const)
    if (isNew && (line[field] === undefined || line[field] === null))
      throw invalid(`lines[${index}].${field}`, `A new line needs ${field}.`);
  checkText(`lines[${index}].description`, line.description, { most: 500 });
}

/** A new line: quantity × unitAmount, rounded once. Either may be negative. */
export function writeLine(line: HandWrittenLine, currency: string): WrittenAmount {
  const { quantity, unitAmount } = { quantity: line.quantity ?? '0', unitAmount: line.unitAmount ?? '0' };
  return written('ONE_OFF', quantity, unitAmount, currency);
}

/**
 * What an edit makes of a line's amount; null: it does not touch it. Saying again what the line says already, leaves its amount as it
 * was computed, be it prorated, in tiers or bounded.
 */
export function editLine(line: EditableLine, edit: HandWrittenLine, currency: string, index: number): WrittenAmount | null {
  const quantity = edit.quantity ?? line.quantity;
  const unitAmount = edit.unitAmount ?? line.unitAmount;
  const isSame = decimal(quantity).equals(line.quantity) && plain(unitAmount) === plain(line.unitAmount);
  if (isSame) return null;
  if (unitAmount === null)
    throw invalid(`lines[${index}].unitAmount`, 'The line has no single unit amount: give unitAmount with the quantity.');
  if (line.explanation.kind === 'ONE_OFF') return written('ONE_OFF', quantity, unitAmount, currency);
  const { billedBefore, computedAmount } = line.explanation;
  const edited = written('EDITED', quantity, unitAmount, currency);
  const before = computedAmount ?? decimalText(decimal(line.amount));
  return {
    ...edited,
    explanation: { ...edited.explanation, computedAmount: before, ...(billedBefore === undefined ? {} : { billedBefore }) },
  };
}

function written(kind: 'ONE_OFF' | 'EDITED', quantity: string, unitAmount: string, currency: string): WrittenAmount {
  const exact = decimal(quantity).times(unitAmount);
  return {
    quantity,
    unitAmount,
    amount: decimalText(roundToMinorUnit(exact, currency)),
    explanation: { kind, exactAmount: decimalText(exact), quantity: plain(quantity), unitAmount: plain(unitAmount) },
  };
}

const plain = <T extends string | null>(text: T): T => (text === null ? text : (decimalText(decimal(text)) as T));
