import { randomInt } from 'node:crypto';

/** Chance that can be repeated: prints its seed, and takes one from FAULT_SEED. */
export function seededRandom(): (below: number) => number {
  const seed = Number(process.env.FAULT_SEED ?? randomInt(2 ** 31));
  console.log(`to repeat: FAULT_SEED=${seed}`);
  let state = seed;
  // Park and Miller's minimal standard.
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}
