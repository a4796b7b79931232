import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { UsageClient, type RejectedEvent, type UsageEvent } from '../../packages/client/src/index.js';
import { BillingWorld } from '../support/billing-world.js';
import { makeDataDirectory, removeDataDirectories } from '../support/data-directory.js';
import { FluxrateProcess } from '../support/fluxrate-process.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, TEST_KEY, type TestApp } from '../support/test-app.js';

const run = promisify(execFile);

const usageOf = async (api: GraphqlClient, meterId: string): Promise<{ value: string; eventCount: number }> => {
  const { usage } = await api.query<{ usage: { value: string; eventCount: number } }>(
    `query ($id: ID!) { usage(meterId: $id, from: "2020-01-01T00:00:00Z", to: "2199-01-01T00:00:00Z") { value eventCount } }`,
    { id: meterId },
  );
  return usage;
};

describe('the client', () => {
  let app: TestApp;
  let meterId: string;
  beforeAll(async () => {
    app = await startTestApp();
    meterId = await new BillingWorld(app.api).meter({ name: 'calls', aggregation: 'SUM' });
  });
  afterAll(() => app.close());

  const timestamp = '2026-01-01T00:00:00Z';
  const track = async (events: UsageEvent[], options = {}): Promise<RejectedEvent[]> => {
    const rejected: RejectedEvent[] = [];
    const client = new UsageClient({
      url: `${app.url}/`,
      apiKey: TEST_KEY,
      onRejected: (refused) => rejected.push(refused),
      ...options,
    });
    for (const event of events) expect(client.track(event)).toBe(true);
    await client.close();
    expect(client.pending).toBe(0);
    expect(client.track({ meter: 'calls', customer: 'ada', quantity: 1 })).toBe(false);
    return rejected;
  };

  it('sends exact quantities, in batches, and counts a repeated key once', async () => {
    const event = (quantity: UsageEvent['quantity'], idempotencyKey?: string): UsageEvent => ({
      meter: 'calls',
      customer: 'ada',
      quantity,
      timestamp,
      idempotencyKey,
    });
    // 0.1 + 0.2 + 12345678901234567890.5 + 7 = 12345678901234567897.8; the repeated 0.1 counts nothing.
    const events = [event(0.1, 'once'), event('0.2'), event('12345678901234567890.5'), event(7n), event(0.1, 'once')];
    expect(await track(events, { batchSize: 2 })).toEqual([]);
    expect(await usageOf(app.api, meterId)).toEqual({ value: '12345678901234567897.8', eventCount: 4 });
  });

  it('tells which events were refused; the others are stored', async () => {
    const { eventCount } = await usageOf(app.api, meterId);
    const unknown = { meter: 'nothing', customer: 'ada', quantity: 1, timestamp };
    const conflicting = { meter: 'calls', customer: 'ada', quantity: 2, timestamp, idempotencyKey: 'once' };
    const rejected = await track([unknown, { meter: 'calls', customer: 'ada', quantity: 1, timestamp }, conflicting]);
    expect(rejected.map(({ event, verdict, code }) => [event, verdict, code])).toEqual([
      [unknown, 'REJECTED', 'METER_NOT_FOUND'],
      [conflicting, 'CONFLICT', 'IDEMPOTENCY_KEY_REUSED'],
    ]);
    expect((await usageOf(app.api, meterId)).eventCount).toBe(eventCount + 1);
  });

  it('refuses to take more than its queue holds, and never waits', () => {
    const client = new UsageClient({ url: 'http://127.0.0.1:9', apiKey: TEST_KEY, queueLimit: 3, flushOnExit: false });
    expect([1, 2, 3, 4].map((quantity) => client.track({ meter: 'calls', customer: 'ada', quantity }))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(client.pending).toBe(3);
  });

  it('sends what is queued before its process ends by itself', async () => {
    const { eventCount } = await usageOf(app.api, meterId);
    await run('node_modules/.bin/tsc', ['-p', 'packages/client']);
    const program = `import { UsageClient } from './packages/client/dist/index.js';
      const client = new UsageClient({ url: '${app.url}', apiKey: '${TEST_KEY}', flushIntervalMs: 60000 });
      for (let i = 0; i < 25; i += 1) client.track({ meter: 'calls', customer: 'ada', quantity: 1, timestamp: '${timestamp}' });`;
    await run(process.execPath, ['--input-type=module', '--eval', program]);
    expect((await usageOf(app.api, meterId)).eventCount).toBe(eventCount + 25);
  });
});

/** What a server in trouble answers, one answer a request. */
describe('the client and a server in trouble', () => {
  let server: Server;
  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  async function answering(
    ...answers: { status: number; headers?: Record<string, string> }[]
  ): Promise<{ url: string; bodies: string[]; at: number[] }> {
    const bodies: string[] = [];
    const at: number[] = [];
    const textOf = async (request: IncomingMessage): Promise<string> => (await request.toArray()).join('');
    server = createServer((request, response) => {
      void textOf(request).then((body) => {
        bodies.push(body);
        at.push(performance.now());
        const { status, headers = {} } = answers.shift() ?? { status: 200 };
        response
          .writeHead(status, { connection: 'close', ...headers })
          .end(JSON.stringify({ results: [], detail: 'no', code: 'NO' }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, at };
  }

  it('repeats the same bytes until it is answered, and waits as long as it is told', async () => {
    const { url, bodies, at } = await answering(
      { status: 503 },
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 401 },
    );
    const errors: string[] = [];
    const client = new UsageClient({ url, apiKey: TEST_KEY, longestPauseMs: 20, onError: ({ message }) => errors.push(message) });
    client.track({ meter: 'calls', customer: 'ada', quantity: 1 });
    await client.close();
    expect(errors).toEqual(['Fluxrate answered 503.', 'Fluxrate answered 429.', 'Fluxrate answered 401.']);
    expect(new Set(bodies).size).toBe(1);
    expect(bodies).toHaveLength(4);
    expect(JSON.parse(bodies[0])).toMatchObject({ quantity: '1', idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(at[2] - at[1]).toBeGreaterThan(990);
  });

  it('halves a batch that is too large, and gives up what is refused for good', async () => {
    const { url, bodies } = await answering({ status: 413 }, { status: 200 }, { status: 422 });
    const rejected: RejectedEvent[] = [];
    const client = new UsageClient({ url, apiKey: TEST_KEY, onRejected: (refused) => rejected.push(refused) });
    for (const customer of ['a', 'b', 'c']) client.track({ meter: 'calls', customer, quantity: 1 });
    await client.close();
    expect(bodies.map((body) => body.split('\n').length)).toEqual([3, 2, 1]);
    expect(rejected).toEqual([
      { event: { meter: 'calls', customer: 'c', quantity: 1 }, verdict: 'REJECTED', code: 'NO', detail: 'no' },
    ]);
  });
});

describe('the client and a server that is killed', () => {
  afterAll(removeDataDirectories);

  it('loses nothing and doubles nothing', async () => {
    const environment = { DATA_DIR: makeDataDirectory(), BOOTSTRAP_API_KEY: TEST_KEY, SCHEDULER_ENABLED: 'false' };
    let server = new FluxrateProcess(environment);
    const url = await server.ready();
    const api = new GraphqlClient(url, TEST_KEY);
    const meterId = await new BillingWorld(api).meter({ name: 'calls', aggregation: 'SUM' });
    const client = new UsageClient({ url, apiKey: TEST_KEY, batchSize: 50, longestPauseMs: 200, requestTimeoutMs: 2_000 });
    const total = 6_000;
    const tracking = (async () => {
      for (let sent = 0; sent < total; sent += 1) {
        client.track({ meter: 'calls', customer: `customer-${sent % 7}`, quantity: 1 });
        if (sent % 40 === 0) await sleep(10);
      }
    })();
    for (let kill = 0; kill < 3; kill += 1) {
      await sleep(300);
      await server.stop('SIGKILL');
      server = new FluxrateProcess({ ...environment, PORT: new URL(url).port });
      await server.ready();
    }
    await tracking;
    await client.close();
    expect(await usageOf(api, meterId)).toEqual({ value: String(total), eventCount: total });
    await server.stop();
  }, 120_000);
});
