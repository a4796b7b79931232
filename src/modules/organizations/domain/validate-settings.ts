import type { Address } from '../../../shared/address.js';
import { isTimeZone } from '../../../shared/calendar.js';
import { checkAddress, checkEmail } from '../../../shared/contact.js';
import { invalid } from '../../../shared/errors.js';
import { isDocumentLocale } from '../../../shared/locale.js';
import { minorUnitDigits } from '../../../shared/money.js';
import { checkText } from '../../../shared/text.js';
import { requireWhole } from '../../../shared/whole.js';

/** 30 days. */
export const MAX_GRACE_MINUTES = 43_200;
export const MAX_PAYMENT_TERMS_DAYS = 365;
const MAX_LATE_USAGE_PERIODS = 36;
const MAX_BACKFILL_DAYS = 3_650;
/** Counters of the present month are made from events. */
const MIN_RETENTION_DAYS = 31;
const MAX_RETENTION_DAYS = 36_500;
const MAX_REMINDERS = 10;
const MAX_REMINDER_DAYS = 60;
const COLOR = /^#[0-9a-f]{6}$/i;

export interface SettingsFields {
  name?: string | null;
  timeZone?: string | null;
  currency?: string | null;
  graceMinutes?: number | null;
  paymentTermsDays?: number | null;
  lateUsagePeriods?: number | null;
  backfillDays?: number | null;
  eventsRetentionDays?: number | null;
  email?: string | null;
  address?: Address | null;
  taxId?: string | null;
  brandColor?: string | null;
  locale?: string | null;
  reminderDays?: number[] | null;
}

/** What an organization need not have. */
const CLEARABLE: ReadonlySet<string> = new Set(['currency', 'eventsRetentionDays', 'email', 'address', 'taxId', 'brandColor']);

/** Checks the settings that are given. Most have a value always: null would clear nothing, and is refused. */
export function validateSettings(input: SettingsFields): void {
  for (const [field, value] of Object.entries(input))
    if (value === null && !CLEARABLE.has(field)) throw invalid(field, `${field} must have a value.`);
  checkText('name', input.name);
  if (typeof input.timeZone === 'string' && !isTimeZone(input.timeZone))
    throw invalid('timeZone', 'timeZone must be an IANA name such as Europe/Berlin.');
  if (typeof input.currency === 'string' && minorUnitDigits(input.currency) === null)
    throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
  validateLetterhead(input);
  const bounds = {
    graceMinutes: MAX_GRACE_MINUTES,
    paymentTermsDays: MAX_PAYMENT_TERMS_DAYS,
    lateUsagePeriods: MAX_LATE_USAGE_PERIODS,
    backfillDays: MAX_BACKFILL_DAYS,
  };
  for (const [field, most] of Object.entries(bounds)) {
    const value = input[field as keyof typeof bounds];
    if (typeof value === 'number') requireWhole(field, value, 0, most);
  }
  if (typeof input.eventsRetentionDays === 'number')
    requireWhole('eventsRetentionDays', input.eventsRetentionDays, MIN_RETENTION_DAYS, MAX_RETENTION_DAYS);
}

/** What documents and mail show and do. */
function validateLetterhead({ email, address, taxId, brandColor, locale, reminderDays }: SettingsFields): void {
  checkEmail('email', email);
  checkAddress('address', address);
  checkText('taxId', taxId, { most: 64 });
  if (typeof brandColor === 'string' && !COLOR.test(brandColor))
    throw invalid('brandColor', 'brandColor must be a colour such as #0e7490.');
  if (typeof locale === 'string' && !isDocumentLocale(locale))
    throw invalid('locale', 'locale must be a BCP 47 tag of a language in Latin, Greek or Cyrillic letters, such as de-AT.');
  if (!reminderDays) return;
  if (reminderDays.length > MAX_REMINDERS) throw invalid('reminderDays', `reminderDays must be at most ${MAX_REMINDERS}.`);
  if (new Set(reminderDays).size < reminderDays.length) throw invalid('reminderDays', 'reminderDays must not repeat a day.');
  for (const day of reminderDays) requireWhole('reminderDays', day, -MAX_REMINDER_DAYS, MAX_REMINDER_DAYS);
}
