import { decimalText, type Decimal } from './decimal.js';
import { minorUnitDigits } from './money.js';

/** What the fonts of documents can write. */
const SCRIPTS: ReadonlySet<string | undefined> = new Set(['Latn', 'Grek', 'Cyrl']);
/** Whatever the tag asks for: digits that the fonts have, and the calendar of the periods. */
const PLAIN = { numberingSystem: 'latn', calendar: 'gregory' } as const;

/** A BCP 47 tag that documents can be written in. */
export function isDocumentLocale(tag: string): boolean {
  try {
    return SCRIPTS.has(new Intl.Locale(tag).maximize().script) && Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

/** How a document writes values. Decimals go in as text and lose no digit. */
export interface Format {
  /** To the currency's minor unit, or more digits where the amount has them: unit prices. */
  money(amount: Decimal): string;
  number(value: Decimal): string;
  date(instant: Date): string;
  /** Of the half-open span: its last day is the one before its end. */
  days(start: Date, end: Date): string;
}

const MAX_DIGITS = 15;

/** Formats for a locale, a zone and a currency. Making one costs far more than using it. */
export function formatOf(locale: string, timeZone: string, currency: string): Format {
  const digits = minorUnitDigits(currency) ?? 2;
  const money = new Intl.NumberFormat(locale, {
    ...PLAIN,
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: MAX_DIGITS,
  });
  const number = new Intl.NumberFormat(locale, { ...PLAIN, maximumFractionDigits: MAX_DIGITS });
  const date = new Intl.DateTimeFormat(locale, { ...PLAIN, timeZone, dateStyle: 'medium' });
  return {
    money: (amount) => money.format(exact(amount)),
    number: (value) => number.format(exact(value)),
    date: (instant) => date.format(instant),
    days: (start, end) => {
      const [first, last] = [date.format(start), date.format(new Date(end.getTime() - 1))];
      return first === last ? first : `${first} – ${last}`;
    },
  };
}

/** Intl reads decimal text exactly; its type asks for what looks like a number. */
const exact = (value: Decimal): Intl.StringNumericLiteral => decimalText(value) as Intl.StringNumericLiteral;
