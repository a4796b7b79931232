import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Event = Record<string, unknown>;

interface Verdicts {
  recordUsage: { results: { verdict: string; eventId: string | null }[] };
}

const METERS = { sum: 'SUM', max: 'MAX', last: 'LAST', count: 'COUNT', unique: 'UNIQUE_COUNT' };
const MONTH = { from: '2025-12-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };

/** Whatever way and however often an event arrives, it counts once. */
describe('usage that arrives more than once, or out of order', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let meterIds: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp(clock);
    meterIds = await metersOf(app.api);
  });
  afterAll(() => app.close());

  const metersOf = async (api: GraphqlClient): Promise<Record<string, string>> => {
    const world = new BillingWorld(api);
    const entries = Object.entries(METERS).map(
      async ([name, aggregation]) => [name, await world.meter({ name, aggregation })] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  };

  const record = async (events: Event[], api = app.api): Promise<string[]> => {
    const { recordUsage } = await api.query<Verdicts>(
      'mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { results { verdict eventId } } }',
      { events },
    );
    return recordUsage.results.map(({ verdict, eventId }) => `${verdict} ${eventId}`);
  };
  const verdictsOf = (answers: string[]): string[] => answers.map((answer) => answer.split(' ')[0]);

  const used = async (customer: string, meterName = 'sum'): Promise<string> => {
    const { customer: found } = await app.api.query<{ customer: { id: string } }>(
      'query ($externalId: String!) { customer(externalId: $externalId) { id } }',
      { externalId: customer },
    );
    const { usage } = await app.api.query<{ usage: { value: string } }>(
      `query ($meterId: ID!, $customerId: ID!, $from: DateTime!, $to: DateTime!) {
         usage(meterId: $meterId, customerId: $customerId, from: $from, to: $to) { value } }`,
      { meterId: meterIds[meterName], customerId: found.id, ...MONTH },
    );
    return usage.value;
  };
  const event = (customer: string, idempotencyKey: string, more: Event = {}): Event => ({
    meterName: 'sum',
    customerExternalId: customer,
    quantity: '2',
    timestamp: '2025-12-10T00:00:00Z',
    idempotencyKey,
    ...more,
  });

  it('within a batch, and across batches', async () => {
    const [first, second, third] = await record([event('ada', 'ada-1'), event('ada', 'ada-1'), event('ada', 'ada-2')]);
    expect(verdictsOf([first, second, third])).toEqual(['ACCEPTED', 'DUPLICATE', 'ACCEPTED']);
    expect(second).toBe(first.replace('ACCEPTED', 'DUPLICATE'));
    const again = await record([event('ada', 'ada-2'), event('ada', 'ada-3'), event('ada', 'ada-1')]);
    expect(verdictsOf(again)).toEqual(['DUPLICATE', 'ACCEPTED', 'DUPLICATE']);
    expect(again[2]).toBe(second);
    expect(await used('ada')).toBe('6');
  });

  it('over GraphQL first and REST after, and the other way round', async () => {
    const rest = (idempotency_key: string) =>
      app.rest('POST', '/api/v1/usage', {
        meter_name: 'sum',
        customer_external_id: 'edge',
        quantity: 2,
        timestamp: '2025-12-10T01:00:00+01:00',
        idempotency_key,
      });
    const [viaGraphql] = await record([event('edge', 'edge-1')]);
    const repeated = await rest('edge-1');
    expect([repeated.status, `ACCEPTED ${String(repeated.body.id)}`]).toEqual([200, viaGraphql]);
    const viaRest = await rest('edge-2');
    expect(await record([event('edge', 'edge-2')])).toEqual([`DUPLICATE ${String(viaRest.body.id)}`]);
    expect(await used('edge')).toBe('4');
  });

  it('the same key in two organizations is two events', async () => {
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    await metersOf(stranger);
    const [ours] = await record([event('shared', 'shared-1')]);
    const [theirs] = await record([event('shared', 'shared-1', { quantity: '5' })], stranger);
    expect(verdictsOf([ours, theirs])).toEqual(['ACCEPTED', 'ACCEPTED']);
    expect(ours).not.toBe(theirs);
    expect(await used('shared')).toBe('2');
  });

  it('other content under a key is a conflict, now and within the batch, and what was stored stays', async () => {
    const answers = await record([
      event('bob', 'bob-1'),
      event('bob', 'bob-1', { quantity: '3' }),
      event('bob', 'bob-1', { quantity: '2.0' }),
      event('nobody-else', 'bob-1'),
    ]);
    expect(verdictsOf(answers)).toEqual(['ACCEPTED', 'CONFLICT', 'DUPLICATE', 'CONFLICT']);
    expect(await used('bob')).toBe('2');
    // The last one would have been the first event of a new customer: it made none.
    expect(await app.api.query('{ customer(externalId: "nobody-else") { id } }')).toEqual({ customer: null });
  });

  it('properties are the same in any order of their keys', async () => {
    const properties = { a: 1, b: { d: [1, 2], c: 'x' } };
    const reordered = { b: { c: 'x', d: [1, 2] }, a: 1 };
    expect(
      verdictsOf(await record([event('carl', 'carl-1', { properties }), event('carl', 'carl-1', { properties: reordered })])),
    ).toEqual(['ACCEPTED', 'DUPLICATE']);
    const swapped = { a: 1, b: { d: [2, 1], c: 'x' } };
    expect(verdictsOf(await record([event('carl', 'carl-1', { properties: swapped })]))).toEqual(['CONFLICT']);
  });

  it('for ever: after a year, and after the meter was archived', async () => {
    const world = new BillingWorld(app.api);
    const id = await world.meter({ name: 'shortlived', aggregation: 'SUM' });
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "plain", scopes: ["usage.write"] }) { secret } }',
    );
    const plain = { 'x-api-key': createApiKey.secret };
    const body = {
      meter_name: 'shortlived',
      customer_external_id: 'dora',
      quantity: 1,
      timestamp: '2025-12-31T00:00:00Z',
      idempotency_key: 'dora-1',
    };
    const first = await app.rest('POST', '/api/v1/usage', body, plain);
    await app.api.query('mutation ($id: ID!) { archiveMeter(id: $id) { id } }', { id });
    clock.set('2027-01-01T00:00:00Z');
    const retried = await app.rest('POST', '/api/v1/usage', body, plain);
    const other = await app.rest('POST', '/api/v1/usage', { ...body, idempotency_key: 'dora-2' }, plain);
    clock.set('2026-01-01T00:00:00Z');
    expect([first.status, retried.status, other.status]).toEqual([201, 200, 422]);
    expect(retried.body).toEqual(first.body);
  });

  it('an event that was rejected can be sent again under its key', async () => {
    const bad = event('emil', 'emil-1', { quantity: '0' });
    expect(verdictsOf(await record([bad]))).toEqual(['REJECTED']);
    expect(verdictsOf(await record([event('emil', 'emil-1')]))).toEqual(['ACCEPTED']);
    expect(await used('emil')).toBe('2');
  });

  it('a voided event keeps its key', async () => {
    const [accepted] = await record([event('fay', 'fay-1')]);
    await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id: accepted.split(' ')[1] });
    expect(await record([event('fay', 'fay-1')])).toEqual([accepted.replace('ACCEPTED', 'DUPLICATE')]);
    expect(await used('fay')).toBe('0');
  });

  it('any order of arrival gives the same answers', async () => {
    const EVENTS: { at: string; quantity: string; user: string }[] = [
      { at: '2025-12-01T00:00:00Z', quantity: '0.1', user: 'a' },
      { at: '2025-12-05T00:00:00Z', quantity: '0.2', user: 'b' },
      { at: '2025-12-05T00:00:00.000001Z', quantity: '7', user: 'a' },
      { at: '2025-12-20T00:00:00Z', quantity: '3', user: 'c' },
      { at: '2025-12-31T23:59:59.999998Z', quantity: '1', user: 'c' },
      { at: '2025-12-31T23:59:59.999999Z', quantity: '5', user: 'b' },
    ];
    // Sum 16.3, highest 7, latest 5, six events, three users.
    const expected = { sum: '16.3', max: '7', last: '5', count: '6', unique: '3' };
    const orders = fc.sample(fc.shuffledSubarray(EVENTS, { minLength: EVENTS.length }), { numRuns: 30, seed: 20260101 });
    const batches = orders.map((order, number) =>
      Object.keys(METERS).flatMap((meterName) =>
        order.map(({ at, quantity, user }, place) => ({
          meterName,
          customerExternalId: `order-${number}`,
          timestamp: at,
          quantity,
          properties: { user_id: user },
          // Every second one is sent twice, at once or at the end.
          idempotencyKey: `order-${number}-${meterName}-${place}`,
        })),
      ),
    );
    for (const [number, events] of batches.entries()) {
      const half = Math.floor(events.length / 2);
      await record(events.slice(0, half));
      await record([...events.slice(half), ...events.filter((_, index) => index % 2 === 0)]);
      const answers = await Promise.all(
        Object.keys(METERS).map(async (name) => [name, await used(`order-${number}`, name)] as const),
      );
      expect({ order: orders[number], answers: Object.fromEntries(answers) }).toEqual({
        order: orders[number],
        answers: expected,
      });
    }
  });

  it('of two values at one instant the one received later is the last, in a batch and across', async () => {
    const at = (quantity: string): Event => ({ ...event('tie', `tie-${quantity}`, { quantity }), meterName: 'last' });
    await record([at('1'), at('2')]);
    expect(await used('tie', 'last')).toBe('2');
    await record([at('3')]);
    expect(await used('tie', 'last')).toBe('3');
    // A repetition is no later receipt.
    await record([at('1')]);
    expect(await used('tie', 'last')).toBe('3');
  });
});
