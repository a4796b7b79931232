import { median } from './http-load.js';

export interface Measurement {
  /** Things done a second, or seconds: what the contest compares. */
  value: number;
  /** CPU seconds, per thing where things are counted. */
  cpu: Record<string, number>;
  more?: Record<string, number>;
}

export interface Outcome {
  median: number;
  all: number[];
  cpu: Record<string, number>;
  more: Record<string, number>;
}

/** Runs the contestants in alternation, each first as often as last, and takes medians: what disturbs one disturbs the others. */
export async function contest<Name extends string>(
  repeats: number,
  contestants: Record<Name, () => Promise<Measurement>>,
): Promise<Record<Name, Outcome>> {
  const names = Object.keys(contestants) as Name[];
  const results = new Map<Name, Measurement[]>(names.map((name) => [name, []]));
  for (let round = 0; round < repeats; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) results.get(name)?.push(await contestants[name]());
  }
  return Object.fromEntries(names.map((name) => [name, outcomeOf(results.get(name) ?? [])])) as Record<Name, Outcome>;
}

function outcomeOf(runs: Measurement[]): Outcome {
  const all = runs.map(({ value }) => value);
  const medians = (pick: (run: Measurement) => Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.keys(pick(runs[0])).map((name) => [name, median(runs.map((run) => pick(run)[name]))]));
  return { median: median(all), all, cpu: medians(({ cpu }) => cpu), more: medians(({ more }) => more ?? {}) };
}
