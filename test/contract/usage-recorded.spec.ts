import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { BillingWorld } from '../support/billing-world.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Recorded {
  customerId: string;
  meterId: string;
  eventCount: number;
  firstTimestamp: string;
  lastTimestamp: string;
}

const RECORDED = `subscription ($customerId: ID!, $meterId: ID!) {
  usageRecorded(customerId: $customerId, meterId: $meterId) { customerId meterId eventCount firstTimestamp lastTimestamp } }`;

describe('usageRecorded', () => {
  let app: TestApp;
  let other: TestApp;
  let customerId: string;
  let meterId: string;
  const clients: Client[] = [];
  beforeAll(async () => {
    const clock = new FakeClock('2026-01-10T00:00:00Z');
    app = await startTestApp(clock);
    other = await startTestApp(clock, app.database);
    const world = new BillingWorld(app.api);
    meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.meter({ name: 'others', aggregation: 'SUM' });
    customerId = await world.customer('ada');
    await world.customer('bob');
  });
  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await other.close();
    await app.close();
  });

  /** What a subscriber is sent, and how it ended. */
  function subscribe(from: TestApp, variables: object, apiKey: string | null, query = RECORDED) {
    const client = createClient({
      url: `${from.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: apiKey === null ? {} : { 'X-API-Key': apiKey },
      retryAttempts: 0,
    });
    clients.push(client);
    const seen: { items: Recorded[]; error: unknown; ended: boolean } = { items: [], error: null, ended: false };
    const unsubscribe = client.subscribe<{ usageRecorded: Recorded }>(
      { query, variables: variables as Record<string, unknown> },
      {
        next: ({ data, errors }) => {
          if (data) seen.items.push(data.usageRecorded);
          if (errors) seen.error = errors;
        },
        error: (error) => (seen.error = error),
        complete: () => (seen.ended = true),
      },
    );
    return { seen, unsubscribe };
  }
  const record = (to: TestApp, ...events: object[]) =>
    to.rest('POST', '/api/v1/usage/batch', {
      events: events.map((event) => ({ meter_name: 'calls', customer_external_id: 'ada', quantity: 1, ...event })),
    });
  const codeOf = (error: unknown): unknown => (error as { extensions: { code: string } }[])[0]?.extensions.code;
  const countOf = ({ items }: { items: Recorded[] }): number => items.reduce((count, { eventCount }) => count + eventCount, 0);
  /** Until the subscription stands nothing is told: small events are sent until one is. */
  const settled = (seen: { items: Recorded[] }): Promise<void> =>
    eventually('it is heard', async () => {
      if (seen.items.length === 0) await record(app, {});
      return seen.items.length > 0;
    });

  it('tells what any process has recorded, once it is stored, and nothing else', async () => {
    const { seen } = subscribe(other, { customerId, meterId }, app.apiKey);
    await settled(seen);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    seen.items.length = 0;
    await record(
      other,
      { customer_external_id: 'bob' },
      { meter_name: 'others' },
      { idempotency_key: 'k', timestamp: '2026-01-09T05:00:00Z' },
    );
    await record(app, { idempotency_key: 'k', timestamp: '2026-01-09T05:00:00Z' });
    await record(app, { timestamp: '2026-01-08T00:00:00.000001Z' }, { timestamp: '2026-01-07T00:00:00Z' });
    await eventually('all three are told', () => countOf(seen) >= 3);
    expect(countOf(seen)).toBe(3);
    expect(seen.items.every((item) => item.customerId === customerId && item.meterId === meterId)).toBe(true);
    expect(seen.items.map(({ firstTimestamp }) => firstTimestamp).sort()[0]).toBe('2026-01-07T00:00:00.000Z');
  });

  it('is open to a key with usage.read, of its own organization', async () => {
    const refused = async (variables: object, key: string | null, query?: string) => {
      const { seen } = subscribe(app, variables, key, query);
      await eventually('it is refused', () => seen.error !== null);
      return seen.error;
    };
    expect(await refused({ customerId, meterId }, null)).toMatchObject({ code: 4403 });
    expect(await refused({ customerId, meterId }, 'sk_test_nobody_has_this_one_0001')).toMatchObject({ code: 4403 });
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "w", scopes: ["usage.write"] }) { secret } }`,
    );
    expect(codeOf(await refused({ customerId, meterId }, createApiKey.secret))).toBe('FORBIDDEN');
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    expect(codeOf(await refused({ customerId, meterId }, stranger.apiKey))).toBe('NOT_FOUND');
    expect(codeOf(await refused({ customerId: 'nope', meterId }, app.apiKey))).toBe('NOT_FOUND');
    expect(codeOf(await refused({}, app.apiKey, '{ meters { totalCount } }'))).toBe('VALIDATION_FAILED');
    expect(codeOf(await refused({}, app.apiKey, 'subscription { nothing }'))).toBe('VALIDATION_FAILED');
  });

  it('ends with its key', async () => {
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string; apiKey: { id: string } } }>(
      `mutation { createApiKey(input: { name: "r", scopes: ["usage.read"] }) { secret apiKey { id } } }`,
    );
    const { seen } = subscribe(app, { customerId, meterId }, createApiKey.secret);
    await settled(seen);
    await app.api.query('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: createApiKey.apiKey.id });
    const told = countOf(seen);
    await eventually('it is ended', async () => {
      await record(app, {});
      return seen.error !== null;
    });
    expect(codeOf(seen.error)).toBe('UNAUTHENTICATED');
    expect(countOf(seen)).toBe(told);
  });

  it('leaves nothing behind when a subscriber goes', async () => {
    const { seen, unsubscribe } = subscribe(app, { customerId, meterId }, app.apiKey);
    await settled(seen);
    unsubscribe();
    await eventually('it is ended', () => seen.ended);
    const told = countOf(seen);
    await record(app, {});
    expect(countOf(seen)).toBe(told);
  });
});
