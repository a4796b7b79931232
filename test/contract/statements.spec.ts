import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getNamedType, isObjectType, type GraphQLSchema } from 'graphql';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { deepSelection, loadSchema, operationsOf } from '../support/schema.js';
import { InvoiceDesk } from '../support/invoice-desk.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ROWS = 101;
const LISTS = [
  'meters',
  'features',
  'plans',
  'customers',
  'subscriptions',
  'invoices',
  'creditNotes',
  'taxRates',
  'usageEvents',
  'emails',
  'workerRuns',
  'billingFailures',
  'entitlementAlerts',
  'apiKeys',
  'partnerApps',
  'users',
  'invitations',
  'auditEntries',
];

interface List {
  nodes: object[];
}

/** A page of 100 costs as many SQL statements as a page of 10, however deep the selection goes. */
describe('statements of a list', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let schema: GraphQLSchema;
  const counts: Record<string, { 'of 10': number; 'of 100': number }> = {};

  beforeAll(async () => {
    app = await startTestApp(clock);
    await fill(app, clock);
    schema = await loadSchema(app.api);
  }, 120_000);
  afterAll(async () => {
    console.table(counts);
    await app.close();
  });

  const statementsOf = async (list: string, selection: string, first: number): Promise<number> => {
    const before = app.statements();
    const { result } = await app.api.query<{ result: List }>(`{ result: ${list}(first: ${first}) { ${selection} } }`);
    expect(result.nodes).toHaveLength(first);
    return app.statements() - before;
  };

  it('knows every list of the schema', () => {
    const lists = operationsOf(schema).filter(({ field }) => field.args.some((arg) => arg.name === 'first'));
    expect(lists.map(({ field }) => field.name).sort()).toEqual([...LISTS].sort());
  });

  it.each(LISTS)('%s: the same for 10 and for 100', async (list) => {
    const type = getNamedType(schema.getQueryType()?.getFields()[list].type);
    if (!isObjectType(type)) throw new Error(`${list} is no list.`);
    const selection = deepSelection(type);
    const ten = await statementsOf(list, selection, 10);
    const hundred = await statementsOf(list, selection, 100);
    counts[list] = { 'of 10': ten, 'of 100': hundred };
    expect(hundred).toBe(ten);
  });

  it('reaches the nested connections with rows in them', async () => {
    const { customers } = await app.api.query<{ customers: { nodes: CustomerView[] } }>(`{ customers(first: 100) { nodes {
      subscriptions(first: 2) { nodes { transitions { to } usage { value } plan { features { feature { meter { name } } } } } }
      invoices(first: 1) { nodes { payments { amount } lines { charge { meter { name } } events(first: 1) { nodes { id } totalCount } } } } } } }`);
    for (const { subscriptions, invoices } of customers.nodes) {
      expect(subscriptions.nodes[0]).toMatchObject({
        transitions: [{ to: 'ACTIVE' }],
        usage: [{ value: '0' }],
        plan: { features: [{ feature: { meter: { name: 'meter-0' } } }] },
      });
      expect(invoices.nodes[0].payments).toHaveLength(1);
      expect(
        invoices.nodes[0].lines.map(({ charge, events }) => [charge.meter?.name, events.totalCount, events.nodes.length]),
      ).toEqual([
        [undefined, 0, 0],
        ['meter-0', 2, 1],
      ]);
    }
  });
});

interface CustomerView {
  subscriptions: { nodes: object[] };
  invoices: {
    nodes: {
      payments: object[];
      lines: { charge: { meter: { name: string } | null }; events: { nodes: object[]; totalCount: number } }[];
    }[];
  };
}

/** Customers with a subscription since December, usage in it, an invoice each that is paid and credited; and as many meters, features and plans. */
async function fill(app: TestApp, clock: FakeClock): Promise<void> {
  const world = new BillingWorld(app.api);
  const numbers = Array.from({ length: ROWS }, (_, index) => index);
  const features = await Promise.all(numbers.map((number) => feature(app, number)));
  const [{ id: featureId, meter }] = features;
  const planOf = (number: number) =>
    world.plan({
      lookupKey: `plan-${number}`,
      type: 'HYBRID',
      charges: [
        { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '10' },
        {
          displayName: 'Use',
          type: 'USAGE',
          model: 'GRADUATED',
          meterId: meter.id,
          tiers: [{ upTo: '1', unitAmount: '2' }, { unitAmount: '1' }],
        },
      ],
      features: [{ featureId, limit: '100', resetPeriod: 'MONTH' }],
    });
  await Promise.all(numbers.map(planOf));
  const days = ['2025-12-10T00:00:00Z', '2025-12-20T00:00:00Z'];
  const events = numbers.flatMap((number) =>
    days.map((timestamp) => ({ meterName: 'meter-0', customerExternalId: `customer-${number}`, timestamp, quantity: '3' })),
  );
  await app.api.query(`mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { accepted } }`, { events });
  await Promise.all(
    numbers.map(async (number) => {
      await world.subscribe(`customer-${number}`, `plan-${number}`, { startAt: '2025-12-01T00:00:00Z' });
    }),
  );
  await Promise.all(numbers.map((number) => reachLimit(app, `customer-${number}`, features[1].id)));
  clock.set('2026-01-01T02:00:00Z');
  await app.workers.finalizeInvoices();
  const invoices = await app.database.sql<{ id: string; total: string }>('SELECT id, total FROM invoices');
  await Promise.all(
    invoices.map(({ id, total }) =>
      app.api.query(
        `mutation ($id: ID!, $amount: Decimal!) { recordPayment(invoiceId: $id, input: { amount: $amount }) { id } }`,
        {
          id,
          amount: total,
        },
      ),
    ),
  );
  const desk = new InvoiceDesk(app.api);
  for (const { id } of invoices) await desk.credit(id, { destination: 'REFUND' });
  for (const number of numbers)
    await desk.do('createTaxRate', { input: { name: 'Tax', country: 'US', region: `R${number}`, percentage: '5' } });
  for (const number of numbers)
    await app.api.query(
      `mutation ($email: String!) { inviteUser(input: { email: $email, role: VIEWER }) { token }
         createApiKey(input: { name: "key", scopes: ["usage.read"] }) { secret } createPartnerApp(input: { name: "app" }) { id } }`,
      { email: `u${number}@example.com` },
    );
  // To make them by accepting would be to wait for a hundred hashes.
  await app.database.sql(
    `INSERT INTO users (organization_id, id, email, password_hash, role, created_at)
     SELECT organization_id, id, email, '', role, created_at FROM invitations`,
  );
  // Of every invoice as if a run had failed with it: who is in order has none.
  await app.database.sql(
    `WITH runs AS (
       INSERT INTO worker_runs (id, worker, started_at, finished_at) SELECT uuidv7(), 'invoice_finalizer', created_at, created_at FROM invoices RETURNING id
     ), shares AS (
       INSERT INTO worker_run_shares (organization_id, id, found, done, failed) SELECT o.id, r.id, 1, 0, 1 FROM organizations o, runs r
     )
     INSERT INTO billing_failures (organization_id, id, subscription_id, invoice_id, step, attempt, message, failed_at)
     SELECT organization_id, uuidv7(), subscription_id, id, 'FINALIZE', 1, 'It failed.', created_at FROM invoices`,
  );
}

/** Uses up a limit of the customer's own, of a feature that no plan has: an alert. */
async function reachLimit(app: TestApp, customerExternalId: string, featureId: string): Promise<void> {
  const { customer } = await app.api.query<{ customer: { id: string } }>(
    'query ($id: String!) { customer(externalId: $id) { id } }',
    { id: customerExternalId },
  );
  await app.api.query(
    `mutation ($override: SetEntitlementOverrideInput!, $use: ConsumeEntitlementInput!) {
       setEntitlementOverride(input: $override) { id } consumeEntitlement(input: $use) { allowed } }`,
    {
      override: { customerId: customer.id, featureId, limit: '1', resetPeriod: 'NEVER' },
      use: { customerExternalId, featureLookupKey: 'feature-1', quantity: '1' },
    },
  );
}

async function feature(app: TestApp, number: number): Promise<{ id: string; meter: { id: string } }> {
  const meter = { name: `meter-${number}`, aggregation: 'SUM' };
  const { createFeature } = await app.api.query<{ createFeature: { id: string; meter: { id: string } } }>(
    `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id meter { id } } }`,
    { input: { lookupKey: `feature-${number}`, name: 'Feature', type: 'METER', meter } },
  );
  return createFeature;
}
