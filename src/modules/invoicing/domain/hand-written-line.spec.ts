import { describe, expect, it } from '@jest/globals';
import type { DomainError } from '../../../shared/errors.js';
import { editLine, validateLine, writeLine, type EditableLine, type HandWrittenLine } from './hand-written-line.js';

/** The field at fault, or null. */
function faultOf(attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    const { code, field } = error as DomainError;
    expect(code).toBe('VALIDATION_FAILED');
    return field ?? '';
  }
}

describe('a line by hand', () => {
  const LINE: HandWrittenLine = { description: 'Set-up', quantity: '1', unitAmount: '50' };
  it.each<[string, HandWrittenLine, string | null]>([
    ['with all it needs', LINE, null],
    ['without a description', { ...LINE, description: null }, 'lines[2].description'],
    ['that says nothing of a description', { ...LINE, description: undefined }, 'lines[2].description'],
    ['without a quantity', { ...LINE, quantity: null }, 'lines[2].quantity'],
    ['that says nothing of a quantity', { ...LINE, quantity: undefined }, 'lines[2].quantity'],
    ['without a price', { ...LINE, unitAmount: null }, 'lines[2].unitAmount'],
    ['without a price, its id being null', { ...LINE, id: null, unitAmount: undefined }, 'lines[2].unitAmount'],
    ['that is there, and stays as it is', { id: 'line' }, null],
    ['that is there, with an empty description', { id: 'line', description: '' }, 'lines[2].description'],
    ['with a description of 500 characters', { ...LINE, description: 'a'.repeat(500) }, null],
    ['with a description of 501 characters', { ...LINE, description: 'a'.repeat(501) }, 'lines[2].description'],
  ])('%s', (_, line, field) => expect(faultOf(() => validateLine(line, 2))).toBe(field));

  it.each([
    // 3 × 0.335 = 1.005, half away from zero.
    ['3', '0.335', 'USD', '1.01', '1.005'],
    ['-3', '0.335', 'USD', '-1.01', '-1.005'],
    ['3', '0.335', 'JPY', '1', '1.005'],
    ['3', '0.335', 'KWD', '1.005', '1.005'],
  ])('of %s × %s %s comes to %s', (quantity, unitAmount, currency, amount, exactAmount) => {
    expect(writeLine({ quantity, unitAmount }, currency)).toEqual({
      quantity,
      unitAmount,
      amount,
      explanation: { kind: 'ONE_OFF', exactAmount, quantity, unitAmount },
    });
  });

  it('of which nothing is said comes to nothing', () => {
    expect(writeLine({}, 'USD')).toMatchObject({ quantity: '0', unitAmount: '0', amount: '0' });
  });

  it('is explained by plain numbers', () => {
    const { explanation } = writeLine({ quantity: '2.50', unitAmount: '4.00' }, 'USD');
    expect(explanation).toEqual({ kind: 'ONE_OFF', exactAmount: '10', quantity: '2.5', unitAmount: '4' });
  });
});

describe('an edit of a line', () => {
  /** 17 of 31 days of 31 a month. */
  const PART: EditableLine = {
    quantity: '1',
    unitAmount: '31',
    amount: '17.00',
    explanation: { kind: 'FIXED', exactAmount: '17', fixedAmount: '31', proration: { numerator: 17, denominator: 31 } },
  };
  const TIERS: EditableLine = { ...PART, quantity: '150', unitAmount: null };

  it.each<[string, EditableLine, HandWrittenLine]>([
    ['says nothing of it', PART, {}],
    ['says what it says already', PART, { quantity: '1.0', unitAmount: '31.00' }],
    ['says the quantity of a line in tiers once more', TIERS, { quantity: '150' }],
  ])('that %s leaves its amount', (_, line, edit) => expect(editLine(line, edit, 'USD', 0)).toBeNull());

  it.each<[string, EditableLine, HandWrittenLine, string]>([
    ['the quantity', PART, { quantity: '2' }, '2 × 31 = 62 instead of 17'],
    ['the price', PART, { unitAmount: '10' }, '1 × 10 = 10 instead of 17'],
    ['both', TIERS, { quantity: '100', unitAmount: '0.5' }, '100 × 0.5 = 50 instead of 17'],
    ['the price of a line in tiers', TIERS, { unitAmount: '0.1' }, '150 × 0.1 = 15 instead of 17'],
    [
      'a line that was edited before',
      { ...PART, amount: '62', explanation: { kind: 'EDITED', exactAmount: '62', computedAmount: '17' } },
      { quantity: '3' },
      '3 × 31 = 93 instead of 17',
    ],
  ])('sets %s', (_, line, edit, expected) => {
    const edited = editLine(line, edit, 'USD', 0);
    const { kind, computedAmount } = edited?.explanation ?? {};
    expect(kind).toBe('EDITED');
    expect(`${edited?.quantity} × ${edited?.unitAmount} = ${edited?.amount} instead of ${computedAmount}`).toBe(expected);
  });

  it('keeps what was billed before, where something was', () => {
    const late: EditableLine = { ...PART, explanation: { ...PART.explanation, kind: 'CORRECTION', billedBefore: '5' } };
    expect(editLine(late, { quantity: '2' }, 'USD', 0)?.explanation).toEqual({
      kind: 'EDITED',
      exactAmount: '62',
      quantity: '2',
      unitAmount: '31',
      computedAmount: '17',
      billedBefore: '5',
    });
    expect(editLine(PART, { quantity: '2' }, 'USD', 0)?.explanation).not.toHaveProperty('billedBefore');
  });

  it('of a line written by hand writes it anew', () => {
    const line: EditableLine = { ...PART, explanation: { kind: 'ONE_OFF', exactAmount: '31' } };
    expect(editLine(line, { quantity: '2' }, 'USD', 0)?.explanation).toEqual({
      kind: 'ONE_OFF',
      exactAmount: '62',
      quantity: '2',
      unitAmount: '31',
    });
  });

  it('cannot set a quantity alone where there is no single price', () => {
    expect(faultOf(() => editLine(TIERS, { quantity: '100' }, 'USD', 3))).toBe('lines[3].unitAmount');
  });
});
