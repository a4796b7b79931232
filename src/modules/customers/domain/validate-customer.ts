import { isTimeZone } from '../../../shared/calendar.js';
import { checkAddress, checkEmail } from '../../../shared/contact.js';
import { invalid } from '../../../shared/errors.js';
import { isDocumentLocale } from '../../../shared/locale.js';
import { checkText, faultOfJson } from '../../../shared/text.js';
import { requireWhole } from '../../../shared/whole.js';
import { MAX_GRACE_MINUTES, MAX_PAYMENT_TERMS_DAYS } from '../../organizations/domain/index.js';
import { isEuCountry, isEuVatId } from './eu-vat-id.js';

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
  reverseCharge?: boolean | null;
  graceMinutes?: number | null;
  paymentTermsDays?: number | null;
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
  checkEmail('email', input.email);
  if (isGiven(input.timeZone) && !isTimeZone(input.timeZone))
    throw invalid('timeZone', 'timeZone must be an IANA name such as Europe/Berlin.');
  if (isGiven(input.currency) && !isCurrency(input.currency))
    throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
  if (isGiven(input.locale) && !isDocumentLocale(input.locale))
    throw invalid('locale', 'locale must be a BCP 47 tag of a language in Latin, Greek or Cyrillic letters, such as de-AT.');
  checkAddress('billingAddress', input.billingAddress, isCountry);
  if (typeof input.graceMinutes === 'number') requireWhole('graceMinutes', input.graceMinutes, 0, MAX_GRACE_MINUTES);
  if (typeof input.paymentTermsDays === 'number')
    requireWhole('paymentTermsDays', input.paymentTermsDays, 0, MAX_PAYMENT_TERMS_DAYS);
  const found = faultOfJson(input.metadata);
  if (found) throw invalid('metadata', `metadata ${found.fault}.`);
  if (input.metadata && Buffer.byteLength(JSON.stringify(input.metadata)) > MAX_METADATA_BYTES) {
    throw invalid('metadata', `metadata must not exceed ${MAX_METADATA_BYTES} bytes.`);
  }
}

/** Who is charged in reverse is known by a tax id; in the EU, by a VAT id of its form. */
export function checkReverseCharge({ reverseCharge, taxId, billingAddress }: CustomerFields): void {
  if (!reverseCharge) return;
  if (!isGiven(taxId)) throw invalid('taxId', 'Reverse charge needs a taxId.');
  if (isEuCountry(billingAddress?.country ?? '') && !isEuVatId(taxId))
    throw invalid('taxId', 'taxId must be a VAT id of the EU with its prefix, such as DE123456789.');
}

/** An empty text is given, and wrong. */
const isGiven = (text: string | null | undefined): text is string => text !== null && text !== undefined;
