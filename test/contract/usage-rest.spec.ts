import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type RestAnswer, type TestApp } from '../support/test-app.js';

const BATCH = '/api/v1/usage/batch';

describe('usage over REST', () => {
  let app: TestApp;
  let world: BillingWorld;
  let meterId: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.meter({ name: 'users', aggregation: 'UNIQUE_COUNT', valueProperty: 'member' });
  });
  afterAll(() => app.close());

  const event = (key: string, more: object = {}): Record<string, unknown> => ({
    meter_name: 'calls',
    customer_external_id: 'ada',
    timestamp: '2025-12-31T12:00:00.123456Z',
    idempotency_key: key,
    quantity: 1,
    ...more,
  });
  const send = (body: unknown, headers: Record<string, string> = {}): Promise<RestAnswer> =>
    app.rest('POST', BATCH, body, headers);
  const counts = ({ body: { accepted, duplicates, conflicts, rejected } }: RestAnswer) => [
    accepted,
    duplicates,
    conflicts,
    rejected,
  ];

  it('answers a single event with what it stored, and its repetition with the same', async () => {
    const body =
      '{"meter_name":"calls","customer_external_id":"bob","quantity":1.50,"idempotency_key":"bob-1","metadata":{"b":1,"a":"x"}}';
    const first = await app.rest('POST', '/api/v1/sdk/track', body);
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: expect.any(String),
      customer_id: expect.any(String),
      meter_id: meterId,
      timestamp: '2026-01-01T00:00:00.000000Z',
      created_at: '2026-01-01T00:00:00.000000Z',
      quantity: '1.5',
      meta_data: { a: 'x', b: 1 },
    });
    const again = await app.rest('POST', '//api/v1/usage', body);
    expect([again.status, again.body]).toEqual([200, first.body]);
    const other = await app.rest('POST', '/api/v1/usage', body.replace('1.50', '2'));
    expect([other.status, other.body.code]).toEqual([409, 'CONFLICT']);
  });

  it('gives each event of a batch its verdict, whatever the others are', async () => {
    const items = [
      event('k1'),
      event('k1'),
      event('k1', { quantity: 2 }),
      7,
      event('k2', { meter_name: 'nope' }),
      event('k3', { quantity: 'x' }),
    ];
    const answer = await send({ others: [event('k0')], events: items, events2: [{}] });
    expect(answer.status).toBe(200);
    expect(counts(answer)).toEqual([1, 1, 1, 3]);
    const results = answer.body.results as { index: number; verdict: string; id?: string; code?: string }[];
    expect(results.map(({ index, verdict, code }) => [index, verdict, code])).toEqual([
      [0, 'ACCEPTED', undefined],
      [1, 'DUPLICATE', undefined],
      [2, 'CONFLICT', 'IDEMPOTENCY_KEY_REUSED'],
      [3, 'REJECTED', 'VALIDATION_FAILED'],
      [4, 'REJECTED', 'METER_NOT_FOUND'],
      [5, 'REJECTED', 'VALIDATION_FAILED'],
    ]);
    expect(results[1].id).toBe(results[0].id);
  });

  it('reads numbers from the text, beyond what a double holds', async () => {
    await world.customer('exact');
    const quantities = ['0.1', '1.5e+21', '9007199254740993', '"123456789012345678901.123456789012345"'];
    const lines = quantities.map(
      (quantity, index) =>
        `{"meter_name":"calls","customer_external_id":"exact","idempotency_key":"e${index}","quantity":${quantity}}`,
    );
    const answer = await send(lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(counts(answer)).toEqual([4, 0, 0, 0]);
    const rows = await app.database.sql<{ value: string }>(
      `SELECT sum(value)::text AS value FROM usage_events WHERE idempotency_key LIKE 'e_'`,
    );
    // 0.1 + 1500000000000000000000 + 9007199254740993 + 123456789012345678901.123456789012345
    expect(rows[0].value).toBe('1623465796211600419894.223456789012345');
  });

  it.each([
    ['JSON', 'application/json'],
    ['NDJSON', 'application/x-ndjson'],
  ])('takes 10,000 events of %s compressed and in pieces of any size, with whatever text', async (format, type) => {
    const items = Array.from({ length: 10_000 }, (_, index) =>
      event(`${format} "${index}" \\ é 😀 {[`, { customer_external_id: `c${index % 50}`, properties: { 'a]}"': '\\"}' } }),
    );
    const text =
      format === 'JSON'
        ? JSON.stringify({ note: { events: [1] }, events: items })
        : items.map((item) => JSON.stringify(item)).join('\r\n');
    const first = await send(gzipSync(text), { 'content-type': type, 'content-encoding': 'gzip' });
    expect(counts(first)).toEqual([10_000, 0, 0, 0]);
    const bytes = Buffer.from(text);
    const cut = new ReadableStream({
      start(controller) {
        let start = 0;
        for (let size = 1; start < bytes.length; size = size < 3_000 ? size + 1 : 1 + (size % 7)) {
          controller.enqueue(bytes.subarray(start, start + size));
          start += size;
        }
        controller.close();
      },
    });
    const response = await fetch(`${app.url}${BATCH}`, {
      method: 'POST',
      headers: { 'x-api-key': app.apiKey, 'content-type': type },
      body: cut,
      duplex: 'half',
    } as RequestInit);
    expect(await response.json()).toMatchObject({ accepted: 0, duplicates: 10_000 });
    const [{ total }] = await app.database.sql<{ total: string }>(
      `SELECT sum(event_count)::text AS total FROM usage_counters c JOIN customers u ON u.id = c.customer_id WHERE u.external_id ~ '^c[0-9]'`,
    );
    expect(Number(total) % 10_000).toBe(0);
  });

  it.each([
    ['not JSON', '{"events":[', {}, 400, 'MALFORMED_REQUEST'],
    ['cut off in an event', '{"events":[{"meter_name":"calls"', {}, 400, 'MALFORMED_REQUEST'],
    ['a broken frame', '{"events":[{}{}]}', {}, 400, 'MALFORMED_REQUEST'],
    ['a broken event', '{"events":[{"a":}]}', {}, 400, 'MALFORMED_REQUEST'],
    ['two brackets that do not match', '{"events":[{"a":[}]}', {}, 400, 'MALFORMED_REQUEST'],
    ['a key twice', '{"events":[{"quantity":1,"quantity":2}]}', {}, 400, 'MALFORMED_REQUEST'],
    ['no list', '{"events":{}}', {}, 422, 'VALIDATION_FAILED'],
    ['another name', '{"event":[{}]}', {}, 422, 'VALIDATION_FAILED'],
    ['no events', '{"events":[]}', {}, 422, 'VALIDATION_FAILED'],
    ['too many events', `{"events":[${'{},'.repeat(10_000)}{}]}`, {}, 422, 'VALIDATION_FAILED'],
    ['not UTF-8', Buffer.from([...Buffer.from('{"events":[{"a":"'), 0xff, ...Buffer.from('"}]}')]), {}, 400, 'MALFORMED_REQUEST'],
    ['not gzip', '{}', { 'content-encoding': 'gzip' }, 400, 'MALFORMED_REQUEST'],
    ['cut off gzip', gzipSync('{"events":[]}').subarray(0, 20), { 'content-encoding': 'gzip' }, 400, 'MALFORMED_REQUEST'],
    ['a bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024, 32)), { 'content-encoding': 'gzip' }, 413, 'PAYLOAD_TOO_LARGE'],
    ['another compression', '{}', { 'content-encoding': 'br' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['text', '{}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no key', '{"events":[{}]}', { 'x-api-key': '' }, 401, 'UNAUTHENTICATED'],
  ])('refuses %s', async (_, body, headers, status, code) => {
    const answer = await send(body, headers);
    expect([answer.status, answer.body.code, typeof answer.body.detail]).toEqual([status, code, 'string']);
  });

  it('stores nothing of a body that breaks off after good events', async () => {
    const answer = await send(`{"events":[${JSON.stringify(event('broken-off'))},`);
    expect(answer.status).toBe(400);
    expect(await app.database.sql(`SELECT 1 FROM usage_events WHERE idempotency_key = 'broken-off'`)).toEqual([]);
  });

  it('needs the scope usage.write, and ends with the key', async () => {
    const { createApiKey: reader } = await app.api.query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "r", scopes: ["usage.read"] }) { secret } }`,
    );
    expect((await send({ events: [event('r')] }, { 'x-api-key': reader.secret })).status).toBe(403);
    const { createApiKey: writer } = await app.api.query<{ createApiKey: { secret: string; apiKey: { id: string } } }>(
      `mutation { createApiKey(input: { name: "w", scopes: ["usage.write"] }) { secret apiKey { id } } }`,
    );
    expect((await send({ events: [event('w')] }, { 'x-api-key': writer.secret })).status).toBe(200);
    await app.api.query(`mutation ($id: ID!) { revokeApiKey(id: $id) { id } }`, { id: writer.apiKey.id });
    expect((await send({ events: [event('w')] }, { 'x-api-key': writer.secret })).status).toBe(401);
  });
});
