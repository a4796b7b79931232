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
