import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('entitlements on the REST edge', () => {
  let app: TestApp;
  let world: EntitlementWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new EntitlementWorld(app.api);
    const calls = await world.meterFeature('calls');
    const sso = await world.feature({ lookupKey: 'sso', type: 'SWITCH' });
    const model = await world.feature({ lookupKey: 'model', type: 'CUSTOM' });
    const size = await world.feature({ lookupKey: 'size', type: 'CUSTOM' });
    await world.planWith('pro', [
      { featureId: calls, limit: '10.5', resetPeriod: 'MONTH' },
      { featureId: sso },
      { featureId: model, value: 'tiny "1"' },
      { featureId: size, value: '12345678901234567890.5' },
    ]);
    for (const customer of ['ada', 'bob']) await world.customer(customer);
    await world.subscribe('ada', 'pro');
    await world.use('calls', 'ada', '2026-01-01T00:00:00Z', '4.25');
  });
  afterAll(() => app.close());

  const get = (query: string, headers?: Record<string, string>) =>
    app.rest('GET', `/api/v1/entitlements/check${query}`, undefined, headers);

  it('answers one check', async () => {
    const { status, body, headers } = await get('?customer_external_id=ada&feature=calls&quantity=6.25');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toEqual({
      allowed: true,
      reason: 'GRANTED',
      limit: '10.5',
      used: '4.25',
      remaining: '6.25',
      resets_at: '2026-02-01T00:00:00.000Z',
      soft_limit: false,
    });
    expect((await get('?customer_external_id=ada&feature=calls&quantity=6.26')).body).toMatchObject({
      allowed: false,
      reason: 'LIMIT_REACHED',
    });
    expect((await get('?customer_external_id=bob&feature=sso')).body).toEqual({
      allowed: false,
      reason: 'NO_ACTIVE_SUBSCRIPTION',
      limit: null,
      used: null,
      remaining: null,
      resets_at: null,
    });
  });

  it('types custom values: text is a string, a number a number with all its digits', async () => {
    expect((await get('?customer_external_id=ada&feature=model')).body.value).toBe('tiny "1"');
    const raw = await fetch(`${app.url}/api/v1/entitlements/check?customer_external_id=ada&feature=size`, {
      headers: { 'x-api-key': app.apiKey },
    });
    expect(await raw.text()).toContain('"value":12345678901234567890.5}');
  });

  it('answers many customers with many features', async () => {
    const { status, body } = await app.rest('POST', '/api/v1/entitlements/check/batch', {
      customer_external_ids: ['ada', 'nobody', 'bob'],
      features: ['calls', 'unknown'],
      quantity: 7,
    });
    expect(status).toBe(200);
    const results = body.results as { customer_external_id: string; feature: string; allowed: boolean; reason: string }[];
    expect(results.map((r) => `${r.customer_external_id} ${r.feature} ${r.allowed} ${r.reason}`)).toEqual([
      'ada calls false LIMIT_REACHED',
      'ada unknown false FEATURE_NOT_FOUND',
      'nobody calls false CUSTOMER_NOT_FOUND',
      'nobody unknown false CUSTOMER_NOT_FOUND',
      'bob calls false NO_ACTIVE_SUBSCRIPTION',
      'bob unknown false FEATURE_NOT_FOUND',
    ]);
  });

  it('refuses what it cannot understand, by field', async () => {
    const refused: [string, number, string | undefined][] = [
      ['?customer_external_id=nobody&feature=calls', 404, undefined],
      ['?customer_external_id=ada&feature=unknown', 404, undefined],
      ['?feature=calls', 422, 'customer_external_id'],
      ['?customer_external_id=ada', 422, 'feature'],
      ['?customer_external_id=ada&customer_external_id=bob&feature=calls', 422, 'customer_external_id'],
      ['?customer_external_id=ada%00&feature=calls', 422, 'customer_external_id'],
      ['?customer_external_id=ada&feature=calls&quantity=-1', 422, 'quantity'],
      ['?customer_external_id=ada&feature=calls&quantity=1e999', 422, 'quantity'],
    ];
    for (const [query, expected, field] of refused) {
      const { status, body } = await get(query);
      expect({ query, status, field: body.field }).toEqual({ query, status: expected, field });
    }
    const bodies: [unknown, number, string | undefined][] = [
      ['{', 400, undefined],
      ['[]', 422, undefined],
      [{ customer_external_ids: 'ada', features: ['calls'] }, 422, 'customer_external_ids'],
      [{ customer_external_ids: ['ada'], features: [] }, 422, 'features'],
      [{ customer_external_ids: Array(101).fill('ada'), features: Array(100).fill('calls') }, 422, 'customer_external_ids'],
    ];
    for (const [sent, expected, field] of bodies) {
      const { status, body } = await app.rest('POST', '/api/v1/entitlements/check/batch', sent);
      expect({ sent, status, field: body.field }).toEqual({ sent, status: expected, field });
    }
  });

  it('needs a key with usage.read, and shows strangers nothing', async () => {
    const query = '?customer_external_id=ada&feature=calls';
    expect((await get(query, { 'x-api-key': 'sk_test_nobody_has_this_one_0001' })).status).toBe(401);
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "w", scopes: ["usage.write"] }) { secret } }',
    );
    expect((await get(query, { 'x-api-key': createApiKey.secret })).status).toBe(403);
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    const key = { 'x-api-key': stranger.apiKey as string };
    const foreign = await get(query, key);
    expect(foreign.status).toBe(404);
    expect(foreign.body).toEqual((await get('?customer_external_id=no&feature=no', key)).body);
    const batch = { customer_external_ids: ['ada'], features: ['calls'] };
    expect((await app.rest('POST', '/api/v1/entitlements/check/batch', batch, key)).body.results).toEqual([
      { customer_external_id: 'ada', feature: 'calls', allowed: false, reason: 'CUSTOMER_NOT_FOUND' },
    ]);
  });
});
