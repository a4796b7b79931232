import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { reasonNotToPlay, ScenarioPlayer, type ScenarioCase } from './scenario-player.js';

/** Facts from other billing systems' public tests and documentation; every case names its source (cases/scenarios.json). */
const file = JSON.parse(readFileSync(new URL('./cases/scenarios.json', import.meta.url), 'utf8')) as {
  count: number;
  cases: ScenarioCase[];
};
const SUPPORTED = new Set([
  'day_boundary_dates',
  'fixed_in_advance',
  'plan_change_immediate',
  'package',
  'included_units',
  'proration',
]);

function reasonNotToRun(c: ScenarioCase): string | null {
  if (!c.universal) return `a policy of its source: ${c.notes}`;
  const missing = c.requires.filter((feature) => !SUPPORTED.has(feature));
  return missing.length > 0 ? `requires ${missing.join(', ')}` : reasonNotToPlay(c);
}

describe('scenarios of other billing systems', () => {
  const notRun = file.cases.flatMap((c) => {
    const reason = reasonNotToRun(c);
    return reason === null ? [] : [`not run: ${c.id} — ${reason}`];
  });
  const run = file.cases.filter((c) => reasonNotToRun(c) === null);

  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
  });
  afterAll(async () => {
    console.log([`scenarios: ${run.length} of ${file.count} cases run`, ...notRun].join('\n'));
    await app.close();
  });

  it('are all accounted for', () => {
    expect(run.length + notRun.length).toBe(file.count);
  });

  for (const c of run) {
    it(`${c.id}: ${c.title}`, async () => {
      expect.hasAssertions();
      await new ScenarioPlayer(world, c, { equal: (actual, expected) => expect(actual).toEqual(expected) }).play();
    });
  }
});
