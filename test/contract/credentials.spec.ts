import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GraphQLSchema } from 'graphql';
import { SCOPES } from '../../src/shared/actor.js';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import { FakeClock } from '../support/fake-clock.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { handlersOf, routesOf } from '../support/handlers.js';
import { argumentsOf, documentOf, loadSchema, operationsOf, type Operation } from '../support/schema.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const NOW = '2026-01-01T00:00:00Z';
/** Whoever signs in has no credential yet. */
const SIGN_IN = ['acceptInvitation', 'signIn'];
const NOT_A_SCOPE_OF_ANY = 'usage.backfill';

describe('credentials', () => {
  const clock = new FakeClock(NOW);
  let app: TestApp;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    app = await startTestApp(clock);
    schema = await loadSchema(app.api);
  });
  afterAll(() => app.close());

  const createKey = async (scopes: string[], expiresAt: string | null = null): Promise<{ id: string; secret: string }> => {
    const { createApiKey } = await app.api.query<{ createApiKey: { apiKey: { id: string }; secret: string } }>(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }`,
      { input: { name: 'key', scopes, expiresAt } },
    );
    return { id: createApiKey.apiKey.id, secret: createApiKey.secret };
  };
  const withKey = (key: string | null): GraphqlClient => new GraphqlClient(app.url, key);
  const codeOf = async (client: GraphqlClient, operation: Operation): Promise<string | undefined> => {
    const { data, errors } = await client.send<{ result: unknown }>(documentOf(operation), argumentsOf(operation));
    if (errors) expect(data?.result ?? null).toBeNull();
    return errors?.[0].extensions.code;
  };
  const guarded = (): Operation[] => operationsOf(schema).filter(({ field }) => !SIGN_IN.includes(field.name));
  const codesOf = async (client: GraphqlClient, operations = guarded()): Promise<string[]> => [
    ...new Set(await Promise.all(operations.map(async (operation) => String(await codeOf(client, operation))))),
  ];
  /** Operations that take a scope. */
  const scoped = (): Operation[] => {
    const names = new Set(
      handlersOf(app)
        .filter(({ scope }) => scope === 'any')
        .map(({ name }) => name),
    );
    return guarded().filter(({ field }) => !names.has(field.name));
  };

  describe('what every operation declares', () => {
    it('each resolver and each route says what it requires', () => {
      const declared = handlersOf(app).map(({ name, scope }) => `${name} ${scope}`);
      expect(declared.filter((line) => line.endsWith(' undefined'))).toEqual([]);
      const scopes = new Set<string>([...SCOPES, 'any', 'public']);
      expect(handlersOf(app).filter(({ scope }) => !scopes.has(String(scope)))).toEqual([]);
    });

    it('they are all operations of the schema and all routes of the server', () => {
      const operations = handlersOf(app).filter(({ kind }) => kind === 'Query' || kind === 'Mutation');
      expect(operations.map(({ name }) => name).sort()).toEqual(
        operationsOf(schema)
          .map(({ field }) => field.name)
          .sort(),
      );
      const routes = handlersOf(app).filter(({ kind }) => kind === 'Route');
      expect(routes.map(({ name }) => name).sort()).toEqual(
        routesOf(app)
          .filter((route) => route !== '/graphql')
          .sort(),
      );
    });

    it('only health, links to an invoice and the ways to sign in need no key', () => {
      const open = handlersOf(app).filter(({ scope }) => scope === 'public');
      expect(open.map(({ name }) => name).sort()).toEqual(['/health', '/health/ready', '/i/:token', '/i/:token/pdf', ...SIGN_IN]);
    });

    it('and only what is about the asker is open to any key whatsoever', () => {
      const any = handlersOf(app).filter(({ kind, scope }) => scope === 'any' && (kind === 'Query' || kind === 'Mutation'));
      expect(any.map(({ name }) => name).sort()).toEqual(['changePassword', 'signOut', 'viewer']);
    });
  });

  describe('GraphQL', () => {
    it('refuses every operation without a key, and with one that nobody has', async () => {
      const before = await dump(app.database);
      for (const key of [null, 'sk_test_nobody_has_this_one_0001', 'nonsense'])
        expect(await codesOf(withKey(key))).toEqual(['UNAUTHENTICATED']);
      expect(await dump(app.database)).toEqual(before);
    });

    it('refuses a revoked key from then on', async () => {
      const { id, secret } = await createKey(['admin']);
      expect(await codesOf(withKey(secret))).not.toContain('UNAUTHENTICATED');
      await app.api.query('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedAt } }', { id });
      expect(await codesOf(withKey(secret))).toEqual(['UNAUTHENTICATED']);
    });

    it('refuses a revoked key in every other process within a second', async () => {
      const other = await startTestApp(clock, app.database);
      const { id, secret } = await createKey(['customers.read']);
      const elsewhere = new GraphqlClient(other.url, secret);
      const isGood = async (): Promise<boolean> => !(await elsewhere.send('{ customers { totalCount } }')).errors;
      expect(await isGood()).toBe(true);
      await app.api.query('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedAt } }', { id });
      const revoked = performance.now();
      let last = revoked;
      while (await isGood()) last = performance.now();
      expect(last - revoked).toBeLessThan(1_000);
      expect(await isGood()).toBe(false);
      await other.close();
    });

    it('rotates a key: both are good for the overlap, then the new one alone', async () => {
      const { id, secret } = await createKey(['customers.read']);
      const rotate = `mutation ($id: ID!) { rotateApiKey(id: $id, overlapMinutes: 60) { secret apiKey { scopes expiresAt } } }`;
      const { rotateApiKey } = await app.api.query<{ rotateApiKey: { secret: string } }>(rotate, { id });
      expect(rotateApiKey).toMatchObject({ apiKey: { scopes: ['customers.read'], expiresAt: null } });
      const isGood = async (key: string): Promise<boolean> => !(await withKey(key).send('{ customers { totalCount } }')).errors;
      clock.set('2026-01-01T00:59:59Z');
      expect([await isGood(secret), await isGood(rotateApiKey.secret)]).toEqual([true, true]);
      clock.set('2026-01-01T01:00:00Z');
      expect([await isGood(secret), await isGood(rotateApiKey.secret)]).toEqual([false, true]);
      expect(await app.api.failure(rotate, { id })).toMatchObject({ extensions: { code: 'CONFLICT' } });
      clock.set(NOW);
    });

    it('lists keys without their secrets, and when each was last used', async () => {
      const { id, secret } = await createKey(['customers.read']);
      await withKey(secret).query('{ customers { totalCount } }');
      const { apiKeys } = await app.api.query<{ apiKeys: { nodes: { id: string }[] } }>(
        '{ apiKeys { nodes { id prefix lastUsedAt revokedAt scopes } } }',
      );
      const shown = { id, prefix: secret.slice(0, 12), lastUsedAt: '2026-01-01T00:00:00.000Z', revokedAt: null };
      expect(apiKeys.nodes[0]).toEqual({ ...shown, scopes: ['customers.read'] });
      expect(JSON.stringify(apiKeys)).not.toContain(secret.slice(12));
    });

    it('refuses an expired key from its last instant on', async () => {
      const { secret } = await createKey(['customers.read'], '2026-01-02T00:00:00Z');
      clock.set('2026-01-01T23:59:59.999Z');
      expect(await withKey(secret).send('{ customers { totalCount } }')).toEqual({
        data: { customers: { totalCount: expect.any(Number) } },
      });
      clock.set('2026-01-02T00:00:00Z');
      expect(await codesOf(withKey(secret))).toEqual(['UNAUTHENTICATED']);
      clock.set(NOW);
    });

    it('refuses every operation to a key that lacks its scope, and changes nothing', async () => {
      const { secret } = await createKey([NOT_A_SCOPE_OF_ANY]);
      await withKey(secret).send('{ customers { totalCount } }');
      const before = await dump(app.database);
      expect(await codesOf(withKey(secret), scoped())).toEqual(['FORBIDDEN']);
      expect(await dump(app.database)).toEqual(before);
    });

    it('asks for no more than the declared scope', async () => {
      for (const scope of SCOPES) {
        const { secret } = await createKey([scope]);
        const own = new Set(
          handlersOf(app)
            .filter((handler) => handler.scope === scope)
            .map(({ name }) => name),
        );
        for (const operation of operationsOf(schema).filter(({ field }) => own.has(field.name)))
          expect([operation.field.name, await codeOf(withKey(secret), operation)]).not.toContain('FORBIDDEN');
      }
    });

    it('shows nothing through a nested field that the key could not read by itself', async () => {
      const world = new BillingWorld(app.api);
      await world.plan({ lookupKey: 'free', type: 'FIXED' });
      await world.customer('nested');
      await world.subscribe('nested', 'free');
      const nested: [scope: string, query: string][] = [
        ['customers.read', '{ customers { nodes { subscriptions { totalCount } } } }'],
        ['customers.read', '{ customers { nodes { invoices { totalCount } } } }'],
        ['customers.read', '{ customers { nodes { balance(currency: "USD") } } }'],
        ['subscriptions.read', '{ subscriptions { nodes { customer { email } } } }'],
        ['subscriptions.read', '{ subscriptions { nodes { usage { value } } } }'],
        ['subscriptions.read', '{ subscriptions { nodes { invoices { totalCount } } } }'],
      ];
      for (const [scope, query] of nested) {
        const { secret } = await createKey([scope]);
        expect(await withKey(secret).failure(query)).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
      }
      const { secret } = await createKey(['subscriptions.read', 'customers.read']);
      const query = '{ subscriptions { nodes { customer { externalId } plan { lookupKey charges { id } } } } }';
      expect(await withKey(secret).query(query)).toEqual({
        subscriptions: { nodes: [{ customer: { externalId: 'nested' }, plan: { lookupKey: 'free', charges: [] } }] },
      });
    });

    it('lets an admin alone make keys', async () => {
      const { secret } = await createKey(['admin']);
      const narrow = await createKey(['usage.read']);
      const input = { name: 'more', scopes: ['invoices.write'] };
      const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }';
      expect(await withKey(narrow.secret).failure(create, { input })).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
      expect(await withKey(secret).query(create, { input })).toMatchObject({
        createApiKey: { secret: expect.stringMatching(/^sk_test_/) },
      });
    });

    it('takes the key as a bearer token too', async () => {
      const ask = (authorization: string): Promise<Response> =>
        fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization },
          body: '{"query":"{ customers { totalCount } }"}',
        });
      expect(await (await ask(`Bearer ${app.apiKey}`)).json()).not.toHaveProperty('errors');
      expect(await (await ask(`Basic ${app.apiKey}`)).json()).toMatchObject({
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    });
  });

  it('the secret is shown once and stored nowhere', async () => {
    const { secret } = await createKey(['usage.read']);
    expect(secret).toMatch(/^sk_test_[A-Za-z0-9_-]{43}$/);
    const rows = await app.database.sql<{ row: string }>('SELECT to_jsonb(k)::text AS row FROM api_keys k');
    expect(rows.filter(({ row }) => row.includes(secret.slice(16)))).toEqual([]);
  });

  describe('REST', () => {
    const requests = (): { method: string; path: string; scope: unknown }[] =>
      handlersOf(app)
        .filter(({ kind, scope }) => kind === 'Route' && scope !== 'public')
        .map(({ name, method, scope }) => ({ method, path: name.replace(':id', 'x'), scope }));
    const ask = (method: string, path: string, key: string): Promise<{ status: number; body: object }> =>
      app.rest(method, path, method === 'POST' ? {} : undefined, { 'x-api-key': key });

    it('401 without a valid key, 403 without the scope', async () => {
      const { secret } = await createKey([NOT_A_SCOPE_OF_ANY]);
      for (const { method, path, scope } of requests()) {
        for (const key of ['', 'nonsense', 'sk_test_nobody_has_this_one_0001'])
          expect(await ask(method, path, key)).toMatchObject({
            status: 401,
            body: { code: 'UNAUTHENTICATED', detail: 'Send a valid API key as X-API-Key or Authorization: Bearer.' },
          });
        if (scope !== 'any')
          expect(await ask(method, path, secret)).toMatchObject({
            status: 403,
            body: { code: 'FORBIDDEN', detail: `This needs the scope ${String(scope)}.` },
          });
      }
    });
  });
});
