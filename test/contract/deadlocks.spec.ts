import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { Database } from '../../src/platform/database/database.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('who waits for whom', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(clock);
  });
  afterAll(() => app.close());

  it('payments on all invoices of one subscription at once are all taken', async () => {
    const world = new BillingWorld(app.api);
    const charges = [{ displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '10' }];
    await world.plan({ lookupKey: 'fee', type: 'FIXED', charges });
    await world.customer('ada');
    const subscription = await world.subscribe('ada', 'fee', { startAt: '2025-01-01T00:00:00Z' });
    clock.set('2026-01-01T02:00:00Z');
    await app.workers.finalizeInvoices();
    const open = await world.invoices(subscription);
    expect(open.map(({ status }) => status)).toEqual(Array(12).fill('OPEN'));

    const pay = `mutation ($id: ID!) { recordPayment(invoiceId: $id, input: { amount: "10" }) { status } }`;
    const paid = await Promise.all(open.map(({ id }) => app.api.query(pay, { id })));
    expect(paid).toEqual(Array(12).fill({ recordPayment: { status: 'PAID' } }));
  });

  it('a transaction that Postgres sacrifices runs once more', async () => {
    const database = app.nest.get(Database);
    const [{ id: organizationId }] = await app.database.sql<{ id: string }>('SELECT id FROM organizations');
    await app.database.sql('CREATE TABLE counters (name text PRIMARY KEY, count integer NOT NULL)');
    await app.database.sql(`INSERT INTO counters VALUES ('a', 0), ('b', 0)`);
    await app.database.sql('GRANT SELECT, UPDATE ON counters TO fluxrate_tenant');
    const increment = (tx: EntityManager, name: string): Promise<unknown> =>
      tx.query('UPDATE counters SET count = count + 1 WHERE name = $1', [name]);
    let runs = 0;
    // Each has its first row before either asks for its second: on the first run they wait for each other.
    let ready = 0;
    let release: () => void = () => undefined;
    const bothReady = new Promise<void>((resolve) => {
      release = resolve;
    });
    const crossing = (first: string, second: string): Promise<unknown> =>
      database.transaction(organizationId, async (tx) => {
        runs += 1;
        await increment(tx, first);
        ready += 1;
        if (ready === 2) release();
        await bothReady;
        await increment(tx, second);
      });
    await Promise.all([crossing('a', 'b'), crossing('b', 'a')]);
    expect(runs).toBe(3);
    expect(await app.database.sql('SELECT name, count FROM counters ORDER BY name')).toEqual([
      { name: 'a', count: 2 },
      { name: 'b', count: 2 },
    ]);
  });
});
