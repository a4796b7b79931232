import { describe, expect, it } from '@jest/globals';
import { decimal, decimalText, sum } from '../../../shared/decimal.js';
import { netAmount, grossAmount, taxationOf, totalsOf, UNTAXED, type DatedTaxRate, type Taxation } from './tax.js';

const rate = (percentage: string, more: Partial<DatedTaxRate> = {}): DatedTaxRate => ({
  id: percentage,
  name: 'VAT',
  country: 'DE',
  region: null,
  percentage,
  inclusive: false,
  validFrom: new Date('2020-01-01T00:00:00Z'),
  validTo: null,
  ...more,
});
const at = new Date('2026-06-01T00:00:00Z');
const german = { country: 'DE', region: null, taxExempt: false, reverseCharge: false };

describe('how a customer is taxed', () => {
  const chosen = (party: object, ...rates: DatedTaxRate[]): string => {
    const { treatment, rate: applied } = taxationOf({ ...german, ...party }, rates, at);
    return applied ? `${treatment} ${applied.percentage}` : treatment;
  };

  it('by the rate of their country', () => {
    expect(chosen({}, rate('20', { country: 'AT' }), rate('19'))).toBe('RATE 19');
    expect(chosen({ country: 'CH' }, rate('19'))).toBe('NONE');
    expect(chosen({ country: null }, rate('19'))).toBe('NONE');
  });

  it('by that of their region first, in whatever letters', () => {
    const rates = [rate('5', { country: 'CA' }), rate('15', { country: 'CA', region: 'NS' })];
    expect(chosen({ country: 'CA', region: ' ns' }, ...rates)).toBe('RATE 15');
    expect(chosen({ country: 'CA', region: 'AB' }, ...rates)).toBe('RATE 5');
    expect(chosen({ country: 'CA' }, ...rates)).toBe('RATE 5');
    expect(chosen({ country: 'CA', region: 'AB' }, rates[1])).toBe('NONE');
  });

  it('by what is in force: from validFrom, until before validTo', () => {
    const change = new Date('2026-06-01T00:00:00Z');
    const before = rate('19', { validTo: change });
    const after = rate('21', { validFrom: change });
    expect(chosen({}, before, after)).toBe('RATE 21');
    expect(taxationOf(german, [before, after], new Date('2026-05-31T23:59:59.999Z')).rate?.percentage).toBe('19');
    expect(chosen({}, before)).toBe('NONE');
    expect(chosen({}, rate('21', { validFrom: new Date('2026-06-01T00:00:00.001Z') }))).toBe('NONE');
  });

  it('not at all when exempt or charged in reverse', () => {
    expect(chosen({ taxExempt: true, reverseCharge: true }, rate('19'))).toBe('EXEMPT');
    expect(chosen({ reverseCharge: true }, rate('19'))).toBe('REVERSE_CHARGE');
  });
});

describe('what lines come to', () => {
  const taxed = (percentage: string, inclusive = false): Taxation => ({
    treatment: 'RATE',
    rate: rate(percentage, { inclusive }),
  });
  const totals = (amounts: string[], taxation: Taxation, currency = 'EUR') => {
    const { taxes, ...rest } = totalsOf(
      amounts.map((amount) => decimal(amount)),
      taxation,
      currency,
    );
    const { subtotal, tax, total, credit } = rest;
    return [taxes.map(decimalText).join(' '), ...[subtotal, tax, total, credit].map(decimalText)];
  };

  it.each([
    // No rate: as they are.
    ['untaxed', ['10', '2.5'], UNTAXED, ['0 0', '12.5', '0', '12.5', '0']],
    // 100 × 19 %; 100 + 19.
    ['a round one', ['100'], taxed('19'), ['19', '100', '19', '119', '0']],
    // 3 × 0.33 × 19 % = 0.0627 each, 0.1881 in all: 0.19. 6 cents each leave 1 of equal remainders, for the first.
    ['rounded once, not line by line', ['0.33', '0.33', '0.33'], taxed('19'), ['0.07 0.06 0.06', '0.99', '0.19', '1.18', '0']],
    // 10.05 × 7 % = 0.7035, 20 × 7 % = 1.4, 0.07 × 7 % = 0.0049: 2.1084, so 2.11. Rounded down 0.70 + 1.40 + 0.00; the largest
    // remainder is that of 0.0049.
    ['the largest remainder', ['10.05', '20', '0.07'], taxed('7'), ['0.7 1.4 0.01', '30.12', '2.11', '32.23', '0']],
    // 119 × 19/119 = 19: the total stays, the subtotal is without.
    ['inclusive', ['119'], taxed('19', true), ['19', '100', '19', '119', '0']],
    // 10 × 20/120 = 1.6667 each, 3.3333 in all: 3.33. 1.66 each leaves 1 cent.
    ['inclusive, spread', ['10', '10'], taxed('20', true), ['1.67 1.66', '16.67', '3.33', '20', '0']],
    // 8.875 % of 80: 7.1. Of 0.4: 0.0355. 7.1355 in all: 7.14.
    ['a percentage of four decimals', ['80', '0.4'], taxed('8.875'), ['7.1 0.04', '80.4', '7.14', '87.54', '0']],
    // Without decimals: 1001 × 10 % = 100.1 and 5 × 10 % = 0.5: 100.6, so 101.
    ['yen', ['1001', '5'], taxed('10'), ['100 1', '1006', '101', '1107', '0']],
    // −21 × 19 % = −3.99, 42 × 19 % = 7.98.
    ['a credit among lines', ['-21', '42'], taxed('19'), ['-3.99 7.98', '21', '3.99', '24.99', '0']],
    // −14.95 × 19 % = −2.8405: −2.84. −17.79 in all is kept; with it the subtotal is 2.84, and the total 0.
    ['a credit in all, with its tax', ['-14.95'], taxed('19'), ['-2.84', '2.84', '-2.84', '0', '17.79']],
    // −119 contains −19.
    ['an inclusive credit in all', ['-119'], taxed('19', true), ['-19', '19', '-19', '0', '119']],
    // The mirror image of 0.07, 0.06 and 0.06; −0.99 − 0.19 = −1.18 is kept.
    ['rounded once, credits', ['-0.33', '-0.33', '-0.33'], taxed('19'), ['-0.07 -0.06 -0.06', '0.19', '-0.19', '0', '1.18']],
    // 0.05 × 10 % = 0.005: half away from zero, 0.01, whichever way it goes.
    ['half a cent', ['0.05'], taxed('10'), ['0.01', '0.05', '0.01', '0.06', '0']],
    ['half a cent less', ['-0.05'], taxed('10'), ['-0.01', '0.01', '-0.01', '0', '0.06']],
    // 100 × 19 % = 19; −99.9 × 19 % = −18.981: 0.019 in all, 0.02. 19 and −18.99 leave 1 cent for the second, nearer to −18.98.
    ['lines that nearly cancel out', ['100', '-99.9'], taxed('19'), ['19 -18.98', '0.1', '0.02', '0.12', '0']],
    ['a rate of nothing', ['10'], taxed('0'), ['0', '10', '0', '10', '0']],
    ['no lines', [], taxed('19'), ['', '0', '0', '0', '0']],
  ])('%s', (_, amounts, taxation, expected) => {
    expect(totals(amounts, taxation, _ === 'yen' ? 'JPY' : 'EUR')).toEqual(expected);
  });

  it('lines add up to the subtotal without their tax, and to the total with it', () => {
    for (const inclusive of [false, true]) {
      const amounts = ['10.05', '-3.33', '0.07', '99.99'];
      const { taxes, subtotal, total } = totalsOf(
        amounts.map((amount) => decimal(amount)),
        taxed('19', inclusive),
        'EUR',
      );
      const lines = amounts.map((amount, index) => ({ amount, tax: decimalText(taxes[index]), taxInclusive: inclusive }));
      expect(decimalText(sum(lines.map(netAmount)))).toBe(decimalText(subtotal));
      expect(decimalText(sum(lines.map(grossAmount)))).toBe(decimalText(total));
    }
  });
});
