import { describe, expect, it } from '@jest/globals';
import type { DomainError } from '../../../shared/errors.js';
import { validateSettings, type SettingsFields } from './validate-settings.js';

function faultOf(settings: SettingsFields): string | null {
  try {
    validateSettings(settings);
    return null;
  } catch (error) {
    const { code, field } = error as DomainError;
    return `${code} ${field}`;
  }
}
const days = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('settings', () => {
  it.each<[SettingsFields, string | null]>([
    [{}, null],
    [{ name: 'Acme' }, null],
    [{ name: '' }, 'name'],
    [{ name: null }, 'name'],
    [{ timeZone: 'Europe/Berlin' }, null],
    [{ timeZone: 'Berlin' }, 'timeZone'],
    [{ timeZone: '' }, 'timeZone'],
    [{ timeZone: null }, 'timeZone'],
    [{ currency: 'EUR' }, null],
    [{ currency: 'EURO' }, 'currency'],
    [{ currency: '' }, 'currency'],
    [{ currency: null, eventsRetentionDays: null, email: null, address: null, taxId: null, brandColor: null }, null],
    [{ graceMinutes: 0 }, null],
    [{ graceMinutes: 43_200 }, null],
    [{ graceMinutes: 43_201 }, 'graceMinutes'],
    [{ graceMinutes: -1 }, 'graceMinutes'],
    [{ graceMinutes: 0.5 }, 'graceMinutes'],
    [{ graceMinutes: null }, 'graceMinutes'],
    [{ paymentTermsDays: 365 }, null],
    [{ paymentTermsDays: 366 }, 'paymentTermsDays'],
    [{ lateUsagePeriods: 36 }, null],
    [{ lateUsagePeriods: 37 }, 'lateUsagePeriods'],
    [{ backfillDays: 3_650 }, null],
    [{ backfillDays: 3_651 }, 'backfillDays'],
    [{ eventsRetentionDays: 31 }, null],
    [{ eventsRetentionDays: 30 }, 'eventsRetentionDays'],
    [{ eventsRetentionDays: 36_500 }, null],
    [{ eventsRetentionDays: 36_501 }, 'eventsRetentionDays'],
    [{ email: 'billing@example.com' }, null],
    [{ email: 'example.com' }, 'email'],
    [{ address: { country: 'DE', city: 'Ulm' } }, null],
    [{ address: { country: 'XX' } }, 'address.country'],
    [{ taxId: '1'.repeat(64) }, null],
    [{ taxId: '1'.repeat(65) }, 'taxId'],
    [{ brandColor: '#0e7490' }, null],
    [{ brandColor: '#0E7490' }, null],
    [{ brandColor: '#fff' }, 'brandColor'],
    [{ brandColor: '#0e74900' }, 'brandColor'],
    [{ brandColor: ' #0e7490' }, 'brandColor'],
    [{ brandColor: 'red' }, 'brandColor'],
    [{ brandColor: '' }, 'brandColor'],
    [{ locale: 'de-AT' }, null],
    [{ locale: 'ja-JP' }, 'locale'],
    [{ locale: '' }, 'locale'],
    [{ locale: null }, 'locale'],
    [{ reminderDays: [] }, null],
    [{ reminderDays: [-60, -3, 0, 60] }, null],
    [{ reminderDays: [-61] }, 'reminderDays'],
    [{ reminderDays: [61] }, 'reminderDays'],
    [{ reminderDays: [3, 7, 3] }, 'reminderDays'],
    [{ reminderDays: days(10) }, null],
    [{ reminderDays: days(11) }, 'reminderDays'],
    [{ reminderDays: null }, 'reminderDays'],
  ])('%j', (settings, field) => expect(faultOf(settings)).toBe(field === null ? null : `VALIDATION_FAILED ${field}`));
});
