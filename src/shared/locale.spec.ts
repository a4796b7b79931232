import { describe, expect, it } from '@jest/globals';
import { decimal } from './decimal.js';
import { formatOf, isDocumentLocale } from './locale.js';

/** Separators that are spaces are written out: no-break U+00A0, narrow no-break U+202F. */
const visible = (text: string): string => text.replaceAll('\u00a0', '_').replaceAll('\u202f', '‗');

describe('what a document writes', () => {
  it.each([
    ['en-US', 'USD', '1234.5', '$1,234.50'],
    ['de-DE', 'EUR', '-1234.5', '-1.234,50_€'],
    ['fr-FR', 'EUR', '1234567.89', '1‗234‗567,89_€'],
    ['en-IN', 'INR', '12345678.9', '₹1,23,45,678.90'],
    ['el-GR', 'EUR', '1234.5', '1.234,50_€'],
    ['ru-RU', 'RUB', '1234.5', '1_234,50_₽'],
    ['en-US', 'JPY', '1234567', '¥1,234,567'],
    ['en-US', 'KWD', '1.5', 'KWD_1.500'],
    // A unit price keeps its digits, and no digit of a sum too long for a double is lost.
    ['en-US', 'USD', '0.000000000000123', '$0.000000000000123'],
    ['de-DE', 'EUR', '123456789012345678901234.12', '123.456.789.012.345.678.901.234,12_€'],
  ])('%s %s %s: %s', (locale, currency, amount, expected) => {
    expect(visible(formatOf(locale, 'UTC', currency).money(decimal(amount)))).toBe(expected);
  });

  it('numbers with all their digits, in the digits of the fonts', () => {
    expect(formatOf('en-US', 'UTC', 'USD').number(decimal('1234567890123456789.000000000000001'))).toBe(
      '1,234,567,890,123,456,789.000000000000001',
    );
    expect(formatOf('en-u-nu-arab', 'UTC', 'USD').number(decimal('1234'))).toBe('1,234');
  });

  it('days in the zone of the customer; of a span its last day, not its end', () => {
    // Midnight of February 1st in Berlin is 23:00 of January 31st in UTC.
    const [start, end] = [new Date('2025-12-31T23:00:00Z'), new Date('2026-01-31T23:00:00Z')];
    expect(formatOf('de-DE', 'Europe/Berlin', 'EUR').days(start, end)).toBe('01.01.2026 – 31.01.2026');
    expect(formatOf('en-US', 'UTC', 'EUR').days(start, end)).toBe('Dec 31, 2025 – Jan 31, 2026');
    expect(formatOf('en-GB', 'UTC', 'EUR').days(new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z'))).toBe(
      '1 Jan 2026',
    );
  });
});

describe('locales of documents', () => {
  it.each(['en', 'en-US', 'de-AT', 'el', 'ru-RU', 'sr', 'vi', 'pt-BR'])('%s', (tag) => expect(isDocumentLocale(tag)).toBe(true));

  it.each(['', 'x', 'english', 'de_DE', 'ar', 'he-IL', 'ja-JP', 'zh', 'th', 'hi', 'xx-YY', 'xx-Latn', 'de-DE-'])(
    'not %s',
    (tag) => expect(isDocumentLocale(tag)).toBe(false),
  );
});
