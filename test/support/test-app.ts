import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import type { AppOptions } from '../../src/app.module.js';
import { createApp } from '../../src/create-app.js';
import { WorkersService } from '../../src/modules/invoicing/index.js';
import { checkInvariants, type InvariantCheck } from '../../src/modules/invoicing/queries/check-invariants.query.js';
import { OrganizationsService } from '../../src/modules/organizations/index.js';
import { Database } from '../../src/platform/database/database.js';
import { createLog } from '../../src/platform/log.js';
import { Outbox } from '../../src/platform/outbox/outbox.js';
import type { Clock } from '../../src/shared/clock.js';
import { FakeClock } from './fake-clock.js';
import { GraphqlClient } from './graphql-client.js';
import { createDatabase, type TestDatabase } from './worker-database.js';

export interface TestApp {
  /** The application itself, for what clients cannot see: its routes and providers. */
  nest: NestFastifyApplication;
  url: string;
  api: GraphqlClient;
  apiKey: string;
  workers: WorkersService;
  /** What is to leave the process; it waits until a test runs it. */
  outbox: Outbox;
  database: TestDatabase;
  /** SQL statements that the application has sent so far. */
  statements(): number;
  /** Another organization with a key of its own. */
  addOrganization(key: string): Promise<GraphqlClient>;
  rest(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<RestAnswer>;
  /** Ends it. Whatever a test has done, the books must be in order, unless it has meddled with them itself. */
  close(options?: { withBooksInDisorder: boolean }): Promise<void>;
}

export interface RestAnswer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export const TEST_KEY = 'sk_test_0123456789abcdefghijklmnop';

/** The real application on a loopback port and a database of its own. Time is the clock's: 2026-01-01 unless one is given. */
export async function startTestApp(
  clock: Clock = new FakeClock('2026-01-01T00:00:00Z'),
  existing?: TestDatabase,
  settings: Partial<AppOptions> = {},
): Promise<TestApp> {
  const database = existing ?? (await createDatabase());
  const app = await createApp({
    databaseUrl: database.url,
    databasePoolSize: 10,
    schedulerEnabled: false,
    outboxEnabled: false,
    publicUrl: null,
    mail: null,
    graphiqlEnabled: false,
    corsOrigins: ['https://portal.example.com'],
    clock,
    logger: createLog('silent'),
    ...settings,
  });
  const organizations = app.get(OrganizationsService);
  await organizations.bootstrap(TEST_KEY);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const count = countStatements(app);
  return {
    nest: app,
    url,
    api: new GraphqlClient(url, TEST_KEY),
    apiKey: TEST_KEY,
    workers: app.get(WorkersService),
    outbox: app.get(Outbox),
    database,
    statements: () => count.statements,
    addOrganization: async (key) => {
      await organizations.bootstrap(key);
      return new GraphqlClient(url, key);
    },
    rest: (method, path, body, headers = {}) => rest(url, method, path, body, headers),
    close: async ({ withBooksInDisorder } = { withBooksInDisorder: false }) => {
      const { broken } = withBooksInDisorder ? { broken: [] } : await brokenInvariants(app);
      await app.close();
      if (!existing) await database.drop();
      if (broken.length > 0) throw new Error(`The books are in disorder: ${JSON.stringify(broken)}`);
    },
  };
}

/** What must always hold of the books and does not, by the product's own look at all of them. */
async function brokenInvariants(app: NestFastifyApplication): Promise<{ broken: InvariantCheck[] }> {
  const { checks } = await app.get(Database).acrossOrganizations('check the books', (tx) => checkInvariants(tx, null));
  return { broken: checks.filter(({ violations }) => violations > 0) };
}

function countStatements(app: NestFastifyApplication): { statements: number } {
  const count = { statements: 0 };
  const dataSource = app.get(DataSource);
  const { createQueryRunner } = dataSource;
  dataSource.createQueryRunner = (mode) => {
    const runner = createQueryRunner.call(dataSource, mode);
    const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
    runner.query = ((...args: unknown[]) => {
      count.statements += 1;
      return query(...args);
    }) as typeof runner.query;
    return runner;
  };
  return count;
}

async function rest(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<RestAnswer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'x-api-key': TEST_KEY, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : isRaw ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}
