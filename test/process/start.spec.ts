import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { serverProcesses } from '../../src/platform/database/embedded-postgres-processes.js';
import { SCOPES } from '../../src/shared/actor.js';
import { BillingWorld } from '../support/billing-world.js';
import { makeDataDirectory, removeDataDirectories } from '../support/data-directory.js';
import { FluxrateProcess } from '../support/fluxrate-process.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

/** On a machine that has other things to do, starting may take in proportion longer. */
const READY_LIMIT_MS = 6_000 * Math.max(1, loadavg()[0] / availableParallelism());
const TEST_KEY = 'sk_test_0123456789abcdefghijklmnop';
const LIVE_KEY = 'sk_live_0123456789abcdefghijklmnop';

const running: FluxrateProcess[] = [];
const databases: TestDatabase[] = [];

function start(environment: Record<string, string>): FluxrateProcess {
  const fluxrate = new FluxrateProcess({ LOG_LEVEL: 'warn', ...environment });
  running.push(fluxrate);
  return fluxrate;
}

async function freshDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  return database;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((fluxrate) => fluxrate.stop()));
  await Promise.all(databases.splice(0).map((database) => database.drop()));
  removeDataDirectories();
});

/** The name the API knows the customer under; null: none. */
async function customerName(api: GraphqlClient, externalId: string): Promise<string | null> {
  const { customer } = await api.query<{ customer: { name: string } | null }>(
    'query ($id: String!) { customer(externalId: $id) { name } }',
    { id: externalId },
  );
  return customer?.name ?? null;
}

/** When each job runs next, as the health of the workers tells. */
async function scheduledJobs(url: string, apiKey: string): Promise<Record<string, string>> {
  const response = await fetch(`${url}/api/v1/workers/health`, { headers: { 'x-api-key': apiKey } });
  const { scheduler } = (await response.json()) as { scheduler: { jobs: { id: string; next_run_time: string }[] } };
  return Object.fromEntries(scheduler.jobs.map(({ id, next_run_time }) => [id, next_run_time]));
}

/** The page and everything it loads comes from the process itself, and may come from nowhere else. */
async function expectGraphiql(url: string): Promise<void> {
  const page = await fetch(`${url}/graphiql`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
  expect(page.headers.get('content-security-policy')).not.toMatch(/https?:/);
  const loaded = [...(await page.text()).matchAll(/(?:src|href)="(graphiql[^"]*)"/g)].map(([, path]) => path);
  expect(loaded).toHaveLength(5);
  for (const path of [...loaded, 'graphiql/examples.json']) {
    const { status, headers } = await fetch(`${url}/${path}`);
    expect([path, status, headers.get('content-type')]).toEqual([
      path,
      200,
      expect.stringMatching(/^(text\/(javascript|css)|application\/json); charset=utf-8$/),
    ]);
  }
}

describe('a start on an empty directory', () => {
  it('serves within 6 s, says where and shows a key once; the data survives a restart', async () => {
    const dataDir = join(makeDataDirectory(), 'not', 'there', 'yet');
    const began = performance.now();
    const first = start({ DATA_DIR: dataDir });
    const url = await first.ready();
    const ready = await fetch(`${url}/health/ready`);
    console.log(`ready after ${Math.round(performance.now() - began)} ms`);
    expect(ready.status).toBe(200);
    expect(performance.now() - began).toBeLessThan(READY_LIMIT_MS);
    expect(first.apiKey).toMatch(/^sk_test_[A-Za-z0-9_-]{43}$/);
    expect(first.stdout).toEqual([
      `Fluxrate serves GraphQL at ${url}/graphql`,
      `GraphiQL: ${url}/graphiql`,
      `API key of the first organization (shown this once): ${first.apiKey}`,
    ]);
    expect(first.stderr).toEqual([]);
    await new BillingWorld(new GraphqlClient(url, first.apiKey)).customer('ada', { name: 'Ada' });
    expect(await scheduledJobs(url, first.apiKey ?? '')).toEqual({
      billing_invariants: expect.stringMatching(/T04:10:00.000Z$/),
      entitlement_alerts: expect.stringMatching(/:\d[05]:00.000Z$/),
      invoice_finalizer: expect.stringMatching(/:\d[05]:00.000Z$/),
      invoice_generator: expect.stringMatching(/:00:00.000Z$/),
      overdue_scan: expect.stringMatching(/:10:00.000Z$/),
      reminder_scan: expect.stringMatching(/:20:00.000Z$/),
      usage_partitions: expect.stringMatching(/:20:00.000Z$/),
      usage_reconciler: expect.stringMatching(/T03:40:00.000Z$/),
      usage_retention: expect.stringMatching(/T02:40:00.000Z$/),
    });
    await expectGraphiql(url);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    expect(serverProcesses(join(dataDir, 'postgres'))).toEqual([]);

    const second = start({ DATA_DIR: dataDir, GRAPHIQL_ENABLED: 'false' });
    const nextUrl = await second.ready();
    expect(second.stdout).toEqual([`Fluxrate serves GraphQL at ${nextUrl}/graphql`]);
    expect((await fetch(`${nextUrl}/graphiql`)).status).toBe(404);
    expect(await customerName(new GraphqlClient(nextUrl, first.apiKey), 'ada')).toBe('Ada');
  });

  it.each([
    [TEST_KEY, 'TEST'],
    [LIVE_KEY, 'LIVE'],
  ])('takes the key %s as given, with all scopes, in %s mode; again, it changes nothing', async (key, mode) => {
    const database = await freshDatabase();
    const first = start({ DATABASE_URL: database.url, BOOTSTRAP_API_KEY: key });
    const api = new GraphqlClient(await first.ready(), key);
    expect([...first.stdout, ...first.stderr].join('\n')).not.toContain(key);
    const { createApiKey } = await api.query<{ createApiKey: { secret: string } }>(
      `mutation ($scopes: [String!]!) { createApiKey(input: { name: "all", scopes: $scopes }) { secret } }`,
      { scopes: SCOPES },
    );
    expect(createApiKey.secret).toMatch(new RegExp(`^sk_${mode.toLowerCase()}_`));
    const clock = await api.send('mutation { createTestClock(now: "2026-01-01T00:00:00Z") { id } }');
    expect(clock.errors === undefined).toBe(mode === 'TEST');
    await first.stop();

    const stored = 'SELECT id, mode, created_at FROM organizations';
    const [organization, ...others] = await database.sql(stored);
    expect(organization).toMatchObject({ mode });
    expect(others).toEqual([]);
    const second = start({ DATABASE_URL: database.url, BOOTSTRAP_API_KEY: key });
    expect(await customerName(new GraphqlClient(await second.ready(), key), 'nobody')).toBeNull();
    await second.stop();
    expect(await database.sql(stored)).toEqual([organization]);
  });
});

describe('a start that cannot be', () => {
  /** Waits for the end; the one line it is to say, and nothing on its output. */
  async function refusal(environment: Record<string, string>): Promise<string> {
    const refused = start({ DATA_DIR: makeDataDirectory(), LOG_LEVEL: 'info', ...environment });
    expect(await refused.ended()).toEqual({ code: 1, signal: null });
    expect(refused.stdout).toEqual([]);
    expect(refused.stderr).toHaveLength(1);
    return refused.stderr[0];
  }

  it('ends with one line for a bad variable', async () => {
    expect(await refusal({ PORT: 'http' })).toBe(
      'Fluxrate cannot start: PORT must be a whole number from 0 to 65535, not "http".',
    );
  });

  it('ends with one line where another Fluxrate uses the data directory, which goes on', async () => {
    const dataDir = makeDataDirectory();
    const first = start({ DATA_DIR: dataDir });
    const url = await first.ready();
    expect(await refusal({ DATA_DIR: dataDir })).toBe(
      `Fluxrate cannot start: another Fluxrate, process ${first.pid}, is using ${dataDir}`,
    );
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('ends with one line where the port is taken; the key of the first organization is not lost by it', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const port = String((listener.address() as AddressInfo).port);
    const { url } = await freshDatabase();
    expect(await refusal({ DATABASE_URL: url, PORT: port })).toBe(
      `Fluxrate cannot start: port ${port} is taken. Stop what listens there, or set PORT to another one.`,
    );
    listener.close();
    const next = start({ DATABASE_URL: url });
    await next.ready();
    expect(next.apiKey).toMatch(/^sk_test_/);
  });

  it('ends with one line where HOST, DATA_DIR or the database is not usable', async () => {
    expect(await refusal({ DATABASE_URL: (await freshDatabase()).url, HOST: '192.0.2.1' })).toBe(
      'Fluxrate cannot start: HOST "192.0.2.1" is not an address of this machine.',
    );
    expect(await refusal({ DATA_DIR: '/dev/null/data' })).toMatch(
      /^Fluxrate cannot start: DATA_DIR \/dev\/null\/data cannot be used: ENOTDIR/,
    );
    expect(await refusal({ DATABASE_URL: 'postgres://me:geheim@127.0.0.1:1/fluxrate' })).toBe(
      'Fluxrate cannot start: the database at 127.0.0.1:1 cannot be used: connect ECONNREFUSED 127.0.0.1:1',
    );
    const wrongPassword = new URL(process.env.TEST_POSTGRES_URL ?? '');
    wrongPassword.password = 'geheim';
    expect(await refusal({ DATABASE_URL: wrongPassword.toString() })).toBe(
      `Fluxrate cannot start: the database at ${wrongPassword.host} cannot be used: password authentication failed for user "fluxrate"`,
    );
  });
});
