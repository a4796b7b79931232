import { isTimeZone } from '../../../shared/calendar.js';
import { invalid } from '../../../shared/errors.js';
import { isDocumentLocale } from '../../../shared/locale.js';
import { checkText, faultOfJson } from '../../../shared/text.js';

export interface CustomerFields {
  externalId?: string;
  name?: string | null;
  email?: string | null;
  phone?: string | null;
  timeZone?: string | null;
  currency?: string | null;
  locale?: string | null;
  billingAddress?: { country: string } | null;
  taxId?: string | null;
  metadata?: object | null;
}

const MAX_METADATA_BYTES = 16_384;

/** Checks what a caller says of a customer. `isCountry` and `isCurrency` know the codes of ISO 3166-1 and ISO 4217. */
export function validateCustomer(
  input: CustomerFields,
  isCountry: (code: string) => boolean,
  isCurrency: (code: string) => boolean,
): void {
  checkText('externalId', input.externalId);
  checkText('name', input.name);
  checkText('phone', input.phone, { most: 64 });
  checkText('taxId', input.taxId, { most: 64 });
  checkText('email', input.email, { least: 3, most: 254 });
  if (input.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(input.email)) throw invalid('email', 'email is not an e-mail address.');
  if (isGiven(input.timeZone) && !isTimeZone(input.timeZone))
    throw invalid('timeZone', 'timeZone must be an IANA name such as Europe/Berlin.');
  if (isGiven(input.currency) && !isCurrency(input.currency))
    throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
  if (isGiven(input.locale) && !isDocumentLocale(input.locale))
    throw invalid('locale', 'locale must be a BCP 47 tag of a language in Latin, Greek or Cyrillic letters, such as de-AT.');
  if (input.billingAddress) {
    if (!isCountry(input.billingAddress.country))
      throw invalid('billingAddress.country', 'country must be an ISO 3166-1 code such as DE.');
    for (const [field, value] of Object.entries(input.billingAddress))
      checkText(`billingAddress.${field}`, value as string | null, { least: 0 });
  }
  const found = faultOfJson(input.metadata);
  if (found) throw invalid('metadata', `metadata ${found.fault}.`);
  if (input.metadata && Buffer.byteLength(JSON.stringify(input.metadata)) > MAX_METADATA_BYTES) {
    throw invalid('metadata', `metadata must not exceed ${MAX_METADATA_BYTES} bytes.`);
  }
}

/** An empty text is given, and wrong. */
const isGiven = (text: string | null | undefined): text is string => text !== null && text !== undefined;
