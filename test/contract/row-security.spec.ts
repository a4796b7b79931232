import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { CLOSED, LIMITED_ROLE, MACHINERY, SHARED, TENANT_ROLE } from '../../src/platform/database/tenancy.js';
import { createPartnerApp, GRANT } from '../support/access.js';
import { BillingWorld } from '../support/billing-world.js';
import { fillTenant, type Tenant } from '../support/tenant.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Tables of an organization that a limited actor has no part in. A new table comes here only by decision. */
const HIDDEN = ['api_keys', 'audit_entries', 'invitations', 'sessions', 'users', 'worker_run_shares'];

/** What it takes a failure, a cap or a long while to have. Of each failure one: of a subscription, and of an invoice. */
async function fillTheRest(app: TestApp, own: Tenant): Promise<void> {
  const world = new BillingWorld(app.api);
  await world.meter({ name: 'users', aggregation: 'UNIQUE_COUNT', valueProperty: 'user' });
  await app.api.query(
    `mutation ($customer: String!) { recordUsage(events: [{ meterName: "users", customerExternalId: $customer, quantity: "1",
       idempotencyKey: "once", properties: { user: "ann" } }]) { accepted } }`,
    { customer: own.customerExternalId },
  );
  await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id: own.usageEvent });
  await app.api.query('mutation ($input: RecordRefundInput!) { recordRefund(input: $input) { id } }', {
    input: { customerId: own.customer, currency: 'USD', amount: '0.01' },
  });
  await app.database.sql(
    `INSERT INTO billing_failures (organization_id, id, subscription_id, invoice_id, step, attempt, message, failed_at) VALUES
       ($1, gen_random_uuid(), $2, NULL, 'BILL', 1, 'failed', now()), ($1, gen_random_uuid(), NULL, $3, 'FINALIZE', 1, 'failed', now())`,
    [own.organization, own.subscription, own.draft],
  );
  await app.database.sql('INSERT INTO invoice_subscriptions VALUES ($1, $2, $3)', [
    own.organization,
    own.draft,
    own.subscription,
  ]);
}

/** What the database itself lets a tenant do, whatever statement is sent. */
describe('row-level security', () => {
  let app: TestApp;
  let own: Tenant;
  let foreign: Tenant;
  let partnerAppId: string;
  let client: pg.Client;
  let tables: string[];
  beforeAll(async () => {
    app = await startTestApp();
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    own = await fillTenant(app.api, 'own', '2025-12-01T00:00:00Z');
    foreign = await fillTenant(stranger, 'foreign', '2025-11-01T00:00:00Z');
    await fillTheRest(app, own);
    await app.database.sql(
      `INSERT INTO entitlement_alerts (organization_id, id, customer_id, feature_id, kind, threshold, window_start, used, usage_limit, raised_at)
         SELECT organization_id, gen_random_uuid(), customer_id, feature_id, 'LIMIT_REACHED', 100, effective_at, 1, 1, effective_at FROM entitlement_grants`,
    );
    partnerAppId = await createPartnerApp(app);
    client = new pg.Client({ connectionString: app.database.url });
    await client.connect();
    tables = (
      await app.database.sql<{ name: string }>(
        `SELECT c.table_name AS name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
          WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.column_name = 'organization_id'
            AND c.table_name !~ '^usage_events_' ORDER BY 1`,
      )
    ).map(({ name }) => name);
  });
  afterAll(async () => {
    await client.end();
    await app.close();
  });

  /** Runs statements as the role, for an organization if one is given, and takes them back. */
  const as = async <Row extends pg.QueryResultRow>(
    role: string,
    settings: Record<string, string>,
    statement: string,
  ): Promise<pg.QueryResult<Row>> => {
    await client.query('BEGIN');
    try {
      for (const [name, value] of Object.entries(settings)) await client.query(`SET LOCAL fluxrate.${name} = '${value}'`);
      await client.query(`SET LOCAL ROLE ${role}`);
      return await client.query<Row>(statement);
    } finally {
      await client.query('ROLLBACK');
    }
  };
  const countOf = async (role: string, settings: Record<string, string>, table: string, where = 'true'): Promise<number> =>
    Number((await as<{ count: string }>(role, settings, `SELECT count(*) AS count FROM ${table} WHERE ${where}`)).rows[0].count);

  it('neither role owns anything, is a superuser or passes policies by', async () => {
    const roles = await app.database.sql(
      `SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid) AS owned
         FROM pg_roles r WHERE rolname IN ('${TENANT_ROLE}', '${LIMITED_ROLE}') ORDER BY 1`,
    );
    const plain = { rolsuper: false, rolbypassrls: false, rolcanlogin: false, owned: 0 };
    expect(roles).toEqual([
      { rolname: LIMITED_ROLE, ...plain },
      { rolname: TENANT_ROLE, ...plain },
    ]);
  });

  it('is on for every table of an organization', async () => {
    const secured = await app.database.sql<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    );
    expect(secured.map(({ name }) => name)).toEqual([...tables, 'organizations'].sort());
  });

  it('shows a tenant its own rows of every table, and none without an organization', async () => {
    expect(tables.length).toBeGreaterThan(30);
    for (const table of tables) {
      const [{ count }] = await app.database.sql<{ count: string }>(
        `SELECT count(*) AS count FROM ${table} WHERE organization_id = $1`,
        [own.organization],
      );
      const settings = { organization: own.organization };
      expect([table, await countOf(TENANT_ROLE, settings, table)]).toEqual([table, Number(count)]);
      expect([table, await countOf(TENANT_ROLE, settings, table, `organization_id = '${foreign.organization}'`)]).toEqual([
        table,
        0,
      ]);
      expect([table, await countOf(TENANT_ROLE, {}, table)]).toEqual([table, 0]);
      expect([table, await countOf(TENANT_ROLE, { organization: '' }, table)]).toEqual([table, 0]);
    }
    expect(await countOf(TENANT_ROLE, { organization: own.organization }, 'organizations')).toBe(1);
  });

  it('lets a tenant change and remove none of another’s, and put none there', async () => {
    const settings = { organization: own.organization };
    for (const table of tables.filter((name) => name !== 'audit_entries')) {
      const where = `WHERE organization_id = '${foreign.organization}'`;
      const update = await as(TENANT_ROLE, settings, `UPDATE ${table} SET organization_id = organization_id ${where}`);
      const removal = await as(TENANT_ROLE, settings, `DELETE FROM ${table} ${where}`);
      expect([table, update.rowCount, removal.rowCount]).toEqual([table, 0, 0]);
    }
    const insert = `INSERT INTO customers (organization_id, id, external_id, created_at, updated_at)
      VALUES ('${foreign.organization}', '018f0000-0000-7000-8000-000000000000', 'planted', now(), now())`;
    await expect(as(TENANT_ROLE, settings, insert)).rejects.toMatchObject({ code: '42501' });
    const move = `UPDATE customers SET organization_id = '${foreign.organization}'`;
    await expect(as(TENANT_ROLE, settings, move)).rejects.toMatchObject({ code: '42501' });
  });

  it('lets nobody who works for a tenant write the log, or read who failed to sign in', async () => {
    const settings = { organization: own.organization };
    for (const role of [TENANT_ROLE, LIMITED_ROLE]) {
      await expect(as(role, settings, 'DELETE FROM audit_entries')).rejects.toMatchObject({ code: '42501' });
      for (const table of CLOSED)
        await expect(as(role, settings, `SELECT FROM ${table}`)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('shows a limited actor of every table what belongs to its customers, the catalog, or nothing', async () => {
    const nobody = { organization: own.organization, partner: partnerAppId };
    await app.api.query(GRANT, { partnerAppId: own.partnerApp, customerId: own.customer });
    const portal = { organization: own.organization, customer: own.customer };
    const partner = { organization: own.organization, partner: own.partnerApp };
    const stranger = { organization: foreign.organization, customer: own.customer };
    const empty: string[] = [];
    for (const table of tables.filter((name) => !HIDDEN.includes(name))) {
      const total = await countOf(TENANT_ROLE, portal, table);
      if (total === 0) empty.push(table);
      const none = await countOf(LIMITED_ROLE, nobody, table);
      const ofPortal = await countOf(LIMITED_ROLE, portal, table);
      const ofPartner = await countOf(LIMITED_ROLE, partner, table);
      const foreignRows = await countOf(LIMITED_ROLE, stranger, table);
      if ([...SHARED, ...MACHINERY].includes(table))
        expect([table, none, ofPortal, ofPartner]).toEqual([table, total, total, total]);
      else if (table === 'partner_apps') expect([none, ofPortal, ofPartner]).toEqual([1, 0, 1]);
      else if (table === 'partner_customers') expect([none, ofPortal, ofPartner]).toEqual([0, 0, 1]);
      else {
        expect([table, none, foreignRows]).toEqual([table, 0, 0]);
        // The tenant has one customer, to whom all that belongs to a customer belongs.
        expect([table, ofPortal, ofPartner]).toEqual([table, total, total]);
      }
    }
    expect(empty).toEqual([]);
    for (const table of HIDDEN)
      await expect(as(LIMITED_ROLE, portal, `SELECT FROM ${table}`)).rejects.toMatchObject({ code: '42501' });
  });

  it('no connection keeps its tenant: interleaved requests of both, failures among them, see their own', async () => {
    const clients = [app.api, await app.addOrganization('sk_test_of_the_other_organization')];
    const names = ['own-customer', 'foreign-customer'];
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, number) => {
        const which = number % 2;
        if (number % 7 === 3) await clients[which].failure('mutation { createCustomer(input: { externalId: "" }) { id } }');
        const { customers } = await clients[which].query<{ customers: { nodes: { externalId: string }[] } }>(
          '{ customers { nodes { externalId } } }',
        );
        return customers.nodes.map(({ externalId }) => externalId).join() === names[which];
      }),
    );
    expect(answers.filter((isOwn) => !isOwn)).toEqual([]);
  });
});
