/** What follows the prefix of a VAT id, by country of the EU. Greece writes EL; Northern Ireland trades goods in the EU as XI. */
const FORMS: Readonly<Record<string, RegExp>> = {
  AT: /^U\d{8}$/,
  BE: /^[01]\d{9}$/,
  BG: /^\d{9,10}$/,
  CY: /^\d{8}[A-Z]$/,
  CZ: /^\d{8,10}$/,
  DE: /^\d{9}$/,
  DK: /^\d{8}$/,
  EE: /^\d{9}$/,
  EL: /^\d{9}$/,
  ES: /^([A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z])$/,
  FI: /^\d{8}$/,
  FR: /^[A-HJ-NP-Z0-9]{2}\d{9}$/,
  HR: /^\d{11}$/,
  HU: /^\d{8}$/,
  IE: /^(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])$/,
  IT: /^\d{11}$/,
  LT: /^(\d{9}|\d{12})$/,
  LU: /^\d{8}$/,
  LV: /^\d{11}$/,
  MT: /^\d{8}$/,
  NL: /^[A-Z0-9+*]{9}B\d{2}$/,
  PL: /^\d{10}$/,
  PT: /^\d{9}$/,
  RO: /^\d{2,10}$/,
  SE: /^\d{12}$/,
  SI: /^\d{8}$/,
  SK: /^\d{10}$/,
  XI: /^(\d{9}|\d{12}|(GD|HA)\d{3})$/,
};

/** `country`: ISO 3166-1 alpha-2. */
export const isEuCountry = (country: string): boolean =>
  country === 'GR' || (country !== 'EL' && country !== 'XI' && Object.hasOwn(FORMS, country));

/** Whether the text has the form of a VAT id of the EU: prefix and characters, spaces, dots and hyphens aside. Nobody is asked whether it exists. */
export function isEuVatId(text: string): boolean {
  const compact = text.replace(/[\s.-]/g, '').toUpperCase();
  return FORMS[compact.slice(0, 2)]?.test(compact.slice(2)) ?? false;
}
