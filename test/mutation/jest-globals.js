import { format } from 'node:util';
import { expect } from 'expect';

/** As much of jest's globals as the specs of pure code use: `describe`, `it`, `it.each` and `expect`, which is jest's own. */
export { expect };

/** What the spec files loaded last have declared, in order. */
let tests = [];
const path = [];

export function takeTests() {
  const taken = tests;
  tests = [];
  return taken;
}

export function describe(name, body) {
  path.push(name);
  body();
  path.pop();
}

export function it(name, run) {
  tests.push({ name: [...path, name].join(' › '), run });
}

it.each = (rows) => (name, run) => {
  for (const row of rows) {
    const values = Array.isArray(row) ? row : [row];
    it(format(name, ...values), () => run(...values));
  }
};
