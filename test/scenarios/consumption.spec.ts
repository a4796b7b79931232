import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHECK, EntitlementWorld, toldOf, type CheckView } from '../support/entitlement-world.js';
import { Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface ReservationView {
  id: string;
  status: string;
  quantity: string;
  committedQuantity: string | null;
  eventId: string | null;
}
type ReservationCheck = CheckView & { reservation: ReservationView | null };

describe('consumption', () => {
  let app: TestApp;
  let world: EntitlementWorld;
  let featureId: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new EntitlementWorld(app.api);
    featureId = await world.meterFeature('calls');
    const gauge = await world.meterFeature('seats', { aggregation: 'LAST' });
    const eu = await world.meterFeature('eu', { filters: [{ property: 'region', values: ['eu'] }] });
    const jobs = await world.meterFeature('jobs', { aggregation: 'COUNT' });
    const sso = await world.feature({ lookupKey: 'sso', type: 'SWITCH' });
    const monthly = (id: string, limit: string) => ({ featureId: id, limit, resetPeriod: 'MONTH' });
    await world.planWith('small', [
      monthly(featureId, '10'),
      monthly(gauge, '5'),
      monthly(eu, '3'),
      monthly(jobs, '2'),
      { featureId: sso },
    ]);
    await world.planWith('soft', [{ ...monthly(featureId, '10'), softLimit: true }]);
  });
  afterAll(() => app.close());

  const start = '2026-01-10T00:00:00Z';
  const begin = (plan = 'small') => Story.subscribed(world, start, plan);
  const CONSUME = `mutation ($input: ConsumeEntitlementInput!) { consumeEntitlement(input: $input) { eventId ${CHECK} } }`;
  const inputOf = (story: Story, quantity: string, more: object = {}) => ({
    input: { customerExternalId: story.customer, featureLookupKey: 'calls', quantity, ...more },
  });
  const consume = async (story: Story, quantity: string, more: object = {}): Promise<CheckView & { eventId: string | null }> =>
    (await app.api.query<{ consumeEntitlement: CheckView & { eventId: string | null } }>(CONSUME, inputOf(story, quantity, more)))
      .consumeEntitlement;
  const refusal = async (story: Story, quantity: string, more: object = {}) =>
    (await app.api.failure(CONSUME, inputOf(story, quantity, more))).extensions;
  const RESERVATION = `reservation { id status quantity committedQuantity eventId }`;
  const reserve = async (story: Story, quantity: string, more: object = {}): Promise<ReservationCheck> =>
    (
      await app.api.query<{ reserveEntitlement: ReservationCheck }>(
        `mutation ($input: ReserveEntitlementInput!) { reserveEntitlement(input: $input) { ${CHECK} ${RESERVATION} } }`,
        inputOf(story, quantity, more),
      )
    ).reserveEntitlement;
  const COMMIT = `mutation ($id: ID!, $quantity: Decimal) { commitReservation(id: $id, quantity: $quantity) { ${CHECK} ${RESERVATION} } }`;
  const commit = async (id: string, quantity?: string): Promise<ReservationCheck> =>
    (await app.api.query<{ commitReservation: ReservationCheck }>(COMMIT, { id, quantity })).commitReservation;
  const RELEASE = 'mutation ($id: ID!) { releaseReservation(id: $id) { status } }';
  const events = async (story: Story): Promise<string[]> => {
    const { usageEvents } = await app.api.query<{ usageEvents: { nodes: { quantity: string }[] } }>(
      'query ($id: ID!) { usageEvents(customerId: $id, first: 100) { nodes { quantity } } }',
      { id: story.customerId },
    );
    return usageEvents.nodes.map(({ quantity }) => quantity).reverse();
  };

  it('records what fits and nothing else', async () => {
    const story = await begin();
    expect(toldOf(await consume(story, '7'))).toBe('GRANTED 7/10, 3 left, until 2026-02-10');
    const refused = await consume(story, '3.5');
    expect(toldOf(refused)).toBe('(LIMIT_REACHED) 7/10, 3 left, until 2026-02-10');
    expect(refused.eventId).toBeNull();
    expect(toldOf(await consume(story, '3'))).toBe('GRANTED 10/10, 0 left, until 2026-02-10');
    expect(await events(story)).toEqual(['7', '3']);
    expect(await world.told(story.customer, 'calls')).toBe('(LIMIT_REACHED) 10/10, 0 left, until 2026-02-10');
    await world.grant({ customerId: story.customerId, featureId, amount: '2' });
    expect(toldOf(await consume(story, '2'))).toBe('GRANTED 12/12, 0 left, until 2026-02-10');
    const soft = await begin('soft');
    expect(toldOf(await consume(soft, '11'))).toBe('SOFT_LIMIT_EXCEEDED 11/10, 0 left, until 2026-02-10');
  });

  it('counts a repeated key once, also when the limit has been reached since', async () => {
    const story = await begin();
    const key = { idempotencyKey: `${story.customer}-1` };
    const first = await consume(story, '6', key);
    await consume(story, '4');
    const again = await consume(story, '6', key);
    expect(again).toMatchObject({ allowed: true, eventId: first.eventId, entitlement: { used: '10' } });
    expect(await refusal(story, '5', key)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', field: 'idempotencyKey' });
    expect(await events(story)).toEqual(['6', '4']);
    // What was refused may be tried again under its key.
    const late = { idempotencyKey: `${story.customer}-2` };
    expect((await consume(story, '1', late)).allowed).toBe(false);
    await story.travel('2026-02-10T00:00:00Z');
    expect((await consume(story, '1', late)).allowed).toBe(true);
  });

  it('judges an event in the window of its time', async () => {
    const story = await begin();
    await consume(story, '9');
    await story.travel('2026-02-11T00:00:00Z');
    expect(toldOf(await consume(story, '8'))).toBe('GRANTED 8/10, 2 left, until 2026-03-10');
    const past = { timestamp: '2026-01-20T00:00:00Z' };
    expect(toldOf(await consume(story, '2', past))).toBe('(LIMIT_REACHED) 9/10, 1 left, until 2026-02-10');
    expect(toldOf(await consume(story, '1', past))).toBe('GRANTED 10/10, 0 left, until 2026-02-10');
  });

  it('never passes the limit, however many ask at once', async () => {
    const story = await begin();
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, (_, index) => consume(story, '0.3', { idempotencyKey: `${story.customer}-${index % 48}` })),
    );
    // 33 × 0.3 = 9.9. The 16 repeated keys answer as their first did.
    const stored = await events(story);
    expect(stored).toHaveLength(33);
    expect(new Set(outcomes.filter(({ allowed }) => allowed).map(({ eventId }) => eventId)).size).toBe(33);
    expect(await world.told(story.customer, 'calls', '0.1')).toBe('GRANTED 9.9/10, 0.1 left, until 2026-02-10');
  });

  it('holds what is reserved, and records the true quantity', async () => {
    const story = await begin();
    const held = await reserve(story, '6', { idempotencyKey: `${story.customer}-r` });
    expect(held).toMatchObject({
      allowed: true,
      reservation: { status: 'HELD', quantity: '6' },
      entitlement: { reserved: '6', used: '0' },
    });
    expect((await reserve(story, '6', { idempotencyKey: `${story.customer}-r` })).reservation?.id).toBe(held.reservation?.id);
    expect((await consume(story, '5')).reason).toBe('LIMIT_REACHED');
    expect((await consume(story, '4')).allowed).toBe(true);
    expect((await reserve(story, '1')).reservation).toBeNull();
    const id = held.reservation?.id ?? '';
    // More than was held does not fit; what it is stays open.
    expect(await commit(id, '6.5')).toMatchObject({ allowed: false, reason: 'LIMIT_REACHED', reservation: { status: 'HELD' } });
    const done = await commit(id, '5.5');
    expect(done).toMatchObject({ allowed: true, reservation: { status: 'COMMITTED', committedQuantity: '5.5' } });
    expect(done.entitlement).toMatchObject({ used: '9.5', reserved: '0', remaining: '0.5' });
    expect(await commit(id, '5.5')).toMatchObject({ allowed: true, reservation: { eventId: done.reservation?.eventId } });
    expect((await app.api.failure(COMMIT, { id, quantity: '5' })).extensions).toMatchObject({
      code: 'CONFLICT',
      field: 'quantity',
    });
    expect((await app.api.failure(RELEASE, { id })).extensions.code).toBe('INVALID_TRANSITION');
    expect(await events(story)).toEqual(['4', '5.5']);
  });

  it('gives back what is released, or has expired', async () => {
    const story = await begin();
    const released = (await reserve(story, '10')).reservation?.id ?? '';
    expect((await world.check(story.customer, 'calls')).reason).toBe('LIMIT_REACHED');
    for (let times = 0; times < 2; times += 1)
      expect(await app.api.query(RELEASE, { id: released })).toEqual({ releaseReservation: { status: 'RELEASED' } });
    expect((await app.api.failure(COMMIT, { id: released })).extensions.code).toBe('INVALID_TRANSITION');
    const expiring = (await reserve(story, '8', { expiresInSeconds: 60 })).reservation?.id ?? '';
    await story.travel('2026-01-10T00:00:59Z');
    expect((await world.check(story.customer, 'calls', '3')).allowed).toBe(false);
    await story.travel('2026-01-10T00:01:00Z');
    expect((await world.check(story.customer, 'calls', '10')).allowed).toBe(true);
    const { reservation } = await app.api.query<{ reservation: { status: string } }>(
      'query ($id: ID!) { reservation(id: $id) { status } }',
      {
        id: expiring,
      },
    );
    expect(reservation.status).toBe('EXPIRED');
    // It holds nothing: committed late, it has to fit like anything else.
    await consume(story, '5');
    expect(await commit(expiring)).toMatchObject({ allowed: false, reason: 'LIMIT_REACHED' });
    expect(await commit(expiring, '5')).toMatchObject({ allowed: true });
  });

  it('refuses what cannot be consumed, and says why', async () => {
    const story = await begin();
    const cases: [string, object, string, string | undefined][] = [
      ['0', {}, 'VALIDATION_FAILED', 'quantity'],
      ['-1', {}, 'VALIDATION_FAILED', 'quantity'],
      ['1', { featureLookupKey: 'seats' }, 'VALIDATION_FAILED', 'featureLookupKey'],
      ['1', { featureLookupKey: 'sso' }, 'VALIDATION_FAILED', 'featureLookupKey'],
      ['2', { featureLookupKey: 'jobs' }, 'VALIDATION_FAILED', 'quantity'],
      ['1', { featureLookupKey: 'eu' }, 'VALIDATION_FAILED', 'properties'],
      ['1', { timestamp: '2026-01-10T00:06:00Z' }, 'VALIDATION_FAILED', undefined],
      ['1', { featureLookupKey: 'none' }, 'NOT_FOUND', undefined],
      ['1', { customerExternalId: 'nobody' }, 'NOT_FOUND', undefined],
    ];
    for (const [quantity, more, code, field] of cases) {
      const refused = await refusal(story, quantity, more);
      expect([quantity, more, refused.code, refused.field]).toEqual([quantity, more, code, field]);
    }
    expect(await events(story)).toEqual([]);
    expect((await consume(story, '1', { featureLookupKey: 'eu', properties: { region: 'eu' } })).allowed).toBe(true);
    for (const expected of [true, true, false])
      expect((await consume(story, '1', { featureLookupKey: 'jobs' })).allowed).toBe(expected);
  });

  it('works over REST', async () => {
    const story = await begin();
    const body = {
      customer_external_id: story.customer,
      feature: 'calls',
      quantity: 2.5,
      idempotency_key: `${story.customer}-rest`,
    };
    const { status, body: answer } = await app.rest('POST', '/api/v1/entitlements/consume', body);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ allowed: true, reason: 'GRANTED', limit: '10', used: '2.5', remaining: '7.5' });
    expect(answer.event_id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await app.rest('POST', '/api/v1/entitlements/consume', { ...body, quantity: 3 })).body.code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    expect(
      (await app.rest('POST', '/api/v1/entitlements/consume', { ...body, idempotency_key: undefined, quantity: 8 })).body,
    ).toMatchObject({
      allowed: false,
      reason: 'LIMIT_REACHED',
      event_id: null,
    });
  });
});
