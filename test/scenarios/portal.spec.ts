import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPortal } from '../support/access.js';
import { FakeClock } from '../support/fake-clock.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { operationsOf, documentOf, argumentsOf, loadSchema } from '../support/schema.js';
import { BillingWorld } from '../support/billing-world.js';
import { fillTenant, type Tenant } from '../support/tenant.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ALLOWED = 'https://portal.example.com';

describe('a customer’s portal', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let tenant: Tenant;
  let portal: GraphqlClient;
  beforeAll(async () => {
    app = await startTestApp(clock);
    tenant = await fillTenant(app.api, 'own', '2025-11-01T00:00:00Z');
    const world = new BillingWorld(app.api);
    await world.customer('neighbour');
    await world.subscribe('neighbour', tenant.planKey, { startAt: '2025-11-01T00:00:00Z' });
    await world.use(tenant.meterName, 'neighbour', '2025-12-20T00:00:00Z', '100');
    portal = await openPortal(app.api, tenant.customer);
  });
  afterAll(() => app.close());

  it('shows who asks, what they are subscribed to, used and owe', async () => {
    const shown = await portal.query(`{
      viewer { kind customerId scopes user { id } }
      customers { totalCount nodes { externalId } }
      subscriptions { totalCount nodes { id plan { lookupKey charges { displayName meter { name } } } } }
      invoices { totalCount nodes { customer { externalId } lines { description charge { displayName } } } }
      usageEvents { totalCount nodes { quantity } } }`);
    expect(shown).toMatchObject({
      viewer: {
        kind: 'CUSTOMER',
        customerId: tenant.customer,
        scopes: ['customers.read', 'subscriptions.read', 'usage.read', 'invoices.read'],
        user: null,
      },
      customers: { totalCount: 1, nodes: [{ externalId: 'own-customer' }] },
      subscriptions: {
        totalCount: 1,
        nodes: [{ id: tenant.subscription, plan: { lookupKey: 'own-plan', charges: [{ meter: { name: 'own-meter' } }] } }],
      },
      usageEvents: { totalCount: 1, nodes: [{ quantity: '3' }] },
    });
    const { invoices } = shown as { invoices: { totalCount: number; nodes: { customer: object; lines: object[] }[] } };
    const { own, all } = await app.api.query<{ own: { totalCount: number }; all: { totalCount: number } }>(
      'query ($id: ID!) { own: invoices(customerId: $id) { totalCount } all: invoices { totalCount } }',
      { id: tenant.customer },
    );
    // The neighbour has two, of November and December.
    expect([invoices.totalCount, all.totalCount]).toEqual([own.totalCount, own.totalCount + 2]);
    for (const { customer } of invoices.nodes) expect(customer).toEqual({ externalId: 'own-customer' });
    expect(JSON.stringify(invoices.nodes)).toContain('{"displayName":"Use"}');
  });

  it('adds up no neighbour’s usage', async () => {
    const span = 'from: "2025-12-01T00:00:00Z", to: "2026-01-01T00:00:00Z"';
    const query = `query ($id: ID!) { usage(meterId: $id, ${span}) { value } usageByCustomer(meterId: $id, ${span}) { value } }`;
    expect(await portal.query(query, { id: tenant.meter })).toEqual({ usage: { value: '3' }, usageByCustomer: [{ value: '3' }] });
  });

  it('changes nothing: no mutation is open but to sign in, and out', async () => {
    const schema = await loadSchema(app.api);
    for (const operation of operationsOf(schema).filter(({ kind }) => kind === 'mutation')) {
      const { errors } = await portal.send(documentOf(operation), argumentsOf(operation));
      if (['signIn', 'signOut', 'acceptInvitation', 'changePassword'].includes(operation.field.name)) continue;
      expect([operation.field.name, errors?.[0].extensions.code]).toEqual([operation.field.name, 'FORBIDDEN']);
    }
  });

  it('knows no catalog beyond what the customer has', async () => {
    expect(await portal.failure('{ plans { totalCount } }')).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    const simulate = `query ($id: ID!) { simulatePlan(planId: $id, from: "2025-12-01T00:00:00Z", to: "2026-01-01T00:00:00Z") { currency } }`;
    expect(await portal.failure(simulate, { id: tenant.plan })).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
  });

  it('closes when its time is up, and when it is ended', async () => {
    const short = await openPortal(app.api, tenant.customer, 5);
    clock.set('2026-01-01T00:04:59Z');
    expect(await short.send('{ viewer { kind } }')).toEqual({ data: { viewer: { kind: 'CUSTOMER' } } });
    clock.set('2026-01-01T00:05:00Z');
    expect(await short.failure('{ viewer { kind } }')).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
    clock.set('2026-01-01T00:00:00Z');
    const end = 'mutation ($id: ID!) { endPortalSessions(customerId: $id) }';
    const another = await openPortal(app.api, tenant.customer);
    await another.query('{ viewer { kind } }');
    await app.api.query(end, { id: tenant.customer });
    expect(await another.failure('{ viewer { kind } }')).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
    expect(
      await app.api.failure('mutation ($id: ID!) { createPortalSession(customerId: $id, minutes: 1441) { token } }', {
        id: tenant.customer,
      }),
    ).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'minutes' } });
  });

  it('is open to pages of the listed origins alone, and never with cookies', async () => {
    const preflight = (origin: string, headers: string): Promise<Response> =>
      fetch(`${app.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
      });
    const allowed = await preflight(ALLOWED, 'authorization,content-type');
    expect(allowed.headers.get('access-control-allow-origin')).toBe(ALLOWED);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.get('access-control-allow-headers')).not.toContain('csrf');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    expect((await preflight('https://evil.example', 'authorization')).headers.get('access-control-allow-origin')).toBeNull();
  });
});
