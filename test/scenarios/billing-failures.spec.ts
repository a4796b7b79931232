import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { billingParked, type ParkedBilling } from '../../src/modules/invoicing/index.js';
import { DomainEvents } from '../../src/platform/events/domain-events.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface BillingView {
  failures: number;
  retryAt: string | null;
  parked: boolean;
}
interface FailureView {
  step: string;
  attempt: number;
  message: string;
  failedAt: string;
  retryAt: string | null;
}

/** A subscription that cannot be billed: its calendar is in a zone that is none. Somebody wrote that behind the product's back. */
const BROKEN_ZONE = 'Mars/Olympus_Mons';

describe('billing that fails for one customer', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  const parked: ParkedBilling[] = [];
  let app: TestApp;
  let world: BillingWorld;
  let ids: Record<string, string> = {};

  const billing = async (id: string): Promise<BillingView> =>
    (await world.subscription<{ billing: BillingView }>(id, 'billing { failures retryAt parked }')).billing;
  const failures = async (subscriptionId: string): Promise<FailureView[]> => {
    const { billingFailures } = await app.api.query<{ billingFailures: { nodes: FailureView[] } }>(
      `query ($id: ID!) { billingFailures(subscriptionId: $id) { nodes { step attempt message failedAt retryAt } } }`,
      { id: subscriptionId },
    );
    return billingFailures.nodes;
  };
  const retry = (subscriptionId: string) =>
    app.api.query<{ retryBilling: { billing: BillingView } }>(
      `mutation ($id: ID!) { retryBilling(subscriptionId: $id) { billing { failures retryAt parked } } }`,
      { id: subscriptionId },
    );
  const generatorHealth = async (): Promise<unknown> => {
    const { body } = await app.rest('GET', '/api/v1/workers/health');
    return (body.workers as Record<string, unknown>).invoice_generator;
  };
  const setZone = (id: string, zone: string) =>
    app.database.sql('UPDATE subscriptions SET time_zone = $2 WHERE id = $1', [id, zone]);
  const numbers = async (): Promise<(string | null)[]> =>
    (await app.database.sql<{ number: string | null }>('SELECT number FROM invoices ORDER BY number')).map(
      ({ number }) => number,
    );

  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    app.nest.get(DomainEvents).on(billingParked, async (_tx, event) => {
      parked.push(event);
      return Promise.resolve();
    });
    await world.plan({
      lookupKey: 'basic',
      type: 'FIXED',
      charges: [{ displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '10', billingTiming: 'IN_ARREARS' }],
    });
    for (const name of ['ann', 'bob', 'eve']) {
      await world.customer(name);
      ids = { ...ids, [name]: await world.subscribe(name, 'basic') };
    }
  });
  afterAll(() => app.close());

  it('bills the others, and notes why it could not bill that one and when it tries again', async () => {
    await setZone(ids.bob, BROKEN_ZONE);
    clock.set('2026-02-01T00:00:00Z');
    expect(await app.workers.generateInvoices()).toEqual({ found: 3, done: 2, failed: 1 });
    expect([await world.invoices(ids.ann), await world.invoices(ids.bob), await world.invoices(ids.eve)]).toMatchObject([
      [{ total: '10' }],
      [],
      [{ total: '10' }],
    ]);
    expect(await failures(ids.bob)).toEqual([
      {
        step: 'BILL',
        attempt: 1,
        message: expect.stringMatching(/Mars.Olympus_Mons/i),
        failedAt: '2026-02-01T00:00:00.000Z',
        retryAt: '2026-02-01T00:05:00.000Z',
      },
    ]);
    expect(await billing(ids.bob)).toEqual({ failures: 1, retryAt: '2026-02-01T00:05:00.000Z', parked: false });
    expect(await billing(ids.ann)).toEqual({ failures: 0, retryAt: null, parked: false });
  });

  it('waits 5 minutes, then 30, and after the third failure for a person', async () => {
    clock.set('2026-02-01T00:04:59Z');
    expect(await app.workers.generateInvoices()).toEqual({ found: 0, done: 0, failed: 0 });
    clock.set('2026-02-01T00:05:00Z');
    expect(await app.workers.generateInvoices()).toEqual({ found: 1, done: 0, failed: 1 });
    expect(await billing(ids.bob)).toEqual({ failures: 2, retryAt: '2026-02-01T00:35:00.000Z', parked: false });
    expect(parked).toEqual([]);
    clock.set('2026-02-01T00:35:00Z');
    expect(await app.workers.generateInvoices()).toEqual({ found: 1, done: 0, failed: 1 });
    expect(await billing(ids.bob)).toEqual({ failures: 3, retryAt: null, parked: true });
    expect(parked).toEqual([
      {
        organizationId: expect.any(String),
        subscriptionId: ids.bob,
        invoiceId: null,
        message: expect.stringMatching(/Mars.Olympus_Mons/i),
      },
    ]);
    clock.set('2026-02-02T00:00:00Z');
    expect(await app.workers.generateInvoices()).toEqual({ found: 0, done: 0, failed: 0 });
    expect(await generatorHealth()).toMatchObject({ status: 'warning', consecutive_failures: 0, parked: 1 });
    expect((await failures(ids.bob)).map(({ attempt }) => attempt)).toEqual([3, 2, 1]);
  });

  it('is taken up again by retryBilling: in vain while its cause is there, for good afterwards', async () => {
    expect((await retry(ids.bob)).retryBilling.billing).toEqual({
      failures: 1,
      retryAt: '2026-02-02T00:05:00.000Z',
      parked: false,
    });
    await setZone(ids.bob, 'UTC');
    expect((await retry(ids.bob)).retryBilling.billing).toEqual({ failures: 0, retryAt: null, parked: false });
    expect(await generatorHealth()).toMatchObject({ status: 'healthy', parked: 0 });
    expect(await world.invoices(ids.bob)).toMatchObject([
      { status: 'DRAFT', total: '10', periodEnd: '2026-02-01T00:00:00.000Z' },
    ]);
  });

  it('does not hold up the finalization of others, nor leave a hole in their numbers', async () => {
    await app.database.sql('UPDATE customers SET time_zone = $1 WHERE external_id = $2', [BROKEN_ZONE, 'ann']);
    clock.set('2026-02-02T02:00:00Z');
    expect(await app.workers.finalizeInvoices()).toEqual({ found: 3, done: 2, failed: 1 });
    expect(await numbers()).toEqual(['INV-2026-0001', 'INV-2026-0002', null]);
    expect(await failures(ids.ann)).toMatchObject([{ step: 'FINALIZE', attempt: 1, retryAt: '2026-02-02T02:05:00.000Z' }]);
    for (const at of ['2026-02-02T02:05:00Z', '2026-02-02T02:35:00Z', '2026-02-03T00:00:00Z']) {
      clock.set(at);
      await app.workers.finalizeInvoices();
    }
    expect((await failures(ids.ann)).map(({ attempt, retryAt }) => [attempt, retryAt])).toEqual([
      [3, null],
      [2, '2026-02-02T02:35:00.000Z'],
      [1, '2026-02-02T02:05:00.000Z'],
    ]);
    expect(parked.map(({ subscriptionId, invoiceId }) => [subscriptionId, invoiceId !== null])).toEqual([
      [ids.bob, false],
      [ids.ann, true],
    ]);
    await app.database.sql('UPDATE customers SET time_zone = NULL WHERE external_id = $1', ['ann']);
    expect(await app.workers.finalizeInvoices()).toEqual({ found: 0, done: 0, failed: 0 });
    await retry(ids.ann);
    expect(await app.workers.finalizeInvoices()).toEqual({ found: 1, done: 1, failed: 0 });
    expect(await numbers()).toEqual(['INV-2026-0001', 'INV-2026-0002', 'INV-2026-0003']);
  });

  it('shows the runs to an organization, each with its own share', async () => {
    const runs = `{ workerRuns(worker: invoice_generator, first: 2) { totalCount nodes { worker found done failed stopped seconds finishedAt } } }`;
    clock.set('2026-03-01T00:00:00Z');
    await app.workers.generateInvoices();
    const ran = { worker: 'invoice_generator', failed: 0, stopped: false, seconds: 0 };
    const own = await app.api.query<{ workerRuns: { totalCount: number; nodes: object[] } }>(runs);
    expect(own.workerRuns.nodes).toEqual([
      { ...ran, found: 3, done: 3, finishedAt: '2026-03-01T00:00:00.000Z' },
      { ...ran, found: 0, done: 0, finishedAt: '2026-02-02T00:00:00.000Z' },
    ]);
    const stranger = await app.addOrganization('sk_test_of_a_stranger_to_the_runs');
    const theirs = await stranger.query<{ workerRuns: { totalCount: number; nodes: object[] } }>(runs);
    expect(theirs.workerRuns.totalCount).toBe(own.workerRuns.totalCount);
    expect(theirs.workerRuns.nodes[0]).toEqual({ ...ran, found: 0, done: 0, finishedAt: '2026-03-01T00:00:00.000Z' });
    const { extensions } = await stranger.failure('mutation ($id: ID!) { retryBilling(subscriptionId: $id) { id } }', {
      id: ids.bob,
    });
    expect(extensions.code).toBe('NOT_FOUND');
  });

  it('on a test clock holds up neither the clock nor the others on it', async () => {
    const testClockId = await world.clock('2026-01-01T00:00:00Z');
    for (const name of ['kim', 'lee']) {
      await world.customer(name, { testClockId });
      ids = { ...ids, [name]: await world.subscribe(name, 'basic') };
    }
    await setZone(ids.kim, BROKEN_ZONE);
    await world.travel(testClockId, '2026-02-10T00:00:00Z');
    expect(await world.invoices(ids.lee)).toMatchObject([{ status: 'OPEN', total: '10' }]);
    expect((await failures(ids.kim)).map(({ attempt, failedAt }) => [attempt, failedAt])).toEqual([
      [3, '2026-02-01T00:35:00.000Z'],
      [2, '2026-02-01T00:05:00.000Z'],
      [1, '2026-02-01T00:00:00.000Z'],
    ]);
    expect(await billing(ids.kim)).toMatchObject({ failures: 3, parked: true });
    await setZone(ids.kim, 'UTC');
    await retry(ids.kim);
    await world.travel(testClockId, '2026-02-11T00:00:00Z');
    expect(await world.invoices(ids.kim)).toMatchObject([{ status: 'OPEN', total: '10', periodEnd: '2026-02-01T00:00:00.000Z' }]);
  });
});
