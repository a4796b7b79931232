import { describe, expect, it } from '@jest/globals';
import { decimalText } from '../../../shared/decimal.js';
import { amountDue, type InvoiceAmounts } from './amount-due.js';

describe('what is due', () => {
  const INVOICE: InvoiceAmounts = { status: 'OPEN', total: '100', creditsApplied: '0', amountPaid: '0', amountCredited: '0' };
  it.each<[Partial<InvoiceAmounts>, string]>([
    [{}, '100'],
    [{ creditsApplied: '10', amountPaid: '20.5', amountCredited: '30' }, '39.5'],
    [{ amountPaid: '100' }, '0'],
    [{ amountPaid: '90', amountCredited: '30' }, '0'],
    [{ status: 'UNCOLLECTIBLE', amountPaid: '1' }, '99'],
    [{ status: 'VOID' }, '0'],
  ])('of 100 with %j is %s', (more, due) => expect(decimalText(amountDue({ ...INVOICE, ...more }))).toBe(due));
});
