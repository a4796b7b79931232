import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, ONE, ZERO } from '../../../shared/decimal.js';
import { diffLines, prepaidOf, type IssuedLine } from './diff-lines.js';
import { lineKey, type BillableCharge, type ExpectedLine } from './expected-lines.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const JANUARY = { start: day('01-01'), end: day('02-01') };

const SEAT: BillableCharge = {
  id: 'seat',
  displayName: 'Seat',
  type: 'FIXED',
  billingTiming: 'IN_ADVANCE',
  meterId: null,
  price: {
    model: 'FLAT',
    amount: decimal('31'),
    unitAmount: null,
    packageSize: null,
    packageAmount: null,
    rate: null,
    fixedAmountPerEvent: null,
    tiers: null,
    includedUnits: ZERO,
    minimumAmount: null,
    maximumAmount: null,
    quantityRounding: 'NONE',
    quantityPrecision: 0,
  },
};
const BASE: BillableCharge = { ...SEAT, id: 'base', billingTiming: 'IN_ARREARS' };
const CALLS: BillableCharge = { ...SEAT, id: 'calls', type: 'USAGE', billingTiming: 'IN_ARREARS', meterId: 'requests' };
const CHARGES = new Map([SEAT, BASE, CALLS].map((charge) => [charge.id, charge]));

const expected = (charge: BillableCharge, amount: string, end = '02-01'): ExpectedLine => ({
  key: lineKey(charge.id, JANUARY.start),
  charge,
  span: { start: JANUARY.start, end: day(end) },
  quantity: ONE,
  unitAmount: null,
  amount: decimal(amount),
  explanation: { kind: charge.type, exactAmount: amount },
  eventsHash: null,
});
const issued = (charge: BillableCharge, amount: string, more: Partial<IssuedLine> = {}): IssuedLine => ({
  key: lineKey(charge.id, JANUARY.start),
  kind: 'CHARGE',
  chargeId: charge.id,
  span: JANUARY,
  quantity: ONE,
  amount: decimal(amount),
  billedBefore: ZERO,
  invoice: 'FINAL',
  ...more,
});
const EDITED = { edited: true };
const creditNote = (amount: string) => ({ credited: decimal(amount) });

describe('what is billed after a person has had a hand in it', () => {
  it.each<[string, ExpectedLine[], IssuedLine | IssuedLine[], string[]]>([
    ['nothing: a line in advance that was made cheaper', [expected(SEAT, '31')], issued(SEAT, '20', EDITED), []],
    // 21 of 31 days of the 20 are not used: 20 − 13.55.
    [
      'the credit of what is not used of such a line',
      [expected(SEAT, '6.45', '01-11')],
      issued(SEAT, '20', EDITED),
      ['CREDIT -13.55'],
    ],
    ['nothing: a line in arrears that was made dearer', [expected(BASE, '31')], issued(BASE, '40', EDITED), []],
    ['nothing: usage that was edited, and more arrived', [expected(CALLS, '6')], issued(CALLS, '5', EDITED), []],
    ['nothing: usage that was edited, and some was taken back', [expected(CALLS, '4')], issued(CALLS, '5', EDITED), []],
    // 6 − 5: what the note took off stays off.
    ['late usage after a credit note', [expected(CALLS, '6')], issued(CALLS, '5', creditNote('2')), ['CORRECTION 1']],
    ['nothing: less usage after a credit note', [expected(CALLS, '4')], issued(CALLS, '5', creditNote('2')), []],
    ['nothing: the price after a credit note', [expected(SEAT, '31')], issued(SEAT, '31', creditNote('10')), []],
    // 21 were left of the line; 21 of 31 days of them are not used: 14.23.
    [
      'the unused part of what a credit note left',
      [expected(SEAT, '6.77', '01-11')],
      issued(SEAT, '31', creditNote('10')),
      ['CREDIT -14.23'],
    ],
    [
      'nothing: usage of which the first line was edited',
      [expected(CALLS, '7')],
      [issued(CALLS, '5', EDITED), issued(CALLS, '1', { kind: 'CORRECTION' })],
      [],
    ],
    [
      'nothing: less usage, of which one line has a credit note',
      [expected(CALLS, '4')],
      [issued(CALLS, '5', creditNote('2')), issued(CALLS, '1', { kind: 'CORRECTION' })],
      [],
    ],
    [
      'the rest of a line of which nothing was credited',
      [expected(SEAT, '31')],
      issued(SEAT, '20', creditNote('0')),
      ['CORRECTION 11'],
    ],
    ['the rest of a line that was not edited', [expected(SEAT, '31')], issued(SEAT, '20', { edited: false }), ['CORRECTION 11']],
    [
      'the credit of what a note left of a line that is no longer there',
      [],
      issued(SEAT, '31', creditNote('10')),
      ['CREDIT -21'],
    ],
    ['nothing of a line that is no longer there, and was credited', [], issued(SEAT, '31', creditNote('31')), []],
  ])('%s', (_, lines, before, toBill) => {
    const billed = diffLines({ lines, atRest: new Set() }, [before].flat(), CHARGES, { lateUsageFrom: day('01-01') });
    expect(billed.map(({ kind, amount }) => `${kind} ${decimalText(amount)}`)).toEqual(toBill);
  });
});

describe('what was billed in advance, after a person has had a hand in it', () => {
  it.each<[string, IssuedLine[], [amount: string, byHand: boolean] | null]>([
    ['as computed', [issued(SEAT, '31')], ['31', false]],
    ['as edited', [issued(SEAT, '20', EDITED)], ['20', true]],
    ['less a credit note', [issued(SEAT, '31', creditNote('10'))], ['21', true]],
    [
      'nothing, once note and credit have taken it all',
      [issued(SEAT, '31', creditNote('10')), issued(SEAT, '-21', { kind: 'CREDIT' })],
      null,
    ],
  ])('is what was billed %s', (_, lines, expectedPrepaid) => {
    const known = prepaidOf(lines).get(lineKey('seat', JANUARY.start));
    expect(known ? [decimalText(known.amount), known.byHand] : null).toEqual(expectedPrepaid);
  });
});
