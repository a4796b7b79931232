import { type Decimal, decimal } from '../../src/shared/decimal.js';
import type { RoundingMode } from '../../src/modules/catalog/domain/charge.js';

/** What the product should compute, by counting and on whole numbers: slow, obvious, and unlike the product's own way. */
export interface OracleTier {
  /** In grains of the quantity. */
  upTo: bigint | null;
  /** Both in grains of the price. */
  unitAmount: bigint;
  flatAmount: bigint;
}

/** `value` × 10^−places as a decimal, made of digits alone. */
export function unscaled(value: bigint, places: number): Decimal {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, '0');
  const point = digits.length - places;
  return decimal(`${value < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point) || '0'}`);
}

/** A decimal × 10^places as a whole number; fails when digits are left over. */
export function scaled(value: Decimal, places: number): bigint {
  const [whole, fraction = ''] = value.toFixed().split('.');
  if (fraction.length > places) throw new Error(`${value.toFixed()} has more than ${places} decimals`);
  return BigInt(whole + fraction.padEnd(places, '0'));
}

/** Walks up from nothing, one grain at a time; a tier's flat amount is due with its first grain. In grains of price × 10^unitPlaces. */
export function oracleGraduated(tiers: OracleTier[], quantity: bigint, unitPlaces: number): bigint {
  const grainsPerUnit = 10n ** BigInt(unitPlaces);
  const entered = new Set<OracleTier>();
  let amount = 0n;
  for (let grain = 1n; grain <= quantity; grain += 1n) {
    const tier = tierOf(tiers, grain);
    if (!entered.has(tier)) amount += tier.flatAmount * grainsPerUnit;
    entered.add(tier);
    amount += tier.unitAmount;
  }
  return amount;
}

export function oracleVolume(tiers: OracleTier[], quantity: bigint, unitPlaces: number): bigint {
  if (quantity === 0n) return 0n;
  const tier = tierOf(tiers, quantity);
  return quantity * tier.unitAmount + tier.flatAmount * 10n ** BigInt(unitPlaces);
}

/** From the open tier downwards: the lowest tier whose bound is not exceeded. */
function tierOf(tiers: OracleTier[], grain: bigint): OracleTier {
  let found = tiers[tiers.length - 1];
  for (let index = tiers.length - 2; index >= 0; index -= 1) {
    const bound = tiers[index].upTo;
    if (bound !== null && grain <= bound) found = tiers[index];
  }
  return found;
}

export function oraclePackages(quantity: bigint, size: bigint): bigint {
  let packages = 0n;
  for (let left = quantity; left > 0n; left -= size) packages += 1n;
  return packages;
}

/** Rounds value × 10^−places to `precision` decimals and returns it on the same scale, by looking at the digits cut off. */
export function oracleRound(value: bigint, places: number, mode: RoundingMode, precision: number): bigint {
  const cut = places - precision;
  if (mode === 'NONE' || cut <= 0) return value;
  const digits = (value < 0n ? -value : value).toString().padStart(cut + 1, '0');
  const kept = BigInt(digits.slice(0, -cut));
  const rest = digits.slice(-cut);
  const awayFromZero = mode === 'UP' ? /[1-9]/.test(rest) : mode === 'NEAREST' && rest[0] >= '5';
  const rounded = BigInt(`${kept + (awayFromZero ? 1n : 0n)}${'0'.repeat(cut)}`);
  return value < 0n ? -rounded : rounded;
}
