import { isTimeZone } from '../../../shared/calendar.js';
import { invalid } from '../../../shared/errors.js';

export interface CustomerFields {
  externalId?: string;
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  timeZone?: string | null;
  currency?: string | null;
  billingAddress?: { country: string } | null;
  taxId?: string | null;
  metadata?: object | null;
}

const MAX_METADATA_BYTES = 16_384;
export const hasControlCharacters = (text: string): boolean =>
  [...text].some((c) => c < ' ' || c === '\u007f' || isLoneSurrogate(c));
const isLoneSurrogate = (c: string): boolean => c.length === 1 && c >= '\ud800' && c <= '\udfff';

/** Checks what a caller says of a customer. `isCountry` and `isCurrency` know the codes of ISO 3166-1 and ISO 4217. */
export function validateCustomer(
  input: CustomerFields,
  isCountry: (code: string) => boolean,
  isCurrency: (code: string) => boolean,
): void {
  checkText('externalId', input.externalId, 1, 255);
  checkText('name', input.name, 1, 255);
  checkText('phone', input.phone, 1, 64);
  checkText('taxId', input.taxId, 1, 64);
  checkText('email', input.email, 3, 254);
  if (input.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(input.email)) throw invalid('email', 'email is not an e-mail address.');
  if (input.timeZone && !isTimeZone(input.timeZone))
    throw invalid('timeZone', 'timeZone must be an IANA name such as Europe/Berlin.');
  if (input.currency && !isCurrency(input.currency)) throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
  if (input.billingAddress) {
    if (!isCountry(input.billingAddress.country))
      throw invalid('billingAddress.country', 'country must be an ISO 3166-1 code such as DE.');
    for (const [field, value] of Object.entries(input.billingAddress))
      checkText(`billingAddress.${field}`, value as string | null, 0, 255);
  }
  if (input.metadata && Buffer.byteLength(JSON.stringify(input.metadata)) > MAX_METADATA_BYTES) {
    throw invalid('metadata', `metadata must not exceed ${MAX_METADATA_BYTES} bytes.`);
  }
}

function checkText(field: string, value: string | null | undefined, least: number, most: number): void {
  if (value === null || value === undefined) return;
  if (value.trim().length < least || value.length > most)
    throw invalid(field, `${field} must have ${least} to ${most} characters.`);
  if (hasControlCharacters(value)) throw invalid(field, `${field} must not contain control characters.`);
}
