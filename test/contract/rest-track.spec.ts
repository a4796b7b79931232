import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type RestAnswer, type TestApp } from '../support/test-app.js';

type Body = Record<string, unknown>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `POST /sdk/track` and `POST /usage`: one event, as clients in the field send it. The clock stands at 2026-01-01T00:00:00Z. */
describe('one event over REST', () => {
  let app: TestApp;
  let stranger: GraphqlClient;
  let meterId: string;
  let token: string;
  let foreignToken: string;
  beforeAll(async () => {
    app = await startTestApp();
    stranger = await app.addOrganization('sk_test_of_the_other_organization');
    const tokenOf = async (api: GraphqlClient, id: string): Promise<string> =>
      (await api.query<{ meter: { token: string } }>('query ($id: ID!) { meter(id: $id) { token } }', { id })).meter.token;
    const world = new BillingWorld(app.api);
    meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.meter({ name: 'users', aggregation: 'UNIQUE_COUNT' });
    token = await tokenOf(app.api, meterId);
    foreignToken = await tokenOf(stranger, await new BillingWorld(stranger).meter({ name: 'theirs', aggregation: 'SUM' }));
  });
  afterAll(() => app.close());

  const track = (body: unknown, headers?: Record<string, string>): Promise<RestAnswer> =>
    app.rest('POST', '/api/v1/sdk/track', body, headers);
  const usage = (body: unknown, headers?: Record<string, string>): Promise<RestAnswer> =>
    app.rest('POST', '/api/v1/usage', body, headers);
  const event = (more: Body = {}): Body => ({ meter_token: token, customer_external_id: 'ada', quantity: 1, ...more });
  /** The request's text with the quantity written as it is given, and not as JavaScript would. */
  const withQuantity = (quantity: string): string => JSON.stringify(event({ quantity: '?' })).replace('"?"', quantity);

  it('is stored and answered with 201 and the stored event', async () => {
    const { status, body } = await track(
      event({ quantity: 2.5, timestamp: '2025-12-31T23:00:00+01:00', metadata: { region: 'eu' } }),
    );
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(UUID),
      customer_id: expect.stringMatching(UUID),
      meter_id: meterId,
      timestamp: '2025-12-31T22:00:00.000000Z',
      created_at: '2026-01-01T00:00:00.000000Z',
      quantity: '2.5',
      meta_data: { region: 'eu' },
    });
    const { customer } = await app.api.query<{ customer: Body }>('{ customer(externalId: "ada") { id provisional } }');
    expect(customer).toEqual({ id: body.customer_id, provisional: true });
  });

  it.each([
    ['0.1', '0.1'],
    ['1.5e+21', '1500000000000000000000'],
    ['1.5E21', '1500000000000000000000'],
    ['123456789012345678.123', '123456789012345678.123'],
    ['9007199254740993', '9007199254740993'],
    ['0.000000000000001', '0.000000000000001'],
    ['1e-15', '0.000000000000001'],
    ['999999999999999999999999.999999999999999', '999999999999999999999999.999999999999999'],
    ['100', '100'],
    ['1.0', '1'],
    ['"0.30000000000000001"', undefined],
    ['"0.3"', '0.3'],
  ])('the quantity %s is stored to the digit', async (sent, stored) => {
    const { status, body } = await track(withQuantity(sent));
    if (stored === undefined) expect(status).toBe(422);
    else expect([status, body.quantity]).toEqual([201, stored]);
  });

  it('without metadata the reply has null; numbers in it keep their digits', async () => {
    expect((await track(event())).body.meta_data).toBeNull();
    const text = JSON.stringify(event({ metadata: { n: '?', m: 1.5 } })).replace('"?"', '12345678901234567890.5');
    expect((await track(text)).body.meta_data).toEqual({ n: '12345678901234567890.5', m: 1.5 });
  });

  it('the same key and content again: 200 and the first answer; other content: 409, and nothing changes', async () => {
    const first = await track(event({ idempotency_key: 'once', timestamp: '2025-12-30T00:00:00Z' }));
    const before = await dump(app.database);
    // The same instant written in another zone, and the same number with a zero, are the same content.
    const again = await track(
      withQuantity('1.00').replace('}', ',"idempotency_key":"once","timestamp":"2025-12-30T01:00:00+01:00"}'),
    );
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    const other = await track(event({ idempotency_key: 'once', timestamp: '2025-12-30T00:00:00Z', quantity: 2 }));
    expect(other).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT', field: 'idempotency_key', detail: expect.any(String) },
    });
    expect(await dump(app.database)).toEqual(before);
  });

  it('a hundred retries at once are one event', async () => {
    const retry = event({ idempotency_key: 'storm', customer_external_id: 'storm' });
    const answers = await Promise.all(Array.from({ length: 100 }, () => track(retry)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(99).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('without a key each is an event of its own; without a timestamp it happened on receipt', async () => {
    const [a, b] = [await track(event()), await track(event())];
    expect([a.status, b.status]).toEqual([201, 201]);
    expect(a.body.id).not.toBe(b.body.id);
    expect(a.body.timestamp).toBe('2026-01-01T00:00:00.000000Z');
  });

  it('a retry without a timestamp is the same event', async () => {
    const retry = event({ idempotency_key: 'no-timestamp' });
    expect([(await track(retry)).status, (await track(retry)).status]).toEqual([201, 200]);
  });

  it.each([
    ['2025-12-31T23:59:59.123456Z', '2025-12-31T23:59:59.123456Z'],
    ['2025-12-31T23:59:59.123456789Z', '2025-12-31T23:59:59.123456Z'],
    ['2025-12-31T23:59:59.1Z', '2025-12-31T23:59:59.100000Z'],
    ['2025-12-31t23:59:59z', '2025-12-31T23:59:59.000000Z'],
    ['2025-12-31T18:29:59-05:30', '2025-12-31T23:59:59.000000Z'],
    ['2026-01-01T00:05:00Z', '2026-01-01T00:05:00.000000Z'],
  ])('the time %s is kept', async (timestamp, stored) => {
    const { status, body } = await track(event({ timestamp }));
    expect([status, body.timestamp]).toEqual([201, stored]);
  });

  it.each(['/api/v1//sdk/track', '//api/v1/sdk/track', '/api/v1/sdk/track/', '/api/v1//usage'])(
    '%s is the same route',
    async (path) => {
      const response = await fetch(`${app.url}${path}`, {
        method: 'POST',
        redirect: 'error',
        headers: { 'content-type': 'application/json', 'x-api-key': app.apiKey },
        body: JSON.stringify(event()),
      });
      expect(response.status).toBe(201);
    },
  );

  it('/usage takes the meter by name and calls its data properties', async () => {
    const { status, body } = await usage({ meter_name: 'users', customer_external_id: 'ada', properties: { user_id: 7 } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ quantity: null, meta_data: { user_id: 7 } });
    expect((await usage({ meter_token: token, customer_external_id: 'ada', quantity: 1 })).status).toBe(201);
  });

  it.each<[what: string, body: Body, status: number, code: string, field?: string | null, reason?: string]>([
    ['no token', { meter_token: undefined }, 422, 'VALIDATION_FAILED'],
    ['two names of a meter', { meter_name: 'calls' }, 422, 'VALIDATION_FAILED'],
    ['a token that is a number', { meter_token: 1 }, 422, 'VALIDATION_FAILED', 'meter_token'],
    ['an unknown token', { meter_token: '018f0000-0000-7000-8000-000000000000' }, 404, 'NOT_FOUND', null, 'METER_NOT_FOUND'],
    ['a token that is none', { meter_token: 'x' }, 404, 'NOT_FOUND'],
    ['no customer', { customer_external_id: undefined }, 422, 'VALIDATION_FAILED', 'customer_external_id'],
    ['a customer that is null', { customer_external_id: null }, 422, 'VALIDATION_FAILED', 'customer_external_id'],
    ['a customer that is a number', { customer_external_id: 1 }, 422, 'VALIDATION_FAILED', 'customer_external_id'],
    ['a customer of spaces', { customer_external_id: '  ' }, 422, 'VALIDATION_FAILED'],
    ['no quantity', { quantity: undefined }, 422, 'VALIDATION_FAILED', null, 'VALUE_MISSING'],
    ['a quantity that is a boolean', { quantity: true }, 422, 'VALIDATION_FAILED', 'quantity'],
    ['a quantity that is a list', { quantity: [1] }, 422, 'VALIDATION_FAILED', 'quantity'],
    ['a quantity that is text', { quantity: 'one' }, 422, 'VALIDATION_FAILED'],
    ['quantity 0', { quantity: 0 }, 422, 'VALIDATION_FAILED', null, 'VALUE_INVALID'],
    ['a negative quantity', { quantity: -1 }, 422, 'VALIDATION_FAILED', null, 'NEGATIVE_NOT_ALLOWED'],
    ['a timestamp without offset', { timestamp: '2025-12-31T00:00:00' }, 422, 'VALIDATION_FAILED', 'timestamp'],
    ['a timestamp that is a number', { timestamp: 1767225600 }, 422, 'VALIDATION_FAILED', 'timestamp'],
    ['February 30', { timestamp: '2025-02-30T00:00:00Z' }, 422, 'VALIDATION_FAILED', 'timestamp'],
    [
      'a timestamp too far ahead',
      { timestamp: '2026-01-01T00:05:00.001Z' },
      422,
      'VALIDATION_FAILED',
      null,
      'TIMESTAMP_IN_FUTURE',
    ],
    ['a key that is a number', { idempotency_key: 1 }, 422, 'VALIDATION_FAILED', 'idempotency_key'],
    ['a key of 256 characters', { idempotency_key: 'x'.repeat(256) }, 422, 'VALIDATION_FAILED'],
    ['metadata that is a list', { metadata: [] }, 422, 'VALIDATION_FAILED', 'metadata'],
    ['metadata that is text', { metadata: 'x' }, 422, 'VALIDATION_FAILED', 'metadata'],
    ['metadata with NUL', { metadata: { a: '\u0000' } }, 422, 'VALIDATION_FAILED'],
    ['metadata that is long', { metadata: { a: 'x'.repeat(20_000) } }, 422, 'VALIDATION_FAILED'],
  ])('%s is refused', async (...[, more, status, code, field, reason]) => {
    const before = await dump(app.database);
    const { status: answered, body } = await track(event(more));
    expect([answered, body.code]).toEqual([status, code]);
    if (field) expect(body.field).toBe(field);
    if (reason) expect(body.details).toEqual({ code: reason });
    expect(body.detail).toMatch(/^\S.*\.$/);
    expect(await dump(app.database)).toEqual(before);
  });

  it.each(['1e999', '1e24', '1e-16', '1'.repeat(40)])('the quantity %s is refused', async (quantity) => {
    expect(await track(withQuantity(quantity))).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED', detail: expect.any(String) },
    });
  });

  it('another organization’s token answers like an unknown one', async () => {
    const unknown = await track(event({ meter_token: '018f0000-0000-7000-8000-000000000000' }));
    const foreign = await track(event({ meter_token: foreignToken }));
    expect([foreign.status, foreign.body]).toEqual([unknown.status, unknown.body]);
  });

  it('the same key in another organization is another key', async () => {
    const key = 'shared-key';
    const theirs = { meter_token: foreignToken, customer_external_id: 'ada', quantity: 5, idempotency_key: key };
    const ours = await track(event({ idempotency_key: key }));
    expect(ours.status).toBe(201);
    expect((await track(theirs, { 'x-api-key': stranger.apiKey ?? '' })).status).toBe(201);
    expect((await track(theirs, { 'x-api-key': stranger.apiKey ?? '' })).status).toBe(200);
    expect((await track(event({ idempotency_key: key }))).body).toEqual(ours.body);
  });

  it('older than 90 days needs the scope to backfill', async () => {
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "plain", scopes: ["usage.write"] }) { secret } }`,
    );
    const plain = { 'x-api-key': createApiKey.secret };
    const old = event({ timestamp: '2025-10-02T23:59:59Z' });
    expect(await track(old, plain)).toMatchObject({ status: 422, body: { detail: expect.stringMatching(/90 days/) } });
    expect((await track(event({ timestamp: '2025-10-03T00:00:00Z' }), plain)).status).toBe(201);
    expect((await track(old)).status).toBe(201);
  });

  it('fields that it does not know are ignored, __proto__ among them', async () => {
    const text = JSON.stringify(event({ id: 'mine', created_at: 'x', organization_id: 'x' })).replace(
      '{',
      '{"__proto__":{"quantity":5},',
    );
    const { status, body } = await track(text);
    expect([status, body.quantity]).toEqual([201, '1']);
    const inside = JSON.stringify(event({ metadata: { a: 1 } })).replace(
      '{"a":1}',
      '{"__proto__":{"polluted":true},"constructor":1}',
    );
    const stored = await track(inside);
    expect(stored.status).toBe(201);
    expect(Object.keys(stored.body.meta_data as object).sort()).toEqual(['__proto__', 'constructor']);
    expect(({} as Body).polluted).toBeUndefined();
  });
});
