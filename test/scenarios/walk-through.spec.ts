import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the introductory story: API calls at 0.001', () => {
  let app: TestApp;
  let world: BillingWorld;
  let clock: string;
  let subscription: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    clock = await world.clock('2026-01-01T00:00:00Z');
  });
  afterAll(() => app.close());

  it('begins with a meter, a feature on it, a plan, a customer and a subscription', async () => {
    const meterId = await world.meter({ name: 'api_calls', aggregation: 'SUM', unit: 'call' });
    const { createFeature } = await app.api.query<{ createFeature: { id: string; meter: { name: string } } }>(
      `mutation ($meterId: ID!) {
         createFeature(input: { lookupKey: "api-calls", name: "API calls", type: METER, meterId: $meterId }) { id meter { name } }
       }`,
      { meterId },
    );
    expect(createFeature.meter.name).toBe('api_calls');
    await world.plan({
      lookupKey: 'pro',
      name: 'Pro',
      type: 'USAGE',
      charges: [{ displayName: 'API calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '0.001' }],
      features: [{ featureId: createFeature.id, limit: 1000000, resetPeriod: 'BILLING_PERIOD' }],
    });
    await world.customer('user_123', { name: 'Ada', testClockId: clock });
    subscription = await world.subscribe('user_123', 'pro');
    expect(
      await world.subscription(
        subscription,
        'status currentPeriodStart currentPeriodEnd customer { externalId } plan { lookupKey version type charges { unitAmount meter { name } } }',
      ),
    ).toEqual({
      status: 'ACTIVE',
      currentPeriodStart: '2026-01-01T00:00:00.000Z',
      currentPeriodEnd: '2026-02-01T00:00:00.000Z',
      customer: { externalId: 'user_123' },
      plan: { lookupKey: 'pro', version: 1, type: 'USAGE', charges: [{ unitAmount: '0.001', meter: { name: 'api_calls' } }] },
    });
  });

  it('counts usage as it comes, by GraphQL and by REST, and a retry only once', async () => {
    await world.travel(clock, '2026-01-15T12:00:00Z');
    await world.use('api_calls', 'user_123', '2026-01-10T00:00:00Z', '12345');
    const { meter } = await app.api.query<{ meter: { id: string; token: string } }>('{ meter(name: "api_calls") { id token } }');
    const event = {
      meter_token: meter.token,
      customer_external_id: 'user_123',
      quantity: 655,
      timestamp: '2026-01-15T00:00:00Z',
      idempotency_key: 'request-1',
    };
    const first = await app.rest('POST', '/api/v1/sdk/track', event);
    const retry = await app.rest('POST', '/api/v1/sdk/track', event);
    expect([first.status, retry.status, retry.body.id]).toEqual([201, 200, first.body.id]);

    const usage = { value: '13000', eventCount: 2 };
    expect(await world.subscription(subscription, 'usage { value eventCount meter { name } }')).toEqual({
      usage: [{ ...usage, meter: { name: 'api_calls' } }],
    });
    const january = `{ usage(meterId: "${meter.id}", from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z") { value eventCount } }`;
    expect(await app.api.query(january)).toEqual({ usage });

    const preview = await world.preview(subscription);
    expect(preview.total).toBe('13');
    expect(preview.lines[0].explanation.text).toBe('13000 counted from 2 events, 13000 × 0.001 USD: 13 USD.');
  });

  it('drafts the invoice at the end of the month, and opens it an hour later with what came in until then', async () => {
    await world.travel(clock, '2026-02-01T00:30:00Z');
    const [draft] = await world.invoices(subscription);
    expect(draft).toMatchObject({
      status: 'DRAFT',
      number: null,
      total: '13',
      periodStart: '2026-01-01T00:00:00.000Z',
      periodEnd: '2026-02-01T00:00:00.000Z',
    });

    // January's last microsecond is January's; the next is February's.
    await world.use('api_calls', 'user_123', '2026-01-31T23:59:59.999999Z', '7000');
    await world.use('api_calls', 'user_123', '2026-02-01T00:00:00Z', '500');
    await world.travel(clock, '2026-02-01T01:00:00Z');
    const [open] = await world.invoices(subscription);
    expect(open).toMatchObject({ id: draft.id, status: 'OPEN', number: 'INV-2026-0001', total: '20', amountDue: '20' });
    expect(open.lines).toMatchObject([{ description: 'API calls', quantity: '20000', amount: '20' }]);

    const { invoice } = await app.api.query<{ invoice: unknown }>(`{ invoice(number: "INV-2026-0001") {
      issuedAt dueAt lines { events(first: 10) { totalCount nodes { quantity timestamp } } } } }`);
    expect(invoice).toEqual({
      issuedAt: '2026-02-01T01:00:00.000Z',
      dueAt: '2026-03-03T01:00:00.000Z', // 30 days on, the default terms
      lines: [
        {
          events: {
            totalCount: 3,
            nodes: [
              { quantity: '7000', timestamp: '2026-01-31T23:59:59.999999Z' },
              { quantity: '655', timestamp: '2026-01-15T00:00:00.000000Z' },
              { quantity: '12345', timestamp: '2026-01-10T00:00:00.000000Z' },
            ],
          },
        },
      ],
    });
  });

  it('is paid, and goes on with the next month', async () => {
    const [open] = await world.invoices(subscription);
    const { recordPayment } = await app.api.query<{ recordPayment: unknown }>(
      `mutation ($id: ID!) { recordPayment(invoiceId: $id, input: { amount: "20.00", method: "card" }) {
         number status amountPaid amountDue paidAt payments { amount method } } }`,
      { id: open.id },
    );
    expect(recordPayment).toEqual({
      number: 'INV-2026-0001',
      status: 'PAID',
      amountPaid: '20',
      amountDue: '0',
      paidAt: '2026-02-01T01:00:00.000Z',
      payments: [{ amount: '20', method: 'card' }],
    });

    await world.travel(clock, '2026-03-01T01:00:00Z');
    const { customer } = await app.api.query<{ customer: unknown }>(
      '{ customer(externalId: "user_123") { invoices { nodes { number status total } } subscriptions { nodes { status } } } }',
    );
    expect(customer).toEqual({
      invoices: {
        nodes: [
          { number: 'INV-2026-0002', status: 'OPEN', total: '0.5' },
          { number: 'INV-2026-0001', status: 'PAID', total: '20' },
        ],
      },
      subscriptions: { nodes: [{ status: 'ACTIVE' }] },
    });
  });
});
