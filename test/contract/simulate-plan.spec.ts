import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const FROM = '2026-01-01T00:00:00Z';
const TO = '2026-03-01T00:00:00Z';
const ABSENT = '019b7a00-0000-7000-8000-000000000000';

const SIMULATE = `query ($planId: ID!, $customerIds: [ID!], $from: DateTime!, $to: DateTime!, $first: Int, $after: String) {
  simulatePlan(planId: $planId, customerIds: $customerIds, from: $from, to: $to) {
    currency from to plan { lookupKey }
    customers(first: $first, after: $after) {
      totalCount edges { cursor } nodes { customer { id } billed simulated difference }
      pageInfo { hasNextPage hasPreviousPage endCursor } } } }`;
const TOTALS = `query ($planId: ID!, $customerIds: [ID!], $from: DateTime!, $to: DateTime!) {
  simulatePlan(planId: $planId, customerIds: $customerIds, from: $from, to: $to) { totals { customers billed simulated } } }`;
const PAGE = `query ($planId: ID!, $from: DateTime!, $to: DateTime!, $first: Int) {
  simulatePlan(planId: $planId, from: $from, to: $to) { customers(first: $first) { nodes { billed } } } }`;

interface Page {
  simulatePlan: {
    customers: {
      totalCount: number;
      nodes: { customer: { id: string }; billed: string; simulated: string; difference: string }[];
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
    };
  };
}

/** 200 customers who pay 1 a month and 0.01 a unit; customer n used n units in January. */
describe('simulatePlan', () => {
  let app: TestApp;
  let world: BillingWorld;
  let plan: string;
  const customers: string[] = [];

  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const meterId = await world.meter({ name: 'units', aggregation: 'SUM' });
    const charges = (amount: string, unitAmount: string) => [
      { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount },
      { displayName: 'Units', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount },
    ];
    await world.plan({ lookupKey: 'present', type: 'HYBRID', charges: charges('1', '0.01') });
    plan = await world.plan({ lookupKey: 'dearer', type: 'HYBRID', charges: charges('2', '0.02') });
    const clock = await world.clock(FROM);
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    for (const number of numbers) customers.push(await world.customer(`customer ${number}`, { testClockId: clock }));
    await Promise.all(numbers.map((number) => world.subscribe(`customer ${number}`, 'present')));
    await world.travel(clock, '2026-01-20T00:00:00Z');
    for (const some of [numbers.slice(1, 100), numbers.slice(100)]) await use(some);
    await world.travel(clock, '2026-03-01T00:30:00Z');
    customers.sort();
  });
  afterAll(() => app.close());

  async function use(numbers: number[]): Promise<void> {
    const events = numbers.map((number) => ({
      meterName: 'units',
      customerExternalId: `customer ${number}`,
      timestamp: '2026-01-10T00:00:00Z',
      quantity: String(number),
    }));
    await app.api.query(`mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { accepted } }`, { events });
  }

  const request = (more: Record<string, unknown> = {}) => ({ planId: plan, from: FROM, to: TO, ...more });

  it('pages through the customers by id', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (const size of [100, 60, 39]) {
      const { simulatePlan: answer }: Page = await app.api.query<Page>(SIMULATE, request({ first: size, after }));
      expect(answer).toMatchObject({ currency: 'USD', from: '2026-01-01T00:00:00.000Z', plan: { lookupKey: 'dearer' } });
      expect(answer.customers.totalCount).toBe(200);
      expect(answer.customers.nodes).toHaveLength(size);
      expect(answer.customers.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: after !== null });
      seen.push(...answer.customers.nodes.map(({ customer }) => customer.id));
      after = answer.customers.pageInfo.endCursor;
    }
    const { simulatePlan: last } = await app.api.query<Page>(SIMULATE, request({ after }));
    expect(last.customers.pageInfo.hasNextPage).toBe(false);
    expect([...seen, ...last.customers.nodes.map(({ customer }) => customer.id)]).toEqual(customers);
    expect(await app.api.failure(SIMULATE, request({ first: 101 }))).toMatchObject({ extensions: { code: 'VALIDATION_FAILED' } });
    expect(await app.api.failure(SIMULATE, request({ after: 'x' }))).toMatchObject({ extensions: { code: 'VALIDATION_FAILED' } });
  });

  it('adds up all customers, whatever page is shown', async () => {
    const { simulatePlan } = await app.api.query<{ simulatePlan: { totals: unknown } }>(TOTALS, request());
    // 200 × 2 months × 1, and 0 + 1 + … + 199 = 19,900 units at 0.01; twice as much under the dearer plan.
    expect(simulatePlan.totals).toEqual({ customers: 200, billed: '599', simulated: '1198' });
  });

  it('sends as many statements for 200 customers as for 10', async () => {
    const statementsOf = async (query: string, variables: Record<string, unknown>): Promise<number> => {
      const before = app.statements();
      await app.api.query(query, variables);
      return app.statements() - before;
    };
    const forTen = await statementsOf(TOTALS, request({ customerIds: customers.slice(0, 10) }));
    expect(await statementsOf(TOTALS, request({ customerIds: customers }))).toBe(forTen);
    expect(await statementsOf(TOTALS, request())).toBeLessThanOrEqual(forTen);
    expect(await statementsOf(PAGE, request({ first: 100 }))).toBe(await statementsOf(PAGE, request({ first: 10 })));
  });

  it.each([
    ['an empty window', { to: FROM }, 'VALIDATION_FAILED', 'to'],
    ['a window that ends before it begins', { from: TO, to: FROM }, 'VALIDATION_FAILED', 'to'],
    ['more than three years', { from: '2023-01-01T00:00:00Z', to: '2026-01-05T00:00:00Z' }, 'VALIDATION_FAILED', 'to'],
    ['an unknown plan', { planId: ABSENT }, 'NOT_FOUND', undefined],
    ['no id of a plan', { planId: 'dearer' }, 'NOT_FOUND', undefined],
    ['an unknown customer', { customerIds: [ABSENT] }, 'NOT_FOUND', 'customerIds'],
    ['no id of a customer', { customerIds: ['customer 1'] }, 'NOT_FOUND', 'customerIds'],
  ])('refuses %s', async (_, change, code, field) => {
    const { extensions } = await app.api.failure(TOTALS, request(change));
    expect(extensions.code).toBe(code);
    expect(extensions.field).toBe(field);
  });

  it('takes 10,000 customers, not one more', async () => {
    const ids = Array.from({ length: 10_001 }, (_, index) => `019b7a00-0000-7000-8000-${String(index).padStart(12, '0')}`);
    const many = await app.api.failure(TOTALS, request({ customerIds: ids }));
    expect(many).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'customerIds' } });
    const fewer = await app.api.failure(TOTALS, request({ customerIds: ids.slice(1) }));
    expect(fewer.extensions.code).toBe('NOT_FOUND');
  });

  it('answers another organization as if none of it existed', async () => {
    const other = await app.addOrganization('sk_test_abcdefghijklmnopqrstuvwxyz');
    expect((await other.failure(TOTALS, request())).extensions).toEqual(
      (await other.failure(TOTALS, request({ planId: ABSENT }))).extensions,
    );
    const theirs = new BillingWorld(other);
    const ownPlan = await theirs.plan({ lookupKey: 'own', type: 'FIXED', charges: [] });
    const foreign = await other.failure(TOTALS, request({ planId: ownPlan, customerIds: [customers[0]] }));
    const unknown = await other.failure(TOTALS, request({ planId: ownPlan, customerIds: [ABSENT] }));
    expect(foreign).toEqual(unknown);
    const own = await other.query<{ simulatePlan: { totals: unknown } }>(TOTALS, request({ planId: ownPlan }));
    expect(own.simulatePlan.totals).toEqual({ customers: 0, billed: '0', simulated: '0' });
  });

  it('needs the scope invoices.read', async () => {
    const keyWith = async (scopes: string[]): Promise<GraphqlClient> => {
      const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
        `mutation ($scopes: [String!]!) { createApiKey(input: { name: "test", scopes: $scopes }) { secret } }`,
        { scopes },
      );
      return new GraphqlClient(app.url, createApiKey.secret);
    };
    expect((await (await keyWith(['catalog.read'])).failure(TOTALS, request())).extensions.code).toBe('FORBIDDEN');
    await (await keyWith(['invoices.read'])).query(TOTALS, request());
  });
});
