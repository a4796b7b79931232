import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, sum } from '../../../shared/decimal.js';
import type { DomainError } from '../../../shared/errors.js';
import {
  creditLines,
  creditNoteNumber,
  refundable,
  settleCredit,
  type CreditableLine,
  type InvoiceMoney,
} from './credit-note.js';

const line = (id: string, amount: string, tax = '0', creditedAmount = '0', creditedTax = '0'): CreditableLine => ({
  id,
  amount: decimal(amount),
  tax: decimal(tax),
  creditedAmount: decimal(creditedAmount),
  creditedTax: decimal(creditedTax),
});

describe('the lines of a credit note', () => {
  const text = (lines: ReturnType<typeof creditLines>): string[] =>
    lines.map(({ id, amount, tax }) => `${id} ${decimalText(amount)} ${decimalText(tax)}`);

  it('are, for a whole invoice, what is left of each', () => {
    const lines = [
      line('a', '100', '19'),
      line('b', '50', '9.5', '20', '3.8'),
      line('c', '-10', '-1.9'),
      line('d', '5', '1', '5', '1'),
    ];
    expect(text(creditLines(lines, null, 'EUR'))).toEqual(['a 100 19', 'b 30 5.7', 'c -10 -1.9']);
  });

  it('share the tax in parts that make up the whole, however many there are', () => {
    // 0.19 on 1.00, credited a tenth at a time: 0.019, 0.038, … rounded: 2, 4, 6, 8, 10 (0.095 up), 11, 13, 15, 17, 19 cents.
    let creditedAmount = decimal('0');
    const taxes = [];
    for (let count = 0; count < 10; count += 1) {
      const creditedTax = sum(taxes);
      const present = { ...line('a', '1', '0.19'), creditedAmount, creditedTax };
      const [{ tax }] = creditLines([present], [{ invoiceLineId: 'a', parsed: decimal('0.1') }], 'EUR');
      taxes.push(tax);
      creditedAmount = creditedAmount.plus('0.1');
    }
    expect(taxes.map(decimalText)).toEqual(['0.02', '0.02', '0.02', '0.02', '0.02', '0.01', '0.02', '0.02', '0.02', '0.02']);
  });

  it('are whole minor units of the currency', () => {
    expect(() => creditLines([line('a', '100')], [{ invoiceLineId: 'a', parsed: decimal('0.5') }], 'JPY')).toThrow(
      'more decimals',
    );
  });
});

describe('a request for a credit note', () => {
  const LINES = [line('a', '100'), line('b', '50', '0', '20'), line('c', '-10')];
  const faultOf = (...requests: [invoiceLineId: string, amount: string | null][]): string | null => {
    const parsed = requests.map(([invoiceLineId, amount]) => ({
      invoiceLineId,
      parsed: amount === null ? null : decimal(amount),
    }));
    try {
      creditLines(LINES, parsed, 'EUR');
      return null;
    } catch (error) {
      const { code, field } = error as DomainError;
      return `${code} ${field}`;
    }
  };

  it.each<[string, [string, string | null][], string | null]>([
    ['all that is left', [['b', '30']], null],
    [
      'more than is left',
      [
        ['a', '1'],
        ['b', '30.01'],
      ],
      'VALIDATION_FAILED lines[1].amount',
    ],
    ['nothing', [['a', '0']], 'VALIDATION_FAILED lines[0].amount'],
    ['less than nothing', [['a', '-1']], 'VALIDATION_FAILED lines[0].amount'],
    ['a part of a credit', [['c', '1']], 'VALIDATION_FAILED lines[0].amount'],
    ['all of a credit', [['c', null]], 'VALIDATION_FAILED lines[0].amount'],
    [
      'a line twice',
      [
        ['a', '1'],
        ['b', '1'],
        ['a', '2'],
      ],
      'VALIDATION_FAILED lines[2].invoiceLineId',
    ],
    [
      'another invoice’s line',
      [
        ['a', '1'],
        ['x', '1'],
      ],
      'NOT_FOUND lines[1].invoiceLineId',
    ],
  ])('for %s', (_, requests, fault) => expect(faultOf(...requests)).toBe(fault));

  it('for a line is of that line: all that is left of it, where no amount is given', () => {
    const [credited] = creditLines(LINES, [{ invoiceLineId: 'b', parsed: null }], 'EUR');
    expect([credited.id, decimalText(credited.amount)]).toEqual(['b', '30']);
  });

  it('for a whole invoice takes tax that is left of a line, too', () => {
    expect(creditLines([line('a', '5', '1', '5', '0.99')], null, 'EUR').map(({ tax }) => decimalText(tax))).toEqual(['0.01']);
  });
});

describe('the number of a credit note', () => {
  it.each([
    [2026, 1, 'CN-2026-0001'],
    [2027, 10000, 'CN-2027-10000'],
  ])('of %s, the %s.', (year, sequence, number) => expect(creditNoteNumber(year, sequence)).toBe(number));
});

describe('where a credit goes', () => {
  const money = (more: Partial<Record<keyof InvoiceMoney, string>>): InvoiceMoney => {
    const all = { due: '0', paid: '0', creditsApplied: '0', movedToBalance: '0', refunded: '0', refundedByNotes: '0', ...more };
    return Object.fromEntries(Object.entries(all).map(([name, amount]) => [name, decimal(amount)])) as unknown as InvoiceMoney;
  };
  const settled = (total: string, more: Partial<Record<keyof InvoiceMoney, string>>, destination: 'BALANCE' | 'REFUND') => {
    const { applied, toBalance, refunded, newlyRefunded } = settleCredit(decimal(total), money(more), destination);
    return [applied, toBalance, refunded, newlyRefunded].map(decimalText).join(' ');
  };

  it.each<[string, string, Partial<Record<keyof InvoiceMoney, string>>, 'BALANCE' | 'REFUND', string]>([
    ['off what is due', '30', { due: '100' }, 'BALANCE', '30 0 0 0'],
    ['the rest to the balance', '70', { due: '40', paid: '60' }, 'BALANCE', '40 30 0 0'],
    ['the rest back', '70', { due: '40', paid: '60' }, 'REFUND', '40 0 30 30'],
    // 10 of the 30 were paid back before, and no note accounts for them yet.
    ['the rest back, in part already', '30', { paid: '30', refunded: '10' }, 'REFUND', '0 0 30 20'],
    ['the rest back, after another note did', '20', { paid: '50', refunded: '30', refundedByNotes: '30' }, 'REFUND', '0 0 20 20'],
    ['credit that was used up, to the balance', '50', { paid: '20', creditsApplied: '30' }, 'BALANCE', '0 50 0 0'],
  ])('%s', (_, total, more, destination, expected) => expect(settled(total, more, destination)).toBe(expected));

  it('is never more than there is', () => {
    const ofDestination = expect.objectContaining({ code: 'CONFLICT', field: 'destination' });
    expect(() => settled('31', { paid: '50', refunded: '20' }, 'BALANCE')).toThrow('paid back already');
    expect(() => settled('31', { paid: '50', refunded: '20' }, 'BALANCE')).toThrow(ofDestination);
    expect(() => settled('21', { paid: '20', creditsApplied: '30' }, 'REFUND')).toThrow('Only 20');
    expect(() => settled('21', { paid: '20', creditsApplied: '30' }, 'REFUND')).toThrow(ofDestination);
    expect(decimalText(refundable(money({ paid: '50', movedToBalance: '40' })))).toBe('10');
    expect(decimalText(refundable(money({ paid: '20', creditsApplied: '30', movedToBalance: '30', refunded: '5' })))).toBe('15');
  });
});
