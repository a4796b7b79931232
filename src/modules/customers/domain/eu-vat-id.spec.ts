import { describe, expect, it } from '@jest/globals';
import { isEuCountry, isEuVatId } from './eu-vat-id.js';

describe('VAT ids of the EU', () => {
  // Forms as the European Commission lists them in the questions and answers to VIES.
  it.each([
    'ATU12345678',
    'BE0123456789',
    'DE123456789',
    'DE 123 456 789',
    'EL123456789',
    'ESA1234567B',
    'ESX1234567X',
    'FRXX123456789',
    'IE1234567WA',
    'NL123456789B01',
    'nl123456789b01',
    'SE123456789012',
    'XI123456789',
  ])('%s has the form', (text) => expect(isEuVatId(text)).toBe(true));

  it.each([
    '',
    'DE',
    'DE12345678',
    'DE1234567890',
    'GR123456789',
    'GB123456789',
    '123456789',
    'ATX12345678',
    'FRIO123456789',
    'ÄÖ1',
  ])('%s has not', (text) => expect(isEuVatId(text)).toBe(false));

  // Every form of every member: the characters after the prefix, and nothing before or behind them.
  it.each([
    ['AT', ['U12345678']],
    ['BE', ['0123456789', '1123456789']],
    ['BG', ['123456789', '1234567890']],
    ['CY', ['12345678X']],
    ['CZ', ['12345678', '123456789', '1234567890']],
    ['DE', ['123456789']],
    ['DK', ['12345678']],
    ['EE', ['123456789']],
    ['EL', ['123456789']],
    ['ES', ['X1234567X', 'X12345678', '12345678X']],
    ['FI', ['12345678']],
    ['FR', ['12345678901', 'X1123456789', '1X123456789', 'XX123456789']],
    ['HR', ['12345678901']],
    ['HU', ['12345678']],
    ['IE', ['1234567W', '1234567WI', '1X23456W', '1+23456W', '1*23456W']],
    ['IT', ['12345678901']],
    ['LT', ['123456789', '123456789012']],
    ['LU', ['12345678']],
    ['LV', ['12345678901']],
    ['MT', ['12345678']],
    ['NL', ['123456789B01', 'X+*456789B01']],
    ['PL', ['1234567890']],
    ['PT', ['123456789']],
    ['RO', ['12', '1234567890']],
    ['SE', ['123456789012']],
    ['SI', ['12345678']],
    ['SK', ['1234567890']],
    ['XI', ['123456789', '123456789012', 'GD123', 'HA123']],
  ])('of %s', (prefix, forms) => {
    const ids = (before: string, behind: string): string[] => forms.map((form) => `${prefix}${before}${form}${behind}`);
    expect(ids('', '').filter((id) => !isEuVatId(id))).toEqual([]);
    expect([...ids('_', ''), ...ids('', '_')].filter(isEuVatId)).toEqual([]);
  });

  it('are those of members, by their ISO code', () => {
    expect(['DE', 'GR', 'HR'].map(isEuCountry)).toEqual([true, true, true]);
    expect(['EL', 'XI', 'GB', 'CH', 'US', '', 'toString'].map(isEuCountry)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
