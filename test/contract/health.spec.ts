import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

const NO_KEY = { 'x-api-key': '' };

describe('health', () => {
  const clock = new FakeClock('2026-03-01T10:00:00Z');
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(clock);
  });
  afterAll(() => app.close());

  it('is told without a key', async () => {
    expect(await app.rest('GET', '/health', undefined, NO_KEY)).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await app.rest('GET', '/health/ready', undefined, NO_KEY)).toMatchObject({
      status: 200,
      body: { status: 'ok', database: 'ok' },
    });
  });

  it('of the workers is told with any key, and with none refused', async () => {
    expect(await app.rest('GET', '/api/v1/workers/health', undefined, NO_KEY)).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHENTICATED' },
    });
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "sender", scopes: ["usage.write"] }) { secret } }',
    );
    const { status } = await app.rest('GET', '/api/v1/workers/health', undefined, { 'x-api-key': createApiKey.secret });
    expect(status).toBe(200);
  });

  it('of the workers follows their runs', async () => {
    const unknown = { status: 'unknown', consecutive_failures: 0, last_run: null };
    expect(await app.rest('GET', '/api/v1/workers/health')).toMatchObject({
      status: 200,
      body: {
        timestamp: '2026-03-01T10:00:00.000Z',
        scheduler: { running: false, jobs: [] },
        workers: { invoice_generator: unknown, invoice_finalizer: unknown },
        overall_status: 'unknown',
      },
    });

    await app.workers.generateInvoices();
    await app.workers.finalizeInvoices();
    const well = { status: 'healthy', consecutive_failures: 0, last_run: '2026-03-01T10:00:00.000Z' };
    expect((await app.rest('GET', '/api/v1/workers/health')).body).toMatchObject({
      workers: { invoice_generator: well, invoice_finalizer: well },
      overall_status: 'healthy',
    });

    // The finalizer runs every 5 minutes and has missed two ticks; the generator's next is at 11:00.
    clock.set('2026-03-01T10:10:01Z');
    expect((await app.rest('GET', '/api/v1/workers/health')).body).toMatchObject({
      workers: { invoice_generator: well, invoice_finalizer: { ...well, status: 'stale' } },
      overall_status: 'stale',
    });
  });
});

describe('while the database is gone', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let app: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    const url = new URL(database.url);
    proxy = new TcpProxy(Number(url.port));
    url.port = String(await proxy.listen());
    app = await startTestApp(undefined, { ...database, url: url.toString() });
  });
  afterAll(async () => {
    await app.close();
    proxy.close();
    await database.drop();
  });

  it('the process lives, is not ready, says so to callers, and recovers by itself', async () => {
    proxy.cut();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await app.rest('GET', '/health', undefined, NO_KEY)).status).toBe(200);
      const ready = await app.rest('GET', '/health/ready', undefined, NO_KEY);
      expect(ready).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
      expect(ready.headers.get('retry-after')).toBe('1');
      const failure = await app.api.failure('{ plans { totalCount } }');
      expect(failure.extensions.code).toBe('SERVICE_UNAVAILABLE');
      expect((await app.rest('POST', '/api/v1/usage/batch', { events: [] })).status).toBe(503);
      expect(await app.workers.generateInvoices()).toEqual({ found: 0, done: 0, failed: 0 });
    }
    proxy.mend();
    expect((await app.rest('GET', '/health/ready', undefined, NO_KEY)).status).toBe(200);
    expect(await app.api.query('{ plans { totalCount } }')).toEqual({ plans: { totalCount: 0 } });
  });

  it('what was on its way is answered as unavailable', async () => {
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE plans IN ACCESS EXCLUSIVE MODE');
    const inFlight = app.api.failure('{ plans { totalCount } }');
    await eventually('the query waits', async () => {
      const { rowCount } = await holder.query('SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass', ['plans']);
      return rowCount === 1;
    });
    proxy.cut();
    expect((await inFlight).extensions.code).toBe('SERVICE_UNAVAILABLE');
    proxy.mend();
    await holder.end();
  });
});
