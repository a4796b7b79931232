import { describe, expect, it } from '@jest/globals';
import { assertTransition } from '../../../shared/transitions.js';
import { INVOICE_TRANSITIONS, invoiceNumber, type InvoiceStatus } from './invoice-status.js';

const STATUSES: InvoiceStatus[] = ['DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE'];

/** docs/billing-rules.md §8, row by row. */
const ALLOWED = [
  'DRAFT OPEN',
  'DRAFT VOID',
  'OPEN PAID',
  'OPEN VOID',
  'OPEN UNCOLLECTIBLE',
  'UNCOLLECTIBLE PAID',
  'UNCOLLECTIBLE VOID',
];

describe('the transitions of an invoice', () => {
  const pairs = STATUSES.flatMap((from) => STATUSES.map((to): [InvoiceStatus, InvoiceStatus] => [from, to]));
  it.each(pairs)('%s to %s', (from, to) => {
    const attempt = () => assertTransition('The invoice', INVOICE_TRANSITIONS, from, to);
    if (ALLOWED.includes(`${from} ${to}`)) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_TRANSITION', details: { from, to } }));
  });
});

it('an invoice that is paid or void stays so', () => {
  expect([INVOICE_TRANSITIONS.PAID, INVOICE_TRANSITIONS.VOID]).toEqual([[], []]);
});

describe('the number of an invoice', () => {
  it.each([
    [2026, 1, 'INV-2026-0001'],
    [2026, 9999, 'INV-2026-9999'],
    [2027, 10000, 'INV-2027-10000'],
  ])('of %s, the %s.', (year, sequence, number) => expect(invoiceNumber(year, sequence)).toBe(number));
});
