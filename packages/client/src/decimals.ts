/** Compares two decimals in plain notation, exactly: negative, 0 or positive as `a` is less, the same or more. */
export function compareDecimals(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  const places = Math.max(left.places, right.places);
  const difference = scaled(left, places) - scaled(right, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

interface Parts {
  digits: bigint;
  places: number;
}

function partsOf(text: string): Parts {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match || (match[2] === '' && !match[3])) throw new RangeError(`Not a decimal in plain notation: ${text}`);
  const [, sign, whole, fraction = ''] = match;
  const digits = BigInt(`${whole}${fraction}`);
  return { digits: sign === '-' ? -digits : digits, places: fraction.length };
}

const scaled = ({ digits, places }: Parts, to: number): bigint => digits * 10n ** BigInt(to - places);
