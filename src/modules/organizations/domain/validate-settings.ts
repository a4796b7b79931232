import { isTimeZone } from '../../../shared/calendar.js';
import { invalid } from '../../../shared/errors.js';
import { minorUnitDigits } from '../../../shared/money.js';
import { checkText } from '../../../shared/text.js';
import { requireWhole } from '../../../shared/whole.js';

/** 30 days. */
export const MAX_GRACE_MINUTES = 43_200;
export const MAX_PAYMENT_TERMS_DAYS = 365;
const MAX_LATE_USAGE_PERIODS = 36;
const MAX_BACKFILL_DAYS = 3_650;

export interface SettingsFields {
  name?: string | null;
  timeZone?: string | null;
  currency?: string | null;
  graceMinutes?: number | null;
  paymentTermsDays?: number | null;
  lateUsagePeriods?: number | null;
  backfillDays?: number | null;
}

/** Checks the settings that are given. Every one but the currency has a value: null clears nothing, and is refused. */
export function validateSettings(input: SettingsFields): void {
  for (const [field, value] of Object.entries(input))
    if (value === null && field !== 'currency') throw invalid(field, `${field} must have a value.`);
  checkText('name', input.name);
  if (typeof input.timeZone === 'string' && !isTimeZone(input.timeZone))
    throw invalid('timeZone', 'timeZone must be an IANA name such as Europe/Berlin.');
  if (typeof input.currency === 'string' && minorUnitDigits(input.currency) === null)
    throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
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
}
