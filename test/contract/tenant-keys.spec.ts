import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { InvoiceDesk } from '../support/invoice-desk.js';
import { fillTenant, type Tenant } from '../support/tenant.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface ForeignKey {
  name: string;
  child: string;
  columns: string[];
  parent: string;
  parentColumns: string[];
}

/**
 * References that are none, by decision. The key of an event outlives it; events are many, partitioned, and dropped by the month:
 * their counters, which none of them is counted without, hold the keys to meter and customer.
 */
const LOOSE = [
  'entitlement_reservations.event_id',
  'usage_counter_members.customer_id',
  'usage_counter_members.meter_id',
  'usage_event_keys.event_id',
  'usage_event_voids.event_id',
  'usage_events.amends_id',
  'usage_events.customer_id',
  'usage_events.meter_id',
];

/** The database itself refuses a row that points into another organization, whatever the code above it does. */
describe('keys of the schema', () => {
  let app: TestApp;
  let foreignKeys: ForeignKey[];
  let own: string;
  let other: string;
  beforeAll(async () => {
    app = await startTestApp();
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    for (const [api, prefix] of [
      [app.api, 'own'],
      [stranger, 'other'],
    ] as const)
      await fillEveryTable(new BillingWorld(api), await fillTenant(api, prefix, '2025-11-01T00:00:00Z'));
    await app.database.sql(FAILURES);
    await app.database.sql(SHARES);
    // What refuses every change of the books would come before the keys.
    for (const { name } of await app.database.sql<{ name: string }>(TABLES))
      await app.database.sql(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
    foreignKeys = await app.database.sql<ForeignKey & Record<string, unknown>>(FOREIGN_KEYS);
    [{ id: own }, { id: other }] = await app.database.sql<{ id: string }>('SELECT id FROM organizations ORDER BY id');
  });
  afterAll(() => app.close());

  it('every table but the organizations’ own and the log of runs belongs to an organization', async () => {
    const tables = await app.database.sql<{ name: string }>(
      `SELECT t.table_name AS name FROM information_schema.tables t
        WHERE t.table_schema = 'public' AND NOT EXISTS (SELECT FROM information_schema.columns c
              WHERE c.table_schema = 'public' AND c.table_name = t.table_name AND c.column_name = 'organization_id' AND c.is_nullable = 'NO')
        ORDER BY 1`,
    );
    expect(tables.map(({ name }) => name)).toEqual(['organizations', 'schema_migrations', 'sign_in_failures', 'worker_runs']);
  });

  it('every primary key begins with the organization', async () => {
    const keys = await app.database.sql<{ name: string; first: string }>(
      `SELECT c.conrelid::regclass::text AS name, a.attname AS first FROM pg_constraint c
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace`,
    );
    const others = keys.filter(({ first }) => first !== 'organization_id').map(({ name }) => name);
    expect(others.sort()).toEqual(['organizations', 'schema_migrations', 'sign_in_failures', 'worker_runs']);
  });

  it('every foreign key between tables of a tenant carries the organization', () => {
    expect(foreignKeys.length).toBeGreaterThan(29);
    for (const { name, columns, parent, parentColumns } of foreignKeys) {
      const isToOwner = parent === 'organizations';
      expect([name, columns[0], parentColumns[0]]).toEqual([name, 'organization_id', isToOwner ? 'id' : 'organization_id']);
    }
  });

  it('every column that names a row of another table is such a key', async () => {
    const columns = await app.database.sql<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name LIKE '%\\_id' AND data_type = 'uuid' AND table_name !~ '^usage_events_' ORDER BY 1`,
    );
    const keys = new Set(foreignKeys.flatMap(({ child, columns: names }) => names.map((column) => `${child}.${column}`)));
    // Tables that hang on a customer, a plan, … belong to its organization through that key.
    const rest = columns.map(({ name }) => name).filter((name) => !keys.has(name) && !name.endsWith('.organization_id'));
    expect(rest).toEqual(LOOSE);
  });

  it('none of them takes a row of another organization', async () => {
    const composite = foreignKeys.filter(({ parent }) => parent !== 'organizations');
    expect(composite.length).toBeGreaterThan(20);
    for (const { name, child, columns, parent, parentColumns } of composite) {
      const [column, parentColumn] = [columns[1], parentColumns[1]];
      const [{ id }] = await app.database.sql<{ id: string }>(
        `SELECT ${parentColumn} AS id FROM ${parent} WHERE organization_id = $1 LIMIT 1`,
        [other],
      );
      const [{ count }] = await app.database.sql<{ count: string }>(
        `SELECT count(*) AS count FROM ${child} WHERE organization_id = $1 AND ${column} IS NOT NULL`,
        [own],
      );
      expect([name, Number(count) > 0]).toEqual([name, true]);
      const pointAcross = `UPDATE ${child} SET ${column} = $2 WHERE ctid = ${oneOf(child, `${column} IS NOT NULL`)}`;
      await expect(app.database.sql(pointAcross, [own, id])).rejects.toMatchObject({ code: '23503', constraint: name });
    }
  });

  it('nor can a row be moved to another organization', async () => {
    for (const { child, columns } of foreignKeys.filter(({ parent }) => parent !== 'organizations')) {
      const move = `UPDATE ${child} SET organization_id = $2 WHERE ctid = ${oneOf(child, `${columns[1]} IS NOT NULL`)}`;
      // A foreign key refuses it, unless a unique one comes first (the other organization has that number, too).
      await expect(app.database.sql(move, [own, other])).rejects.toMatchObject({ code: expect.stringMatching(/^2350[35]$/) });
    }
  });
});

const oneOf = (table: string, condition: string): string =>
  `(SELECT ctid FROM ${table} WHERE organization_id = $1 AND ${condition} LIMIT 1)`;

const TABLES = `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`;

const FOREIGN_KEYS = `
  SELECT c.conname AS name, c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent,
         (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
         (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(c.confkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) AS "parentColumns"
    FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace ORDER BY 1`;

/** As if its invoices were shared by subscriptions. */
const SHARES = `INSERT INTO invoice_subscriptions (organization_id, invoice_id, subscription_id)
  SELECT organization_id, id, subscription_id FROM invoices WHERE subscription_id IS NOT NULL`;

/** A failure of billing each: nothing in a tenant that is in order makes one. */
const FAILURES = `INSERT INTO billing_failures (organization_id, id, subscription_id, invoice_id, step, attempt, message, failed_at)
  SELECT organization_id, uuidv7(), subscription_id, id, 'FINALIZE', 1, 'It failed.', created_at FROM invoices WHERE subscription_id IS NOT NULL`;

/** What \`fillTenant\` leaves out: a customer on a test clock who is invoiced, a payment too high, refunds, a voided event, alerts. */
async function fillEveryTable(world: BillingWorld, tenant: Tenant): Promise<void> {
  const [customer, plan] = [`${tenant.customerExternalId}-on-a-clock`, `${tenant.planKey}-fee`];
  await world.customer(customer, { testClockId: tenant.testClock });
  await world.plan({
    lookupKey: plan,
    type: 'FIXED',
    charges: [{ displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '10' }],
  });
  await world.subscribe(customer, plan, { startAt: '2025-12-01T00:00:00Z' });
  const desk = new InvoiceDesk(world.api);
  await desk.pay(tenant.invoice, '100');
  await desk.credit(tenant.invoice, { destination: 'REFUND' });
  await desk.do('recordRefund', { input: { customerId: tenant.customer, currency: 'USD', amount: '1' } });
  await world.api.query('mutation ($event: ID!) { voidUsageEvent(id: $event) { id } }', { event: tenant.usageEvent });
  await fillEntitlements(world.api, tenant);
}

/** A limit of the customer's own, half used, which is worth an alert. */
async function fillEntitlements(api: GraphqlClient, tenant: Tenant): Promise<void> {
  const { customer: customerId, feature: featureId, customerExternalId, featureKey: featureLookupKey } = tenant;
  await api.query('mutation ($id: ID!) { setAlertThresholds(featureId: $id, thresholds: [10]) { id } }', { id: featureId });
  await api.query('mutation ($input: SetEntitlementOverrideInput!) { setEntitlementOverride(input: $input) { __typename } }', {
    input: { customerId, featureId, limit: '10', resetPeriod: 'MONTH' },
  });
  await api.query('mutation ($input: ConsumeEntitlementInput!) { consumeEntitlement(input: $input) { allowed } }', {
    input: { customerExternalId, featureLookupKey, quantity: '5' },
  });
}
