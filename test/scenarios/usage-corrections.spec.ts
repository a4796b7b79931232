import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsageUpkeepService } from '../../src/modules/metering/index.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface EventView {
  id: string;
  quantity: string | null;
  timestamp: string;
  amendsId: string | null;
  amendedById: string | null;
  voidedAt: string | null;
  idempotencyKey: string | null;
}

const EVENT = 'id quantity timestamp amendsId amendedById voidedAt idempotencyKey';
const AMEND = `mutation ($id: ID!, $input: AmendUsageEventInput!) { amendUsageEvent(id: $id, input: $input) { ${EVENT} } }`;
const RECONCILE = `query ($days: Int) { reconcileUsage(sampleDays: $days) { checked differences { day counted { eventCount total } recounted { eventCount total } } } }`;

describe('usage corrected afterwards', () => {
  const clock = new FakeClock('2026-01-20T12:00:00Z');
  let app: TestApp;
  let world: BillingWorld;
  const meters = new Map<string, string>();
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    for (const [name, aggregation, more] of [
      ['sum', 'SUM', {}],
      ['max', 'MAX', {}],
      ['last', 'LAST', {}],
      ['users', 'UNIQUE_COUNT', { valueProperty: 'user' }],
    ] as const)
      meters.set(name, await world.meter({ name, aggregation, ...more }));
  });
  afterAll(() => app.close());

  const total = async (meter: string, from = '2026-01-01T00:00:00Z', to = '2026-02-01T00:00:00Z'): Promise<string> => {
    const { usage } = await app.api.query<{ usage: { value: string } }>(
      `query ($meterId: ID!, $from: DateTime!, $to: DateTime!) { usage(meterId: $meterId, from: $from, to: $to) { value } }`,
      { meterId: meters.get(meter), from, to },
    );
    return usage.value;
  };
  const record = async (meter: string, day: number, quantity: string, more: object = {}): Promise<string> => {
    const { recordUsage } = await app.api.query<{ recordUsage: { results: { eventId: string; message: string }[] } }>(
      `mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { results { eventId message } } }`,
      { events: [{ meterName: meter, customerExternalId: 'ada', timestamp: `2026-01-${day}T10:00:00Z`, quantity, ...more }] },
    );
    return recordUsage.results[0].eventId;
  };

  it('an amended event gives way to another, on its own day', async () => {
    const id = await record('sum', 10, '5', { idempotencyKey: 'first' });
    await record('sum', 10, '7');
    const { amendUsageEvent } = await app.api.query<{ amendUsageEvent: EventView }>(AMEND, {
      id,
      input: { quantity: '2.5', timestamp: '2026-01-12T00:00:00Z', reason: 'A typing error.' },
    });
    expect(amendUsageEvent).toMatchObject({
      quantity: '2.5',
      timestamp: '2026-01-12T00:00:00.000000Z',
      amendsId: id,
      voidedAt: null,
    });
    // 7 on the 10th, 2.5 on the 12th.
    expect([await total('sum', '2026-01-10T00:00:00Z', '2026-01-11T00:00:00Z'), await total('sum')]).toEqual(['7', '9.5']);
    const { usageEvents } = await app.api.query<{ usageEvents: { nodes: EventView[] } }>(
      `{ usageEvents(idempotencyKey: "first") { nodes { ${EVENT} } } }`,
    );
    expect(usageEvents.nodes).toEqual([
      expect.objectContaining({ id, amendedById: amendUsageEvent.id, voidedAt: '2026-01-20T12:00:00.000000Z' }),
    ]);
    const again = await app.api.failure(AMEND, { id, input: { quantity: '3' } });
    expect(again.extensions).toMatchObject({ code: 'CONFLICT', details: { amendedById: amendUsageEvent.id } });
    expect(await total('sum')).toBe('9.5');
  });

  it('an amendment follows the rules of recording, and changes nothing when refused', async () => {
    const id = await record('sum', 11, '1');
    for (const [input, code] of [
      [{ quantity: '-1' }, 'NEGATIVE_NOT_ALLOWED'],
      [{ timestamp: '2026-01-21T00:00:00Z' }, 'TIMESTAMP_IN_FUTURE'],
    ] as const) {
      expect((await app.api.failure(AMEND, { id, input })).extensions).toMatchObject({
        code: 'VALIDATION_FAILED',
        details: { code },
      });
    }
    expect(await total('sum', '2026-01-11T00:00:00Z', '2026-01-12T00:00:00Z')).toBe('1');
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    expect((await stranger.failure(AMEND, { id, input: { quantity: '2' } })).extensions.code).toBe('NOT_FOUND');
  });

  it('maximum, last value and members fall back to what is left', async () => {
    const ids = [];
    for (const [quantity, user] of [
      ['3', 'x'],
      ['9', 'y'],
      ['4', 'x'],
    ] as const) {
      ids.push({
        max: await record('max', 13, quantity),
        last: await record('last', 13, quantity),
        users: await record('users', 13, '1', { properties: { user } }),
      });
    }
    expect([await total('max'), await total('last'), await total('users')]).toEqual(['9', '4', '2']);
    for (const id of [ids[1].max, ids[2].last, ids[1].users])
      await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id });
    expect([await total('max'), await total('last'), await total('users')]).toEqual(['4', '9', '1']);
  });

  it('the event log is searched by properties and by what is voided', async () => {
    const count = async (filter: string): Promise<number> =>
      (await app.api.query<{ usageEvents: { totalCount: number } }>(`{ usageEvents(${filter}) { totalCount } }`)).usageEvents
        .totalCount;
    expect(await count(`meterId: "${meters.get('users')}", properties: { user: "x" }`)).toBe(2);
    expect([await count('voided: true'), await count(`voided: false, meterId: "${meters.get('max')}"`)]).toEqual([4, 2]);
  });

  it('customers are ranked by what they used', async () => {
    for (const [customer, quantity] of [
      ['bob', '100'],
      ['cem', '8'],
    ] as const)
      await record('sum', 14, quantity, { customerExternalId: customer });
    const { usageByCustomer } = await app.api.query<{ usageByCustomer: object[] }>(
      `query ($id: ID!) { usageByCustomer(meterId: $id, from: "2026-01-01T06:00:00Z", to: "2026-01-20T06:00:00Z", limit: 2) {
         customer { externalId } value eventCount } }`,
      { id: meters.get('sum') },
    );
    // ada: 7 + 2.5 + 1
    expect(usageByCustomer).toEqual([
      { customer: { externalId: 'bob' }, value: '100', eventCount: 1 },
      { customer: { externalId: 'ada' }, value: '10.5', eventCount: 3 },
    ]);
  });

  it('a customer whose only event was voided is in no ranking, of a meter that carries over either', async () => {
    meters.set('seats', await world.meter({ name: 'seats', aggregation: 'LAST', carriesOver: true }));
    const id = await record('seats', 15, '3');
    await record('seats', 15, '5', { customerExternalId: 'bob' });
    await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id });
    const ranking = async (from: string) =>
      (
        await app.api.query<{ usageByCustomer: object[] }>(
          `query ($id: ID!, $from: DateTime!) { usageByCustomer(meterId: $id, from: $from, to: "2026-01-20T00:00:00Z") {
             customer { externalId } value eventCount } }`,
          { id: meters.get('seats'), from },
        )
      ).usageByCustomer;
    expect(await ranking('2026-01-15T00:00:00Z')).toEqual([{ customer: { externalId: 'bob' }, value: '5', eventCount: 1 }]);
    expect(await ranking('2026-01-17T00:00:00Z')).toEqual([{ customer: { externalId: 'bob' }, value: '5', eventCount: 0 }]);
  });

  it('counters agree with a recount, and a tampered one is found and shown in health', async () => {
    const upkeep = app.nest.get(UsageUpkeepService);
    const clean = await app.api.query<{ reconcileUsage: { checked: number; differences: object[] } }>(RECONCILE);
    expect(clean.reconcileUsage.differences).toEqual([]);
    expect(clean.reconcileUsage.checked).toBeGreaterThan(6);
    await upkeep.reconcileAll();
    const health = async () =>
      (await app.rest('GET', '/api/v1/workers/health')).body.workers as Record<string, { status: string }>;
    expect((await health()).usage_reconciler.status).toBe('healthy');
    clock.set('2026-01-20T13:00:00Z');
    await app.database.sql(`UPDATE usage_counters SET total = total + 1 WHERE day = '2026-01-14' AND total = 100`);
    const { reconcileUsage } = await app.api.query<{ reconcileUsage: object }>(RECONCILE, { days: 1_000 });
    expect(reconcileUsage).toMatchObject({
      differences: [{ day: '2026-01-14', counted: { eventCount: 1, total: '101' }, recounted: { eventCount: 1, total: '100' } }],
    });
    await upkeep.reconcileAll();
    expect((await health()).usage_reconciler.status).toBe('warning');
    const stranger = await app.addOrganization('sk_test_of_a_third_organization');
    expect((await stranger.query<{ reconcileUsage: object }>(RECONCILE)).reconcileUsage).toEqual({ checked: 0, differences: [] });
  });

  it('expired months are dropped, whole days stay counted, and a retry of a dropped event is still known', async () => {
    const body = {
      meter_name: 'sum',
      customer_external_id: 'dan',
      quantity: 6,
      timestamp: '2025-11-15T10:00:00Z',
      idempotency_key: 'old',
    };
    const first = await app.rest('POST', '/api/v1/usage', body);
    expect(first.status).toBe(201);
    clock.set('2026-03-02T00:00:00Z');
    const upkeep = app.nest.get(UsageUpkeepService);
    expect(await upkeep.removeExpired()).toEqual([]);
    await app.database.sql('UPDATE organizations SET events_retention_days = 91, backfill_days = 91');
    // 91 days before March 2nd is December 1st.
    expect(await upkeep.removeExpired()).toEqual(['2025-11']);
    expect(await app.database.sql(`SELECT 1 FROM usage_events WHERE idempotency_key = 'old'`)).toEqual([]);
    clock.set('2026-01-20T12:00:00Z');
    const again = await app.rest('POST', '/api/v1/usage', body);
    expect([again.status, again.body.id]).toEqual([200, first.body.id]);
    expect(await total('sum', '2025-11-01T00:00:00Z', '2025-12-01T00:00:00Z')).toBe('6');
    expect(
      (await app.api.query<{ reconcileUsage: { differences: { day: string }[] } }>(RECONCILE)).reconcileUsage.differences,
    ).toHaveLength(1);
    expect((await app.rest('POST', '/api/v1/usage', { ...body, idempotency_key: 'new' })).status).toBe(201);
  });
});
