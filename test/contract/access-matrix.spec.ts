import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getNamedType, isObjectType, type GraphQLSchema } from 'graphql';
import { SCOPES } from '../../src/shared/actor.js';
import { createKey, createPartnerApp, openPortal, PARTNER_SCOPES } from '../support/access.js';
import { dump } from '../support/database-dump.js';
import { FakeClock } from '../support/fake-clock.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { handlersOf } from '../support/handlers.js';
import { CASES, PLACES, TEXTS, type Place } from '../support/places.js';
import { argumentsOf, deepSelection, documentOf, loadSchema, operationsOf, type Operation } from '../support/schema.js';
import { BillingWorld } from '../support/billing-world.js';
import { fillTenant, type Tenant } from '../support/tenant.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const UNKNOWN_ID = '018f0000-0000-7000-8000-000000000000';
/** Whoever signs in has no credential yet. */
const PUBLIC = ['acceptInvitation', 'signIn'];
/** What belongs to a customer, or is picked from a list of plans: closed to a limited actor who was not given it. */
const LIMITED: readonly (keyof Tenant)[] = [
  'customer',
  'customerExternalId',
  'subscription',
  'invoice',
  'invoiceNumber',
  'invoiceLine',
  'draft',
  'draftLine',
  'payment',
  'creditNote',
  'creditNoteNumber',
  'usageEvent',
  'grant',
  'reservation',
  'plan',
  'planKey',
];

/**
 * Every operation of the schema and every route of the server, by everybody who must not: made from the schema and the route
 * table, so that none can be left out. (Ids of another organization, place by place: tenants.spec.ts.)
 */
describe('the matrix of access', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let schema: GraphQLSchema;
  let own: Tenant;
  let foreign: Tenant;
  let before: Record<string, string>;
  const clients: Record<string, GraphqlClient> = {};
  const cells: Record<string, number> = {};

  beforeAll(async () => {
    app = await startTestApp(clock);
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    own = await fillTenant(app.api, 'own', '2025-12-01T00:00:00Z');
    foreign = await fillTenant(stranger, 'foreign', '2025-11-01T00:00:00Z');
    await new BillingWorld(app.api).customer('neighbour');
    const { customer } = await app.api.query<{ customer: { id: string } }>('{ customer(externalId: "neighbour") { id } }');
    schema = await loadSchema(app.api);
    const revoked = await createKey(app, [...SCOPES]);
    const expired = await createKey(app, [...SCOPES], { expiresAt: '2026-01-01T00:00:01Z' });
    const partnerAppId = await createPartnerApp(app, { planLookupKeys: ['another'] });
    await app.api.query('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: revoked.id });
    Object.assign(clients, {
      'no key': new GraphqlClient(app.url, null),
      'unknown key': new GraphqlClient(app.url, 'sk_test_nobody_has_this_one_0001'),
      revoked: revoked.client,
      expired: expired.client,
      partner: (await createKey(app, PARTNER_SCOPES, { partnerAppId })).client,
      neighbour: await openPortal(app.api, customer.id),
      'other organization': stranger,
    });
    clock.set('2026-01-01T00:00:01Z');
    for (const client of Object.values(clients)) await client.send('{ viewer { kind } }');
    before = await dump(app.database);
  });
  afterAll(async () => {
    console.table(cells);
    await app.close();
  });

  const count = (column: string): number => (cells[column] = (cells[column] ?? 0) + 1);
  const guarded = (): Operation[] => operationsOf(schema).filter(({ field }) => !PUBLIC.includes(field.name));
  const scopeOf = (name: string): string =>
    String(handlersOf(app).find((handler) => handler.name === name && handler.kind !== 'Field')?.scope);
  /** Arguments with the ids of a tenant, where the operation takes any. */
  const argumentsFor = (operation: Operation, tenant: Tenant): Record<string, unknown> => {
    const place = Object.values(PLACES[operation.field.name] ?? {})[0];
    return place ? place.with(tenant[place.names], tenant) : argumentsOf(operation);
  };
  const codeOf = async (client: GraphqlClient, operation: Operation): Promise<string | undefined> => {
    const { data, errors } = await client.send<{ result: unknown }>(documentOf(operation), argumentsFor(operation, own));
    if (errors) expect(data?.result ?? null).toBeNull();
    return errors?.[0].extensions.code;
  };
  const answerTo = async (client: GraphqlClient, name: string, value: string, place: Place): Promise<string> => {
    const operation = operationsOf(schema).find(({ field }) => field.name === name) as Operation;
    const selection = name === 'recordUsage' ? 'accepted results { verdict code message }' : undefined;
    return JSON.stringify(await client.send(documentOf(operation, selection), place.with(value, own))).replaceAll(
      value,
      '<value>',
    );
  };

  it.each(['no key', 'unknown key', 'revoked', 'expired'])('%s: UNAUTHENTICATED, everywhere', async (who) => {
    for (const operation of guarded()) {
      expect([operation.field.name, await codeOf(clients[who], operation)]).toEqual([operation.field.name, 'UNAUTHENTICATED']);
      count(who);
    }
    for (const { method, name } of handlersOf(app).filter(({ kind, scope }) => kind === 'Route' && scope !== 'public')) {
      const key = clients[who].apiKey;
      const path = name.replace(':id', own.invoice);
      const { status, body } = await app.rest(method, path, method === 'POST' ? {} : undefined, { 'x-api-key': key ?? '' });
      expect([path, status, body.code]).toEqual([path, 401, 'UNAUTHENTICATED']);
      count(who);
    }
    expect(await dump(app.database)).toEqual(before);
  });

  it('every other scope but the one that is asked for: FORBIDDEN, everywhere', async () => {
    const keys = new Map<string, GraphqlClient>();
    for (const scope of SCOPES)
      keys.set(
        scope,
        (
          await createKey(
            app,
            SCOPES.filter((other) => other !== scope && other !== 'admin'),
          )
        ).client,
      );
    for (const client of keys.values()) await client.send('{ viewer { kind } }');
    const unchanged = await dump(app.database);
    const scoped = guarded().filter(({ field }) => scopeOf(field.name) !== 'any');
    for (const operation of scoped) {
      const client = keys.get(scopeOf(operation.field.name)) as GraphqlClient;
      expect([operation.field.name, await codeOf(client, operation)]).toEqual([operation.field.name, 'FORBIDDEN']);
      count('wrong scope');
    }
    const routes = handlersOf(app).filter(({ kind, scope }) => kind === 'Route' && scope !== 'public' && scope !== 'any');
    for (const { method, name, scope } of routes) {
      const headers = { 'x-api-key': keys.get(String(scope))?.apiKey ?? '' };
      const { status } = await app.rest(method, name.replace(':id', own.invoice), method === 'POST' ? {} : undefined, headers);
      expect([name, status]).toEqual([name, 403]);
      count('wrong scope');
    }
    expect(await dump(app.database)).toEqual(unchanged);
    before = unchanged;
  });

  it.each(['partner', 'neighbour'])('%s: what belongs to other customers is what does not exist', async (who) => {
    for (const [operation, path, place] of CASES.filter(([name, , { names }]) => LIMITED.includes(names) && name !== 'signIn')) {
      const toHidden = await answerTo(clients[who], operation, own[place.names], place);
      const unknown = TEXTS.includes(place.names) ? 'unknown' : UNKNOWN_ID;
      expect([operation, path, toHidden]).toEqual([operation, path, await answerTo(clients[who], operation, unknown, place)]);
      expect(toHidden).toMatch(/"result":null|"NOT_FOUND"|"FORBIDDEN"|"METER_NOT_FOUND"|"CUSTOMER_NOT_FOUND"/);
      count(`${who}, outside their customers`);
    }
    expect(await dump(app.database)).toEqual(before);
  });

  it.each(['other organization', 'partner', 'neighbour'])(
    '%s: no answer to any query, however deep, shows an id of ours',
    async (who) => {
      const isTheirs = who === 'other organization';
      // Both number from 1.
      const numbers = [own.invoiceNumber, own.creditNoteNumber];
      const ours = (isTheirs ? Object.values(own) : LIMITED.map((name) => own[name])).filter(
        (text) => !isTheirs || !numbers.includes(text),
      );
      for (const operation of guarded().filter(({ kind }) => kind === 'query')) {
        const type = getNamedType(operation.field.type);
        const selection = isObjectType(type) ? deepSelection(type) : undefined;
        const args = isTheirs ? argumentsFor(operation, foreign) : argumentsOf(operation);
        const text = JSON.stringify(await clients[who].send(documentOf(operation, selection), args));
        expect([operation.field.name, ours.filter((value) => text.includes(value))]).toEqual([operation.field.name, []]);
        expect([operation.field.name, text]).toEqual([operation.field.name, expect.not.stringContaining('INTERNAL_ERROR')]);
        count(`${who}, deep queries`);
      }
    },
  );

  it('own ids are understood, so that what was refused above was refused for who asked', async () => {
    const known = guarded().filter(({ kind, field }) => kind === 'query' && PLACES[field.name]);
    expect(known.length).toBeGreaterThan(15);
    for (const operation of known)
      expect(['NOT_FOUND', 'FORBIDDEN', 'UNAUTHENTICATED']).not.toContain(await codeOf(app.api, operation));
  });

  it.each(['partner', 'neighbour', 'other organization'])(
    '%s: routes with an id of ours answer as with one of nobody',
    async (who) => {
      const headers = { 'x-api-key': clients[who].apiKey ?? '' };
      const routes = { '/api/v1/meters/:id/usage': own.meter, '/api/v1/invoices/:id/pdf': own.invoice };
      const declared = handlersOf(app).filter(
        ({ kind, name, scope }) => kind === 'Route' && name.includes(':id') && scope !== 'public',
      );
      expect(declared.map(({ name }) => name).sort()).toEqual(Object.keys(routes).sort());
      for (const [route, id] of Object.entries(routes)) {
        const ask = async (named: string): Promise<[number, unknown]> => {
          const { status, body } = await app.rest('GET', route.replace(':id', named), undefined, headers);
          return [status, status === 200 ? [body.total_usage, body.unique_customers] : body];
        };
        const answer = await ask(id);
        // A meter is the organization's: whoever is limited sees it, and nobody's usage.
        if (who !== 'other organization' && route.includes('meters')) expect(answer).toEqual([200, ['0', 0]]);
        else {
          expect(answer).toEqual(await ask(UNKNOWN_ID));
          expect(answer[0]).toBe(404);
        }
        count(`${who}, routes`);
      }
    },
  );

  it.each(['partner', 'neighbour', 'other organization'])(
    '%s: routes that name a customer of ours answer as about one of nobody',
    async (who) => {
      const headers = { 'x-api-key': clients[who].apiKey ?? '' };
      const about = (name: string): [string, string, object?][] => [
        ['GET', `/api/v1/entitlements/check?customer_external_id=${name}&feature=${own.featureKey}`],
        ['POST', '/api/v1/entitlements/check/batch', { customer_external_ids: [name], features: [own.featureKey] }],
        ['POST', '/api/v1/entitlements/consume', { customer_external_id: name, feature: own.featureKey }],
        ['POST', '/api/v1/usage', { customer_external_id: name, meter_name: own.meterName, quantity: '1' }],
      ];
      const answers = async (name: string): Promise<string[]> => {
        const told: string[] = [];
        for (const [method, path, body] of about(name)) {
          const answer = await app.rest(method, path, body, headers);
          told.push(`${answer.status} ${JSON.stringify(answer.body)}`.replaceAll(name, '<name>'));
        }
        return told;
      };
      const [check, batch, ...writes] = await answers(own.customerExternalId);
      expect([check, batch, ...writes]).toEqual(await answers('unknown'));
      expect([check, batch]).toEqual([
        expect.stringMatching(/^404 /),
        expect.stringMatching(/^200 .*"reason":"CUSTOMER_NOT_FOUND"/),
      ]);
      // Who is in a portal writes nothing at all.
      for (const write of writes) expect(write.slice(0, 3)).toBe(who === 'neighbour' ? '403' : '404');
      expect(await dump(app.database)).toEqual(before);
      count(`${who}, routes`);
    },
  );

  it('has a row for every operation: none is without a scope, or without the places of its ids', () => {
    for (const { field } of operationsOf(schema))
      expect([field.name, scopeOf(field.name)]).not.toEqual([field.name, 'undefined']);
    const withIds = CASES.map(([name]) => name);
    const names = new Set(operationsOf(schema).map(({ field }) => field.name));
    expect(withIds.filter((name) => !names.has(name))).toEqual([]);
  });
});
