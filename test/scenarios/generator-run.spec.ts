import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { flat, perUnit } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Runs of the generator over many subscriptions at a time. */
describe('a run that drafts many invoices', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({ lookupKey: 'calls', type: 'HYBRID', charges: [flat('10'), perUnit(meterId, '2')] });
  });
  afterAll(() => app.close());

  const subscribe = async (names: string[]): Promise<void> => {
    for (const name of names) {
      await world.customer(name);
      await world.subscribe(name, 'calls', { startAt: '2026-01-01T00:00:00Z' });
    }
  };
  /** Statements of a run at that time. */
  const generateAt = async (at: string): Promise<number> => {
    clock.set(at);
    const before = app.statements();
    await app.workers.generateInvoices();
    return app.statements() - before;
  };
  const count = async (): Promise<number> => (await app.database.sql('SELECT FROM invoices')).length;

  it('takes as many statements for three as for thirty', async () => {
    await subscribe(['ann', 'bob', 'eve']);
    const ofThree = await generateAt('2026-02-01T00:00:00Z');
    expect(await count()).toBe(3);
    await subscribe(Array.from({ length: 27 }, (_, index) => `customer-${index}`));
    // Those are billed for January as they are made, in the past; all of them for February by the run.
    expect(await count()).toBe(30);
    expect(await generateAt('2026-03-01T00:00:00Z')).toBe(ofThree);
    expect(await count()).toBe(60);
  });

  it('shows how far it has come while it goes, and bills missed periods one by one', async () => {
    clock.set('2026-07-01T00:00:00Z');
    const seen: number[] = [];
    const run = app.workers.generateInvoices();
    let isOver = false;
    void run.finally(() => (isOver = true));
    while (!isOver) {
      const [going] = await app.database.sql<{ done: number }>('SELECT done FROM worker_runs WHERE started_at = $1', [
        clock.now(),
      ]);
      if (going) seen.push(going.done);
    }
    // Four months of thirty each.
    expect(await run).toEqual({ found: 120, done: 120, failed: 0 });
    expect(new Set(seen).size).toBeGreaterThan(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const periods = await app.database.sql<{ id: string; start: Date; last: Date | null }>(
      `SELECT id, period_start AS start, lag(period_end) OVER (PARTITION BY subscription_id ORDER BY id) AS last FROM invoices`,
    );
    expect(periods).toHaveLength(180);
    for (const { start, last } of periods) if (last !== null) expect(start).toEqual(last);
  });
});
