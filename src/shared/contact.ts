import countries from 'i18n-iso-countries';
import type { Address } from './address.js';
import { invalid } from './errors.js';
import { checkText } from './text.js';

/** ISO 3166-1 alpha-2, in capitals. */
export const isCountry = (code: string): boolean => /^[A-Z]{2}$/.test(code) && countries.isValid(code);

/** What is null or undefined is not given, and passes. */
export function checkEmail(field: string, email: string | null | undefined): void {
  checkText(field, email, { least: 3, most: 254 });
  if (email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) throw invalid(field, `${field} is not an e-mail address.`);
}

export function checkAddress(
  field: string,
  address: Pick<Address, 'country'> | null | undefined,
  isKnownCountry: (code: string) => boolean = isCountry,
): void {
  if (!address) return;
  if (!isKnownCountry(address.country)) throw invalid(`${field}.country`, 'country must be an ISO 3166-1 code such as DE.');
  for (const [part, value] of Object.entries(address)) checkText(`${field}.${part}`, value as string | null, { least: 0 });
}
