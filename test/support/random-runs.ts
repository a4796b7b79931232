import { randomInt } from 'node:crypto';

const ANY = 2 ** 31 - 1;
const USUAL_SEED = 20_260_101;

/**
 * How many cases a property is tried with, and which. The same ones every time, so that a change is judged by what it
 * changes; FC_SEED=random draws others (or those of a given number), FC_TIMES=10 ten times as many.
 */
export function randomRuns(numRuns: number): { numRuns: number; seed: number } {
  const { FC_SEED: seed = String(USUAL_SEED), FC_TIMES: times = '1' } = process.env;
  return { numRuns: numRuns * Number(times), seed: seed === 'random' ? randomInt(ANY) : Number(seed) };
}
