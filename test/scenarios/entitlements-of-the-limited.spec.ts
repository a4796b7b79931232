import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKey, createPartnerApp, GRANT, openPortal, PARTNER_SCOPES } from '../support/access.js';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { FakeClock } from '../support/fake-clock.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const START = { startAt: '2026-01-10T00:00:00Z' };
const CHECKS = `query ($customers: [String!]!) { checkEntitlements(customerExternalIds: $customers, featureLookupKeys: ["calls"]) {
  customerExternalId allowed reason } }`;
const RESERVE = `mutation ($customer: String!) { reserveEntitlement(input: { customerExternalId: $customer, featureLookupKey: "calls",
  quantity: "2" }) { allowed reservation { id status } } }`;
const CONSUME = `mutation ($customer: String!) { consumeEntitlement(input: { customerExternalId: $customer, featureLookupKey: "calls",
  quantity: "4" }) { allowed reason } }`;

interface Reserved {
  reserveEntitlement: { reservation: { id: string } };
}

/** A reseller, and a customer in their portal: each with what is theirs of entitlements, and with no others'. */
describe('entitlements of who is limited to some customers', () => {
  let app: TestApp;
  let world: EntitlementWorld;
  let partner: EntitlementWorld;
  let partnerAppId: string;
  let calls: string;
  let direct: string;
  let held: string;
  beforeAll(async () => {
    app = await startTestApp(new FakeClock('2026-01-15T00:00:00Z'));
    world = new EntitlementWorld(app.api);
    calls = await world.meterFeature('calls');
    await world.planWith('ten', [{ featureId: calls, limit: '10', resetPeriod: 'MONTH' }]);
    direct = await world.customer('direct');
    await world.subscribe('direct', 'ten', START);
    await world.use('calls', 'direct', '2026-01-14T00:00:00Z', '7');
    held = (await app.api.query<Reserved>(RESERVE, { customer: 'direct' })).reserveEntitlement.reservation.id;
    partnerAppId = await createPartnerApp(app, { planLookupKeys: ['ten'] });
    partner = new EntitlementWorld((await createKey(app, PARTNER_SCOPES, { partnerAppId })).client);
  });
  afterAll(() => app.close());

  const settle = (api: GraphqlClient, how: string, id: string): Promise<unknown> =>
    api.failure(`mutation ($id: ID!) { ${how}(id: $id) { __typename } }`, { id });

  it('a partner checks, consumes, reserves and grants for its own customers; everybody sees that at once', async () => {
    const resold = await partner.customer('resold');
    await partner.subscribe('resold', 'ten', START);
    expect(await world.told('resold', 'calls')).toBe('GRANTED 0/10, 10 left, until 2026-02-10');
    expect(await partner.api.query(CONSUME, { customer: 'resold' })).toEqual({
      consumeEntitlement: { allowed: true, reason: 'GRANTED' },
    });
    expect(await partner.told('resold', 'calls')).toBe('GRANTED 4/10, 6 left, until 2026-02-10');
    expect(await world.told('resold', 'calls')).toBe('GRANTED 4/10, 6 left, until 2026-02-10');
    // What a partner sets raises the version: the copy that the organization's checks keep is old with its commit.
    await partner.override({ customerId: resold, featureId: calls, limit: '20', resetPeriod: 'MONTH' });
    expect((await world.check('resold', 'calls')).entitlement).toMatchObject({ limit: '20', remaining: '16' });
    const grant = await partner.grant({ customerId: resold, featureId: calls, amount: '5' });
    expect(await world.balances('resold')).toEqual({ [grant]: '5' });
    expect(await partner.balances('resold')).toEqual({ [grant]: '5' });
    const { reserveEntitlement } = await partner.api.query<Reserved>(RESERVE, { customer: 'resold' });
    const { id } = reserveEntitlement.reservation;
    expect(
      await partner.api.query('query ($id: ID!) { reservation(id: $id) { status customer { externalId } } }', { id }),
    ).toEqual({
      reservation: { status: 'HELD', customer: { externalId: 'resold' } },
    });
    expect(await partner.api.query('mutation ($id: ID!) { commitReservation(id: $id) { allowed } }', { id })).toEqual({
      commitReservation: { allowed: true },
    });
    expect((await world.check('resold', 'calls')).entitlement).toMatchObject({ used: '6', reserved: '0' });
  });

  it('a customer that it does not have is to it what does not exist', async () => {
    expect(await partner.api.query(CHECKS, { customers: ['direct', 'nobody', 'resold'] })).toEqual({
      checkEntitlements: [
        { customerExternalId: 'direct', allowed: false, reason: 'CUSTOMER_NOT_FOUND' },
        { customerExternalId: 'nobody', allowed: false, reason: 'CUSTOMER_NOT_FOUND' },
        { customerExternalId: 'resold', allowed: true, reason: 'GRANTED' },
      ],
    });
    for (const ask of [CONSUME, RESERVE])
      expect(await partner.api.failure(ask, { customer: 'direct' })).toEqual(
        await partner.api.failure(ask, { customer: 'nobody' }),
      );
    expect(await partner.api.query('query ($id: ID!) { reservation(id: $id) { id } }', { id: held })).toEqual({
      reservation: null,
    });
    for (const how of ['commitReservation', 'releaseReservation'])
      expect(await settle(partner.api, how, held)).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
    expect((await world.check('direct', 'calls')).entitlement).toMatchObject({ used: '7', reserved: '2' });
  });

  it('one that it is granted it can ask about, until that is taken back', async () => {
    const about = { partnerAppId, customerId: direct };
    await app.api.query(GRANT, about);
    expect(await partner.told('direct', 'calls')).toBe('GRANTED 7/10, 3 left, until 2026-02-10');
    await app.api.query(GRANT.replaceAll('grantCustomer', 'revokeCustomer'), about);
    expect(await partner.api.query(CHECKS, { customers: ['direct'] })).toEqual({
      checkEntitlements: [{ customerExternalId: 'direct', allowed: false, reason: 'CUSTOMER_NOT_FOUND' }],
    });
  });

  it('what features are is the organization’s', async () => {
    const change = 'mutation ($id: ID!) { setAlertThresholds(featureId: $id, thresholds: [50]) { id } }';
    expect(await partner.api.failure(change, { id: calls })).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
  });

  it('a portal shows what its customer has, how it was used, and nobody else’s', async () => {
    const grant = await world.grant({ customerId: direct, featureId: calls, amount: '5', effectiveAt: START.startAt });
    const portal = await openPortal(app.api, direct);
    const shown = await portal.query(
      `query ($customer: ID!, $feature: ID!) {
         customers { nodes { externalId entitlements { feature { lookupKey } limit used remaining reserved } grants { id } } }
         entitlementHistory(customerId: $customer, featureId: $feature, from: "2026-01-10T00:00:00Z", to: "2026-01-15T00:00:00Z") { used }
         checkEntitlement(customerExternalId: "direct", featureLookupKey: "calls", quantity: "1") { allowed }
         entitlementAlerts { totalCount } }`,
      { customer: direct, feature: calls },
    );
    // The plan gives 10, the grant 5; 7 are used.
    expect(shown).toEqual({
      customers: {
        nodes: [
          {
            externalId: 'direct',
            entitlements: [{ feature: { lookupKey: 'calls' }, limit: '15', used: '7', remaining: '8', reserved: '2' }],
            grants: [{ id: grant }],
          },
        ],
      },
      entitlementHistory: [{ used: '7' }],
      checkEntitlement: { allowed: true },
      entitlementAlerts: { totalCount: 0 },
    });
    expect(await portal.query(CHECKS, { customers: ['resold'] })).toMatchObject({
      checkEntitlements: [{ reason: 'CUSTOMER_NOT_FOUND' }],
    });
    for (const ask of [CONSUME, RESERVE])
      expect(await portal.failure(ask, { customer: 'direct' })).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    expect(await settle(portal, 'releaseReservation', held)).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
  });

  it('notes overrides and grants in the log, and no usage: neither what is held nor the versions that triggers raise', async () => {
    const { auditEntries } = await app.api.query<{
      auditEntries: { nodes: { operation: string; changes: { table: string }[] }[] };
    }>('{ auditEntries(first: 100) { nodes { operation changes { table } } } }');
    const noted = auditEntries.nodes.map(({ operation, changes }) => `${operation}: ${changes.map(({ table }) => table).join()}`);
    expect(noted).toContain('setEntitlementOverride: entitlement_overrides');
    expect(noted).toContain('createGrant: entitlement_grants');
    expect(noted.join('\n')).not.toMatch(/entitlement_(versions|reservations)|consume|reserve/);
  });
});
