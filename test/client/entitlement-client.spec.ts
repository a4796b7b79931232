import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { compareDecimals } from '../../packages/client/src/decimals.js';
import { EntitlementClient, FluxrateError, type LocalEntitlements, type LocalOptions } from '../../packages/client/src/index.js';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, TEST_KEY, type TestApp } from '../support/test-app.js';
import { createDatabase } from '../support/worker-database.js';

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const webSocket = WebSocket as unknown as LocalOptions['webSocket'];

describe('the client for entitlements', () => {
  const clock = new FakeClock('2026-01-10T00:00:00Z');
  let app: TestApp;
  let world: EntitlementWorld;
  let client: EntitlementClient;
  const locals: LocalEntitlements[] = [];
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new EntitlementWorld(app.api);
    const calls = await world.meterFeature('calls');
    const model = await world.feature({ lookupKey: 'model', type: 'CUSTOM' });
    const limits = { featureId: calls, limit: '10', resetPeriod: 'MONTH', softLimit: true, gracePercentage: '20' };
    await world.planWith('soft', [limits, { featureId: model, value: 'large' }]);
    for (const customer of ['ada', 'bob']) {
      await world.customer(customer);
      await world.subscribe(customer, 'soft');
    }
    client = new EntitlementClient({ url: `${app.url}/`, apiKey: TEST_KEY });
  });
  afterAll(async () => {
    for (const local of locals) local.close();
    await app.close();
  });

  it('checks and consumes, and counts a repeated key once', async () => {
    expect(await client.check('ada', 'calls', '10.5')).toEqual({
      allowed: true,
      reason: 'SOFT_LIMIT_EXCEEDED',
      limit: '10',
      used: '0',
      remaining: '10',
      resetsAt: '2026-02-10T00:00:00.000Z',
      value: null,
    });
    expect(await client.check('ada', 'model')).toMatchObject({ allowed: true, value: 'large' });
    const first = await client.consume({ customer: 'ada', feature: 'calls', quantity: '7.5', idempotencyKey: 'once' });
    expect(first).toMatchObject({ allowed: true, used: '7.5' });
    const again = await client.consume({ customer: 'ada', feature: 'calls', quantity: 7.5, idempotencyKey: 'once' });
    expect(again).toMatchObject({ allowed: true, used: '7.5', eventId: first.eventId });
    expect(await client.consume({ customer: 'ada', feature: 'calls', quantity: 5n })).toMatchObject({
      allowed: false,
      reason: 'LIMIT_REACHED',
      eventId: null,
    });
  });

  it('throws what the server refuses, with its code', async () => {
    const refused = await client.check('nobody', 'calls').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FluxrateError);
    expect(refused).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  it('lets through or refuses when nobody answers, as was chosen', async () => {
    for (const [whenUnreachable, allowed] of [
      ['open', true],
      ['closed', false],
    ] as const) {
      const lost = new EntitlementClient({ url: NOWHERE, apiKey: TEST_KEY, whenUnreachable, attempts: 2 });
      expect(await lost.check('ada', 'calls')).toMatchObject({ allowed, reason: 'UNREACHABLE' });
      expect(await lost.consume({ customer: 'ada', feature: 'calls' })).toMatchObject({
        allowed,
        reason: 'UNREACHABLE',
        eventId: null,
      });
    }
  });

  it('answers locally, fresh within moments of any change', async () => {
    const local = client.watch('bob', { webSocket });
    locals.push(local);
    expect(local.check('calls')).toMatchObject({ allowed: false, reason: 'UNREACHABLE' });
    await local.ready;
    expect(local.check('calls', '10')).toMatchObject({
      allowed: true,
      reason: 'GRANTED',
      limit: '10',
      used: '0',
      remaining: '10',
    });
    expect(local.check('calls', '12')).toMatchObject({ allowed: true, reason: 'SOFT_LIMIT_EXCEEDED' });
    expect(local.check('calls', '12.000000000000001')).toMatchObject({ allowed: false, reason: 'LIMIT_REACHED' });
    expect(local.check('model')).toMatchObject({ allowed: true, value: 'large' });
    expect(local.check('unknown')).toMatchObject({ allowed: false, reason: 'FEATURE_NOT_IN_PLAN' });
    await world.use('calls', 'bob', '2026-01-10T00:00:00Z', '11');
    await eventually('the usage', () => local.check('calls').used === '11', 5_000);
    expect(local.check('calls', '2')).toMatchObject({ allowed: false, reason: 'LIMIT_REACHED' });
    expect(local.staleMs).toBeLessThan(5_000);
    const began = performance.now();
    for (let number = 0; number < 10_000; number += 1) local.check('calls', '1');
    // 0.05 ms each, with room for a busy machine.
    expect((performance.now() - began) / 10_000).toBeLessThan(0.25);
  });

  it('falls back to the choice when the server has not been heard for too long, and comes back with it', async () => {
    const database = await createDatabase();
    const server = await startTestApp(clock, database);
    try {
      const other = new EntitlementWorld(server.api);
      await other.planWith('free', [{ featureId: await other.meterFeature('calls'), limit: '5' }]);
      await other.customer('cy');
      await other.subscribe('cy', 'free');
      const open = new EntitlementClient({ url: server.url, apiKey: TEST_KEY, whenUnreachable: 'open' });
      const local = open.watch('cy', { webSocket, longestStalenessMs: 600, pingIntervalMs: 100 });
      locals.push(local);
      await local.ready;
      // Pings keep it fresh, though nothing changes.
      await new Promise((resolve) => {
        setTimeout(resolve, 1_200);
      });
      expect(local.check('calls', '6')).toMatchObject({ allowed: false, reason: 'LIMIT_REACHED' });
      await server.close();
      await eventually('it is stale', () => local.check('calls', '6').reason === 'UNREACHABLE', 5_000);
      expect(local.check('calls', '6')).toMatchObject({ allowed: true });
      expect(local.staleMs).toBeGreaterThan(600);
    } finally {
      await database.drop();
    }
  });

  it('tells whoever waits that the server refuses', async () => {
    const local = client.watch('nobody', { webSocket });
    locals.push(local);
    await expect(local.ready).rejects.toThrow('Customer not found');
  });

  it.each([
    ['1', '1.0', 0],
    ['0.1', '0.10000000000000000001', -1],
    ['-2', '1', -1],
    ['123456789012345678901234.5', '123456789012345678901234.4', 1],
    ['.5', '0.5', 0],
  ])('compares %s with %s exactly', (a, b, expected) => {
    expect(compareDecimals(a, b)).toBe(expected);
    expect(compareDecimals(b, a)).toBe(expected === 0 ? 0 : -expected);
  });
});
