import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { makeDataDirectory, removeDataDirectories } from '../support/data-directory.js';
import { FluxrateProcess } from '../support/fluxrate-process.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { seededRandom } from '../support/seeded-random.js';
import { sendStubbornly, type SentEvent } from '../support/stubborn-senders.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp, TEST_KEY } from '../support/test-app.js';
import { createDatabase } from '../support/worker-database.js';
import { FakeClock } from '../support/fake-clock.js';

/** A small size for every run; `npm run test:faults` takes the full one. */
const FULL = process.env.FAULT_SIZE === 'full';
const KILLS = FULL ? 20 : 2;
const SENDERS = 8;
const [SENDS, DISTINCT] = FULL ? [1_000_000, 10_000] : [12_000, 1_000];
const LIMIT_MS = FULL ? 3_600_000 : 120_000;
/** How long the API may take to answer again once its database is back. */
const BACK_WITHIN_MS = 5_000;

const random = seededRandom();

interface Look {
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
}

/** Every event that was acknowledged is there once, and the counters say what adding up the events says. */
async function expectExactlyOnce(look: Look, sent: readonly SentEvent[]): Promise<void> {
  const stored = await look.sql<{ key: string; copies: string }>(
    'SELECT idempotency_key AS key, count(*) AS copies FROM usage_events GROUP BY 1 ORDER BY 1',
  );
  expect(stored.filter(({ copies }) => copies !== '1')).toEqual([]);
  expect(stored.map(({ key }) => key)).toEqual(sent.map((event) => event.idempotency_key).sort());
  const keys = await look.sql<{ count: string }>(
    'SELECT count(*) AS count FROM usage_event_keys k JOIN usage_events e ON e.id = k.event_id AND e.organization_id = k.organization_id',
  );
  expect(Number(keys[0].count)).toBe(sent.length);
  const expected = new Map<string, { events: number; total: number }>();
  for (const { customer_external_id: customer, timestamp, quantity } of sent) {
    const name = `${customer} ${timestamp.slice(0, 10)}`;
    const counter = expected.get(name) ?? { events: 0, total: 0 };
    expected.set(name, { events: counter.events + 1, total: counter.total + quantity });
  }
  const counters = await look.sql<{ name: string; events: number; total: number }>(
    `SELECT u.external_id || ' ' || c.day AS name, c.event_count::int AS events, c.total::float8 AS total
       FROM usage_counters c JOIN customers u ON u.id = c.customer_id ORDER BY 1`,
  );
  expect(new Map(counters.map(({ name, ...counter }) => [name, counter]))).toEqual(expected);
  const [{ deadlocks }] = await look.sql<{ deadlocks: number }>(
    'SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  expect(deadlocks).toBe(0);
}

let sequence = 0;
const newEvent = (now: Date): SentEvent => ({
  meter_name: 'calls',
  customer_external_id: `customer-${random(20)}`,
  quantity: 1 + random(9),
  timestamp: new Date(now.getTime() - random(3 * 86_400_000)).toISOString(),
  idempotency_key: `event-${(sequence += 1)}`,
});
/** Single events and small and larger batches, so that every way through is taken. */
const newRequest = (now: Date): SentEvent[] => Array.from({ length: [1, 1, 1, 20, 120][random(5)] }, () => newEvent(now));

/** Senders go on until `work` is done; all that they had acknowledged. */
async function whileSending(sending: Parameters<typeof sendStubbornly>[0], work: () => Promise<void>): Promise<SentEvent[]> {
  const sent: SentEvent[] = [];
  let isDone = false;
  const now = new Date(performance.timeOrigin + performance.now());
  const senders = Array.from({ length: SENDERS }, async () => {
    while (!isDone) {
      const request = newRequest(now);
      await sendStubbornly(sending, request);
      sent.push(...request);
    }
  });
  try {
    await Promise.race([work(), Promise.all(senders)]);
  } finally {
    isDone = true;
  }
  await Promise.all(senders);
  return sent;
}

const createMeter = (url: string): Promise<unknown> =>
  new GraphqlClient(url, TEST_KEY).query('mutation { createMeter(input: { name: "calls", aggregation: SUM }) { id } }');
const environment = (databaseUrl: string): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  BOOTSTRAP_API_KEY: TEST_KEY,
  SCHEDULER_ENABLED: 'false',
  LOG_LEVEL: 'warn',
});

describe('usage that arrives while things break', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  afterAll(removeDataDirectories);

  it(
    `is taken exactly once though the API is killed ${KILLS} times`,
    async () => {
      const database = await createDatabase();
      cleanUps.push(() => database.drop());
      let fluxrate = new FluxrateProcess(environment(database.url));
      cleanUps.push(() => fluxrate.stop('SIGKILL'));
      let url: string | null = await fluxrate.ready();
      await createMeter(url);
      const sent = await whileSending({ url: () => url, apiKey: TEST_KEY }, async () => {
        for (let kill = 0; kill < KILLS; kill += 1) {
          await sleep(300 + random(900));
          await fluxrate.stop('SIGKILL');
          url = null;
          fluxrate = new FluxrateProcess(environment(database.url));
          url = await fluxrate.ready();
        }
        await sleep(300);
      });
      expect(sent.length).toBeGreaterThan(KILLS * 20);
      await expectExactlyOnce(database, sent);
    },
    LIMIT_MS,
  );

  it(
    `is taken exactly once though Postgres is stopped at once ${KILLS} times, and the API needs no restart`,
    async () => {
      const dataDir = makeDataDirectory();
      const start = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dataDir, log: () => undefined });
      let postgres = await start();
      cleanUps.push(() => postgres.stop());
      const proxy = new TcpProxy(portOf(postgres.url));
      const through = new URL(postgres.url);
      through.port = String(await proxy.listen());
      cleanUps.push(async () => proxy.close());
      const fluxrate = new FluxrateProcess(environment(through.toString()));
      cleanUps.push(() => fluxrate.stop('SIGTERM'));
      const url = await fluxrate.ready();
      await createMeter(url);

      let backSince = 0;
      let slowest = 0;
      const statuses = new Map<number, number>();
      const withoutRetryAfter = new Set<number>();
      const sending = {
        url: () => url,
        apiKey: TEST_KEY,
        onAnswer: (answer: { status: number; headers: Headers } | null): void => {
          const status = answer?.status ?? 0;
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (answer && status >= 500 && !answer.headers.has('retry-after')) withoutRetryAfter.add(status);
          if (answer && status < 300 && backSince > 0) {
            slowest = Math.max(slowest, performance.now() - backSince);
            backSince = 0;
          }
        },
      };
      const sent = await whileSending(sending, async () => {
        for (let stop = 0; stop < KILLS; stop += 1) {
          await sleep(300 + random(900));
          process.kill(postmasterOf(dataDir), 'SIGQUIT');
          await postgres.stop();
          await sleep(random(1_000));
          postgres = await start();
          proxy.mend(portOf(postgres.url));
          backSince = performance.now();
          for (const began = performance.now(); backSince > 0 && performance.now() - began < 20_000;) await sleep(20);
        }
        await sleep(300);
      });
      console.log(`back after at most ${Math.round(slowest)} ms; answers by status: ${JSON.stringify([...statuses])}`);
      expect(slowest).toBeLessThan(BACK_WITHIN_MS);
      expect([...withoutRetryAfter]).toEqual([]);
      expect([...statuses.keys()].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
      expect(statuses.get(503)).toBeGreaterThan(0);
      const client = new pg.Client({ connectionString: postgres.url, options: '-c timezone=UTC' });
      await client.connect();
      cleanUps.push(() => client.end());
      await expectExactlyOnce(
        {
          sql: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
            (await client.query<Row>(text, values)).rows,
        },
        sent,
      );
    },
    LIMIT_MS,
  );

  it(
    `counts ${DISTINCT} events once though they are sent ${SENDS} times, shuffled, alone and in batches, over both edges`,
    async () => {
      const now = new Date('2026-01-10T00:00:00Z');
      const app = await startTestApp(new FakeClock(now.toISOString()));
      cleanUps.push(() => app.close());
      await createMeter(app.url);
      const events = Array.from({ length: DISTINCT }, () => newEvent(now));
      const counts = { accepted: 0, others: 0 };
      let left = SENDS;
      const sendSome = async (): Promise<void> => {
        const size = Math.min(left, [1, 7, 60, 400][random(4)]);
        left -= size;
        const batch = Array.from({ length: size }, () => events[random(DISTINCT)]);
        if (size === 7) {
          const { recordUsage } = await app.api.query<{ recordUsage: { accepted: number; duplicates: number } }>(
            'mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { accepted duplicates } }',
            { events: batch.map(graphqlEvent) },
          );
          counts.accepted += recordUsage.accepted;
          counts.others += size - recordUsage.accepted - recordUsage.duplicates;
        } else if (size === 1) {
          const { status } = await app.rest('POST', '/api/v1/sdk/track', batch[0]);
          counts.accepted += status === 201 ? 1 : 0;
          counts.others += status === 200 || status === 201 ? 0 : 1;
        } else {
          const { body } = await app.rest('POST', '/api/v1/usage/batch', { events: batch });
          counts.accepted += Number(body.accepted);
          counts.others += size - Number(body.accepted) - Number(body.duplicates);
        }
      };
      await Promise.all(
        Array.from({ length: SENDERS }, async () => {
          while (left > 0) await sendSome();
        }),
      );
      // What chance has left out.
      for (const event of events) await sendStubbornly({ url: () => app.url, apiKey: TEST_KEY }, [event]);
      expect(counts.others).toBe(0);
      expect(counts.accepted).toBeLessThanOrEqual(DISTINCT);
      await expectExactlyOnce(app.database, events);
    },
    LIMIT_MS,
  );
});

const graphqlEvent = ({ meter_name, customer_external_id, idempotency_key, ...rest }: SentEvent) => ({
  ...rest,
  meterName: meter_name,
  customerExternalId: customer_external_id,
  idempotencyKey: idempotency_key,
});
const portOf = (url: string): number => Number(new URL(url).port);
const postmasterOf = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
