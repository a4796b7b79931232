import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, ONE, ZERO } from '../../../shared/decimal.js';
import type { Price } from '../../catalog/domain/index.js';
import type { Segment } from '../../subscriptions/domain/index.js';
import { diffLines, prepaidOf, type IssuedLine, type LineToBill } from './diff-lines.js';
import { expectedLines, lineKey, type BillableCharge, type ExpectedLine } from './expected-lines.js';

const day = (text: string): Date => new Date(`2026-${text}T00:00:00Z`);
const dayText = (date: Date): string => date.toISOString().slice(5, 10);

const FLAT: Price = {
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
};
const BASE: BillableCharge = {
  id: 'base',
  displayName: 'Base fee',
  type: 'FIXED',
  billingTiming: 'IN_ADVANCE',
  meterId: null,
  price: FLAT,
};
const CALLS: BillableCharge = { ...BASE, id: 'calls', type: 'USAGE', billingTiming: 'IN_ARREARS', meterId: 'requests' };
const CHARGES = new Map([BASE, CALLS].map((charge) => [charge.id, charge]));

/** A line of January that should have been billed; usage has the quantity, too. */
const expected = (charge: BillableCharge, amount: string, quantity = '1', end = '02-01'): ExpectedLine => ({
  key: lineKey(charge.id, day('01-01')),
  charge,
  span: { start: day('01-01'), end: day(end) },
  quantity: decimal(quantity),
  unitAmount: decimal('31'),
  amount: decimal(amount),
  explanation: { kind: charge.type, exactAmount: amount },
  eventsHash: charge.type === 'USAGE' ? 'hash' : null,
});

/** A line of January as billed. */
const issued = (charge: BillableCharge, amount: string, more: Partial<IssuedLine> = {}): IssuedLine => ({
  key: lineKey(charge.id, day('01-01')),
  kind: 'CHARGE',
  chargeId: charge.id,
  span: { start: day('01-01'), end: day('02-01') },
  quantity: ONE,
  amount: decimal(amount),
  billedBefore: ZERO,
  invoice: 'FINAL',
  ...more,
});

const NOTHING_AT_REST = new Set<string>();
const diff = (
  lines: ExpectedLine[],
  before: IssuedLine[],
  lateUsageFrom: string | null = '01-01',
  atRest: ReadonlySet<string> = NOTHING_AT_REST,
): LineToBill[] =>
  diffLines({ lines, atRest }, before, CHARGES, { lateUsageFrom: lateUsageFrom === null ? null : day(lateUsageFrom) });

/** `CREDIT base 01-11 to 02-01: 1 for -21`: kind, charge, span, quantity, amount. */
const lineText = ({ kind, charge, span, quantity, amount }: LineToBill): string =>
  `${kind} ${charge.id} ${dayText(span.start)} to ${dayText(span.end)}: ${decimalText(quantity)} for ${decimalText(amount)}`;

describe('what is to be billed', () => {
  it.each<[string, ExpectedLine[], IssuedLine[], string[]]>([
    ['is what has not been billed', [expected(BASE, '31')], [], ['CHARGE base 01-01 to 02-01: 1 for 31']],
    ['may cost nothing', [expected(BASE, '0')], [], ['CHARGE base 01-01 to 02-01: 1 for 0']],
    ['is nothing where all has been billed', [expected(BASE, '31')], [issued(BASE, '31')], []],
    [
      'goes by charge',
      [expected(BASE, '31'), expected(CALLS, '5', '50')],
      [issued(BASE, '31')],
      ['CHARGE calls 01-01 to 02-01: 50 for 5'],
    ],
    [
      'is the credit of the part that is not used',
      [expected(BASE, '10', '1', '01-11')],
      [issued(BASE, '31')],
      ['CREDIT base 01-11 to 02-01: 1 for -21'],
    ],
    [
      'is a credit of the whole span where it did not get shorter',
      [expected(BASE, '10')],
      [issued(BASE, '31')],
      ['CREDIT base 01-01 to 02-01: 1 for -21'],
    ],
    [
      'goes by all that was billed',
      [expected(BASE, '10', '1', '01-11')],
      [issued(BASE, '31'), issued(BASE, '-11', { kind: 'CREDIT' })],
      ['CREDIT base 01-11 to 02-01: 1 for -10'],
    ],
    [
      'corrects a credit that went too far',
      [expected(BASE, '31')],
      [issued(BASE, '31'), issued(BASE, '-21', { kind: 'CREDIT' })],
      ['CORRECTION base 01-01 to 02-01: 1 for 21'],
    ],
    [
      'is the usage that arrived late',
      [expected(CALLS, '6', '60')],
      [issued(CALLS, '5', { quantity: decimal('50') })],
      ['CORRECTION calls 01-01 to 02-01: 10 for 1'],
    ],
    [
      'is the usage that was taken back',
      [expected(CALLS, '4', '40')],
      [issued(CALLS, '5', { quantity: decimal('50') })],
      ['CORRECTION calls 01-01 to 02-01: -10 for -1'],
    ],
    [
      'is late usage after late usage',
      [expected(CALLS, '8', '80')],
      [
        issued(CALLS, '5', { quantity: decimal('50') }),
        issued(CALLS, '1', { kind: 'CORRECTION', quantity: decimal('10'), billedBefore: decimal('5') }),
      ],
      ['CORRECTION calls 01-01 to 02-01: 20 for 2'],
    ],
    [
      'is not the usage of a draft, which is read again',
      [expected(CALLS, '6', '60')],
      [issued(CALLS, '5', { invoice: 'DRAFT' })],
      [],
    ],
    [
      'is not usage of which a part is a draft',
      [expected(CALLS, '8', '80')],
      [issued(CALLS, '5'), issued(CALLS, '1', { invoice: 'DRAFT' })],
      [],
    ],
    [
      'is a credit of a draft, too',
      [expected(BASE, '10', '1', '01-11')],
      [issued(BASE, '31', { invoice: 'DRAFT' })],
      ['CREDIT base 01-11 to 02-01: 1 for -21'],
    ],
    ['is nothing of what was waived', [expected(BASE, '10', '1', '01-11')], [issued(BASE, '31', { invoice: 'WAIVED' })], []],
    [
      'is nothing of what was waived in part',
      [expected(BASE, '10', '1', '01-11')],
      [issued(BASE, '31', { invoice: 'WAIVED' }), issued(BASE, '-5', { kind: 'CREDIT' })],
      [],
    ],
    ['is the credit of what is no longer there', [], [issued(BASE, '31')], ['CREDIT base 01-01 to 02-01: 1 for -31']],
    [
      'is the credit of usage that is no longer there',
      [],
      [issued(CALLS, '5', { quantity: decimal('50') }), issued(CALLS, '1', { quantity: decimal('10') })],
      ['CREDIT calls 01-01 to 02-01: -60 for -6'],
    ],
    ['is nothing of what was waived and is no longer there', [], [issued(BASE, '31', { invoice: 'WAIVED' })], []],
    [
      'is nothing of what was credited and is no longer there',
      [],
      [issued(BASE, '31'), issued(BASE, '-31', { kind: 'CREDIT' })],
      [],
    ],
    ['is nothing of a charge that is not known', [], [issued({ ...BASE, id: 'other' }, '31')], []],
  ])('%s', (_, lines, before, toBill) => {
    expect(diff(lines, before).map(lineText)).toEqual(toBill);
  });

  it('is nothing of what rests', () => {
    const other = { ...BASE, id: 'calls' };
    const before = [issued(BASE, '31'), issued(other, '5')];
    expect(diff([], before, '01-01', new Set([before[0].key])).map(lineText)).toEqual(['CREDIT calls 01-01 to 02-01: -1 for -5']);
  });

  it.each([
    ['01-31', ['CORRECTION calls 01-01 to 02-01: 10 for 1']],
    ['02-01', []],
    [null, []],
  ])('is late usage of spans that end after %s', (lateUsageFrom, toBill) => {
    const before = [issued(CALLS, '5', { quantity: decimal('50') })];
    expect(diff([expected(CALLS, '6', '60')], before, lateUsageFrom).map(lineText)).toEqual(toBill);
  });

  it('is credited however late', () => {
    expect(diff([expected(BASE, '10', '1', '01-11')], [issued(BASE, '31')], null).map(lineText)).toEqual([
      'CREDIT base 01-11 to 02-01: 1 for -21',
    ]);
  });
});

describe('a line to be billed', () => {
  it('is the expected one where nothing was billed', () => {
    const line = expected(CALLS, '5', '50');
    expect(diff([line], [])).toEqual([{ kind: 'CHARGE', keyStart: day('01-01'), ...line }]);
  });

  it('of late usage says what was billed before, and has no price of its own', () => {
    const [line] = diff([expected(CALLS, '6', '60')], [issued(CALLS, '5')]);
    expect(line).toMatchObject({
      key: 'calls 2026-01-01T00:00:00.000Z',
      keyStart: day('01-01'),
      unitAmount: null,
      explanation: { kind: 'CORRECTION', exactAmount: '6', billedBefore: '5' },
      eventsHash: 'hash',
    });
  });

  it('of a credit says what came off', () => {
    const [line] = diff([expected(BASE, '10', '1', '01-11')], [issued(BASE, '31')]);
    expect(line).toMatchObject({
      key: 'base 2026-01-01T00:00:00.000Z',
      // The key names the start of what was billed, the span the part that is not used.
      keyStart: day('01-01'),
      unitAmount: null,
      explanation: { kind: 'CREDIT', exactAmount: '-21', billedBefore: '31' },
      eventsHash: null,
    });
  });

  it('of a credit made good stays a fixed amount', () => {
    const [line] = diff([expected(BASE, '31')], [issued(BASE, '10')]);
    expect(line.explanation).toEqual({ kind: 'FIXED', exactAmount: '31', billedBefore: '10' });
  });

  it('of what is no longer there says what it was', () => {
    const [line] = diff([], [issued(CALLS, '5')]);
    expect(line).toMatchObject({
      key: 'calls 2026-01-01T00:00:00.000Z',
      charge: CALLS,
      keyStart: day('01-01'),
      unitAmount: null,
      explanation: { kind: 'CREDIT', exactAmount: '-5', billedBefore: '5' },
      eventsHash: null,
    });
  });
});

describe('what was billed in advance', () => {
  const SHORTER = { start: day('01-01'), end: day('01-11') };
  it.each<[string, IssuedLine[], string | null]>([
    ['is the first line', [issued(BASE, '31')], '31 to 02-01'],
    ['is the first line before its credit', [issued(BASE, '31'), issued(BASE, '-21', { kind: 'CREDIT' })], '31 to 02-01'],
    ['is not what was credited in full', [issued(BASE, '31'), issued(BASE, '-31', { kind: 'CREDIT' })], null],
    [
      'is what was billed anew after that',
      [issued(BASE, '31'), issued(BASE, '-31', { kind: 'CREDIT' }), issued(BASE, '10', { span: SHORTER })],
      '10 to 01-11',
    ],
    [
      'is not a correction after the first line',
      [
        issued(BASE, '31'),
        issued(BASE, '-21', { kind: 'CREDIT' }),
        issued(BASE, '5', { kind: 'CORRECTION', billedBefore: decimal('10'), span: SHORTER }),
      ],
      '31 to 02-01',
    ],
    [
      // Billed 31, credited 21, corrected by 5 to 15; of these the correction alone is left.
      'is a correction with what was billed before it, where that was taken back',
      [issued(BASE, '5', { kind: 'CORRECTION', billedBefore: decimal('10'), span: SHORTER })],
      '15 to 01-11',
    ],
    [
      // The line of 31 was taken back; what was credited of it was made good for, and credited again.
      'is not what came to nothing after it was taken back',
      [
        issued(BASE, '-21', { kind: 'CREDIT' }),
        issued(BASE, '26', { kind: 'CORRECTION', billedBefore: decimal('10') }),
        issued(BASE, '-5', { kind: 'CREDIT' }),
      ],
      null,
    ],
    ['is not a credit alone', [issued(BASE, '-21', { kind: 'CREDIT' })], null],
    ['is a line that cost nothing', [issued(BASE, '0')], '0 to 02-01'],
  ])('%s', (_, lines, prepaid) => {
    const known = prepaidOf(lines).get(issued(BASE, '1').key);
    expect(known ? `${decimalText(known.amount)} to ${dayText(known.span.end)}` : null).toBe(prepaid);
  });

  it('is kept by key', () => {
    const known = prepaidOf([issued(BASE, '31'), issued(CALLS, '5'), issued(CALLS, '-5', { kind: 'CREDIT' })]);
    expect([...known.keys()]).toEqual(['base 2026-01-01T00:00:00.000Z']);
  });
});

describe('billing again', () => {
  const START = new Date('2026-03-13T20:30:00Z');
  const CUT = new Date('2026-03-14T00:30:00Z');
  const END = new Date('2026-03-25T10:30:00Z');
  const SEAT: BillableCharge = { ...BASE, id: 'seat', price: { ...FLAT, amount: decimal('0.14') } };
  const SEGMENT: Segment = {
    kind: 'PLAN',
    start: START,
    end: null,
    planId: 'plan',
    cadence: { anchor: END, timeZone: 'UTC', interval: 'MONTH', intervalCount: 1 },
    startProration: 'DAY',
    endProration: 'DAY',
  };
  /** What is billed at an instant, after what was billed before. */
  function bill(segment: Segment, asOf: Date, before: LineToBill[]): LineToBill[] {
    const booked = before.map(({ key, kind, span, amount, explanation }) =>
      issued(SEAT, decimalText(amount), { key, kind, span, billedBefore: decimal(explanation.billedBefore ?? '0') }),
    );
    const input = { customerId: 'acme', currency: 'USD', segments: [segment], from: START, asOf };
    const chargesByPlan = new Map([['plan', [SEAT]]]);
    const expectation = expectedLines({ ...input, chargesByPlan, prepaid: prepaidOf(booked) }, new Map());
    return diffLines(expectation, booked, new Map([[SEAT.id, SEAT]]), { lateUsageFrom: null });
  }

  it('yields nothing, where rounding makes the credit of a part as large as what was billed', () => {
    // 12 of the 28 days from February 25th: 0.14 × 12/28 = 0.06.
    const first = bill(SEGMENT, START, []);
    expect(first.map(lineText)).toEqual(['CHARGE seat 03-13 to 03-25: 1 for 0.06']);
    // 11 of the 12 days billed are not used: 0.06 × 11/12 = 0.055, which is rounded to all of the 0.06.
    const cut = { ...SEGMENT, end: CUT };
    const credit = bill(cut, CUT, first);
    expect(credit.map(lineText)).toEqual(['CREDIT seat 03-14 to 03-25: 1 for -0.06']);
    // Were the day that was used priced anew, 0.14 × 1/28 = 0.005 would come to 0.01.
    expect(bill(cut, CUT, [...first, ...credit])).toEqual([]);
  });
});
