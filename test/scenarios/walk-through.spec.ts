import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the introductory story: API calls at 0.001', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
  });
  afterAll(() => app.close());

  it('leads from a usage event to a paid invoice', async () => {
    const clock = await world.clock('2026-01-01T00:00:00Z');
    const { createFeature } = await app.api.query<{ createFeature: { id: string; meter: { id: string } } }>(`mutation {
      createFeature(input: { lookupKey: "api-calls", name: "API calls", type: METER, meter: { name: "api_calls", aggregation: SUM } }) { id meter { id } } }`);
    await world.plan({
      lookupKey: 'pro',
      name: 'Pro',
      type: 'USAGE',
      charges: [
        { displayName: 'API calls', type: 'USAGE', model: 'PER_UNIT', meterId: createFeature.meter.id, unitAmount: '0.001' },
      ],
      features: [{ featureId: createFeature.id, limit: 1000000, resetPeriod: 'BILLING_PERIOD' }],
    });
    await world.customer('user_123', { name: 'Ada', testClockId: clock });
    const subscription = await world.subscribe('user_123', 'pro');
    await world.travel(clock, '2026-01-15T12:00:00Z');
    await world.use('api_calls', 'user_123', '2026-01-10T00:00:00Z', '12345');
    await world.use('api_calls', 'user_123', '2026-01-15T00:00:00Z', '655');

    const preview = await world.preview(subscription);
    expect(preview.total).toBe('13');
    expect(preview.lines[0].explanation.text).toBe('13000 counted from 2 events, 13000 × 0.001 USD: 13 USD.');

    await world.travel(clock, '2026-02-01T00:30:00Z');
    const [draft] = await world.invoices(subscription);
    expect(draft).toMatchObject({
      status: 'DRAFT',
      number: null,
      total: '13',
      periodStart: '2026-01-01T00:00:00.000Z',
      periodEnd: '2026-02-01T00:00:00.000Z',
    });

    await world.use('api_calls', 'user_123', '2026-01-31T23:59:59.999999Z', '7000');
    await world.use('api_calls', 'user_123', '2026-02-01T00:00:00Z', '500');
    await world.travel(clock, '2026-02-01T01:00:00Z');
    const [open] = await world.invoices(subscription);
    expect(open).toMatchObject({ status: 'OPEN', number: 'INV-2026-0001', total: '20', amountDue: '20' });

    const { recordPayment } = await app.api.query<{ recordPayment: { status: string; amountDue: string } }>(
      `mutation ($id: ID!) { recordPayment(invoiceId: $id, input: { amount: "20.00", method: "card" }) { status amountDue } }`,
      { id: open.id },
    );
    expect(recordPayment).toEqual({ status: 'PAID', amountDue: '0' });
  });
});
