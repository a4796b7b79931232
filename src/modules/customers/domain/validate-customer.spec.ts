import { describe, expect, it } from '@jest/globals';
import type { DomainError } from '../../../shared/errors.js';
import { checkReverseCharge, validateCustomer, type CustomerFields } from './validate-customer.js';

function faultOf(customer: object): string | null {
  const [isCountry, isCurrency] = [(code: string) => code === 'DE', (code: string) => code === 'EUR'];
  try {
    validateCustomer(customer as CustomerFields, isCountry, isCurrency);
    return null;
  } catch (error) {
    const { code, field } = error as DomainError;
    return `${code} ${field}`;
  }
}

/** As JSON `{"text":"aa…"}` has 11 bytes around the text. */
const metadataOf = (bytes: number) => ({ text: 'a'.repeat(bytes - 11) });
const nested = (levels: number): object => (levels === 0 ? {} : { next: nested(levels - 1) });

describe('a customer', () => {
  it.each<[string, object, string | null]>([
    ['of whom nothing is said', {}, null],
    [
      'of whom everything is null',
      { name: null, email: null, phone: null, timeZone: null, currency: null, metadata: null },
      null,
    ],
    ['with an id', { externalId: 'acme' }, null],
    ['with an empty id', { externalId: '' }, 'externalId'],
    ['with an empty name', { name: ' ' }, 'name'],
    ['with a phone number of 64 characters', { phone: '1'.repeat(64) }, null],
    ['with a phone number of 65 characters', { phone: '1'.repeat(65) }, 'phone'],
    ['with a tax id of 64 characters', { taxId: '1'.repeat(64) }, null],
    ['with a tax id of 65 characters', { taxId: '1'.repeat(65) }, 'taxId'],
    ['with an address of mail', { email: 'ann@example.com' }, null],
    ['with a long name in a long domain', { email: 'ann.b+c@mail.example.co.uk' }, null],
    ['with an empty address of mail', { email: '' }, 'email'],
    ['with too short an address', { email: 'a@' }, 'email'],
    ['with an address of 254 characters', { email: `${'a'.repeat(248)}@b.com` }, null],
    ['with an address of 255 characters', { email: `${'a'.repeat(249)}@b.com` }, 'email'],
    ['with an address without @', { email: 'example.com' }, 'email'],
    ['with an address without a name', { email: '@example.com' }, 'email'],
    ['with an address without a dot', { email: 'ann@example' }, 'email'],
    ['with an address that ends in a dot', { email: 'ann@example.' }, 'email'],
    ['with an address that begins its domain with a dot', { email: 'ann@.com' }, 'email'],
    ['with two @', { email: 'ann@bob@example.com' }, 'email'],
    ['with two @ after the dot', { email: 'ann@example.c@m' }, 'email'],
    ['with a space in the address', { email: 'ann smith@example.com' }, 'email'],
    ['with a space before the address', { email: ' ann@example.com' }, 'email'],
    ['with a space behind the address', { email: 'ann@example.com ' }, 'email'],
    ['with a space in the domain', { email: 'ann@exam ple.com' }, 'email'],
    ['in a time zone', { timeZone: 'Europe/Berlin' }, null],
    ['in no time zone', { timeZone: 'Berlin' }, 'timeZone'],
    ['in an empty time zone', { timeZone: '' }, 'timeZone'],
    ['with a currency', { currency: 'EUR' }, null],
    ['with a currency that is none', { currency: 'EURO' }, 'currency'],
    ['with an empty currency', { currency: '' }, 'currency'],
    ['with a locale', { locale: 'de-AT' }, null],
    ['with a locale that documents cannot be written in', { locale: 'ja-JP' }, 'locale'],
    ['with an empty locale', { locale: '' }, 'locale'],
    ['with a grace of 30 days', { graceMinutes: 43_200 }, null],
    ['with a longer grace', { graceMinutes: 43_201 }, 'graceMinutes'],
    ['with a grace below 0', { graceMinutes: -1 }, 'graceMinutes'],
    ['with the grace of the organization', { graceMinutes: null }, null],
    ['with no time to pay', { paymentTermsDays: 0 }, null],
    ['with 365 days to pay', { paymentTermsDays: 365 }, null],
    ['with 366 days to pay', { paymentTermsDays: 366 }, 'paymentTermsDays'],
    ['with less than no time to pay', { paymentTermsDays: -1 }, 'paymentTermsDays'],
    ['with half a day to pay', { paymentTermsDays: 0.5 }, 'paymentTermsDays'],
    ['in a country', { billingAddress: { country: 'DE', city: 'Ulm', line2: '', region: null } }, null],
    ['in no country', { billingAddress: { country: 'XX' } }, 'billingAddress.country'],
    ['with too long a city', { billingAddress: { country: 'DE', city: 'a'.repeat(256) } }, 'billingAddress.city'],
    ['without an address', { billingAddress: null }, null],
    ['with metadata', { metadata: { plan: 'gold' } }, null],
    ['with metadata that cannot be stored', { metadata: { plan: '\u0000' } }, 'metadata'],
    ['with metadata nested too deeply', { metadata: { deep: nested(64) } }, 'metadata'],
    ['with 16,384 bytes of metadata', { metadata: metadataOf(16_384) }, null],
    ['with 16,385 bytes of metadata', { metadata: metadataOf(16_385) }, 'metadata'],
    ['with as many bytes in fewer characters', { metadata: { text: 'é'.repeat(8_187) } }, 'metadata'],
  ])('%s', (_, customer, field) => expect(faultOf(customer)).toBe(field === null ? null : `VALIDATION_FAILED ${field}`));
});

describe('reverse charge', () => {
  const fault = (customer: CustomerFields): string | null => {
    try {
      checkReverseCharge(customer);
      return null;
    } catch (error) {
      return (error as DomainError).field ?? '';
    }
  };
  const inReverse = (taxId: string | null | undefined, country?: string): CustomerFields => ({
    reverseCharge: true,
    taxId,
    billingAddress: country === undefined ? null : { country },
  });
  it.each<[string, CustomerFields, string | null]>([
    ['is not asked for', { reverseCharge: false, taxId: null, billingAddress: { country: 'DE' } }, null],
    ['without a tax id', inReverse(null, 'US'), 'taxId'],
    ['without a word of a tax id', inReverse(undefined, 'US'), 'taxId'],
    ['in the EU with its id', inReverse('DE123456789', 'DE'), null],
    ['in the EU with another', inReverse('123456789', 'DE'), 'taxId'],
    ['outside the EU', inReverse('123456789', 'US'), null],
    ['nowhere', inReverse('123456789'), null],
  ])('%s', (_, customer, field) => expect(fault(customer)).toBe(field));
});
