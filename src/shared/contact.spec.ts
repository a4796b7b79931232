import { describe, expect, it } from '@jest/globals';
import { isCountry } from './contact.js';

describe('the code of a country', () => {
  it.each([
    ['DE', true],
    ['XX', false],
    ['DEU', false],
    ['de', false],
    ['276', false],
    ['', false],
  ])('is %j: %s', (code, is) => expect(isCountry(code)).toBe(is));
});
