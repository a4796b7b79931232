import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every 10 ms until the answer is yes; throws when `limitMs` have passed before that. */
export async function eventually(what: string, ask: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  for (const began = performance.now(); !(await ask()); await sleep(10)) {
    if (performance.now() - began > limitMs) throw new Error(`Waited ${limitMs} ms in vain: ${what}`);
  }
}
