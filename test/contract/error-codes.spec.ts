import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HTTP_STATUS, type ErrorCode } from '../../src/shared/errors.js';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type RestAnswer, type TestApp } from '../support/test-app.js';

const EVENT = { meter_name: 'calls', customer_external_id: 'ada', quantity: 1 };

describe('error codes', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    await new BillingWorld(app.api).meter({ name: 'calls', aggregation: 'SUM' });
  });
  afterAll(() => app.close());

  const post = (body: unknown, headers?: Record<string, string>): Promise<RestAnswer> =>
    app.rest('POST', '/api/v1/usage', body, headers);

  it('on the REST edge each has its status, a sentence, and nothing else', async () => {
    const provoked: [ErrorCode, () => Promise<RestAnswer>][] = [
      ['UNAUTHENTICATED', () => post(EVENT, { 'x-api-key': 'sk_test_nobody_has_this_one_0001' })],
      ['NOT_FOUND', () => post({ ...EVENT, meter_name: 'unknown' })],
      ['VALIDATION_FAILED', () => post({ ...EVENT, quantity: true })],
      ['MALFORMED_REQUEST', () => post('{')],
      ['PAYLOAD_TOO_LARGE', () => post(`"${'x'.repeat(16 * 1024 * 1024)}"`)],
      ['UNSUPPORTED_MEDIA_TYPE', () => post('x', { 'content-type': 'text/plain' })],
      [
        'CONFLICT',
        async () => {
          await post({ ...EVENT, idempotency_key: 'k' });
          return post({ ...EVENT, idempotency_key: 'k', quantity: 2 });
        },
      ],
    ];
    for (const [code, provoke] of provoked) {
      const { status, body } = await provoke();
      expect({ code: body.code, status }).toEqual({ code, status: HTTP_STATUS[code] });
      expect(body.detail).toMatch(/^\S.*[a-z].*$/s);
      expect(Object.keys(body).filter((key) => !['code', 'detail', 'field', 'details'].includes(key))).toEqual([]);
    }
  });

  it('a failure of ours tells nothing of us, at either edge', async () => {
    const OURS = /quantity_gone|usage_events|relation|SELECT|INSERT|QueryFailed|node_modules|\.js|\bat /i;
    const sentence = 'Something went wrong on our side. The request changed nothing.';
    await app.database.sql('ALTER TABLE usage_events RENAME COLUMN quantity TO quantity_gone');
    try {
      const rest = await post(EVENT);
      expect(rest).toMatchObject({ status: 500, body: { code: 'INTERNAL_ERROR', detail: sentence } });
      const graphql = await app.api.failure(
        `mutation { recordUsage(events: [{ meterName: "calls", customerExternalId: "ada", quantity: "1" }]) { accepted } }`,
      );
      expect(graphql).toMatchObject({ message: sentence, extensions: { code: 'INTERNAL_ERROR' }, path: ['recordUsage'] });
      const nested = await app.api.failure('{ usageEvents { nodes { id } } }');
      expect(nested).toMatchObject({ message: sentence, extensions: { code: 'INTERNAL_ERROR' } });
      for (const answer of [rest.body, graphql, nested]) expect(JSON.stringify(answer)).not.toMatch(OURS);
      expect(Object.keys(graphql.extensions)).toEqual(['code']);
    } finally {
      await app.database.sql('ALTER TABLE usage_events RENAME COLUMN quantity_gone TO quantity');
    }
    expect((await post(EVENT)).status).toBe(201);
  });

  it('a constraint that no code of ours knows is a failure of ours, unnamed', async () => {
    await app.database.sql(`ALTER TABLE meters ADD CONSTRAINT no_such_rule CHECK (name <> 'forbidden') NOT VALID`);
    const refused = await app.api.failure('mutation { createMeter(input: { name: "forbidden", aggregation: SUM }) { id } }');
    expect(refused).toMatchObject({ extensions: { code: 'INTERNAL_ERROR' } });
    expect(JSON.stringify(refused)).not.toMatch(/no_such_rule|meters|check/);
    await app.database.sql('ALTER TABLE meters DROP CONSTRAINT no_such_rule');
  });

  it('a route that is none, and a method that is none, answer in the same shape', async () => {
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['GET', '/api/v1/sdk/track'],
      ['DELETE', '/api/v1/usage'],
      ['GET', '/api/v1/%zz'],
    ]) {
      const { status, body } = await app.rest(method, path);
      expect([400, 404]).toContain(status);
      expect(body).toEqual({ code: status === 404 ? 'NOT_FOUND' : 'MALFORMED_REQUEST', detail: expect.any(String) });
    }
  });
});
