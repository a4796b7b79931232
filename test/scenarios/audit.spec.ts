import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKey } from '../support/access.js';
import { BillingWorld } from '../support/billing-world.js';
import { fillTenant, type Tenant } from '../support/tenant.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Entry {
  sequence: string;
  actor: string;
  requestId: string;
  operation: string;
  hash: string;
  changes: { table: string; before: Record<string, unknown> | null; after: Record<string, unknown> | null }[];
}

describe('the audit log', () => {
  let app: TestApp;
  let tenant: Tenant;
  beforeAll(async () => {
    app = await startTestApp();
    tenant = await fillTenant(app.api, 'own', '2025-12-01T00:00:00Z');
  });
  afterAll(() => app.close());

  const entries = async (args = 'first: 100'): Promise<Entry[]> => {
    const { auditEntries } = await app.api.query<{ auditEntries: { nodes: Entry[] } }>(
      `{ auditEntries(${args}) { nodes { sequence actor requestId operation hash changes { table before after } } } }`,
    );
    return auditEntries.nodes;
  };
  const verify = async (): Promise<unknown> =>
    (await app.api.query<{ verifyAuditLog: unknown }>('{ verifyAuditLog { entries brokenAt } }')).verifyAuditLog;
  const rename = async (name: string, headers: Record<string, string> = {}): Promise<string | null> => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': app.apiKey, ...headers },
      body: JSON.stringify({
        query: 'mutation ($id: ID!, $name: String) { updateCustomer(id: $id, input: { name: $name }) { id } }',
        variables: { id: tenant.customer, name },
      }),
    });
    expect(await response.json()).not.toHaveProperty('errors');
    return response.headers.get('x-request-id');
  };

  it('tells who changed what, in which request: before, and after', async () => {
    await rename('Ann');
    expect(await rename('Bea', { 'x-request-id': 'request-of-the-caller' })).toBe('request-of-the-caller');
    const [{ id }] = await app.database.sql<{ id: string }>(`SELECT id FROM api_keys WHERE name = 'bootstrap'`);
    const [last, before] = await entries('first: 2');
    expect(last).toMatchObject({ actor: `api_key:${id}`, requestId: 'request-of-the-caller', operation: 'updateCustomer' });
    expect(last.changes).toEqual([
      {
        table: 'customers',
        before: { id: tenant.customer, name: 'Ann', revision: 2 },
        after: { id: tenant.customer, name: 'Bea', revision: 3 },
      },
    ]);
    expect(BigInt(last.sequence)).toBe(BigInt(before.sequence) + 1n);
    expect(before.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has an entry for each kind of mutation that changed something, and none for usage or what changed nothing', async () => {
    const known = (await entries()).map(({ operation }) => operation);
    expect(known).toEqual(
      expect.arrayContaining([
        'createMeter',
        'createFeature',
        'createPlan',
        'createCustomer',
        'createSubscription',
        'finalizeInvoice',
        'createApiKey',
        'createPartnerApp',
        'grantCustomer',
        'createFirstUser',
        'inviteUser',
        'createPortalSession',
        'createTestClock',
      ]),
    );
    expect(known).not.toContain('recordUsage');
    const count = known.length;
    await new BillingWorld(app.api).use(tenant.meterName, tenant.customerExternalId, '2025-12-16T00:00:00Z', '1');
    const { client } = await createKey(app, ['customers.read']);
    await client.failure('mutation { createCustomer(input: { externalId: "no" }) { id } }');
    await app.api.failure('mutation { createCustomer(input: { externalId: "" }) { id } }');
    // createKey alone.
    expect((await entries()).length).toBe(count + 1);
  });

  it('notes the advance of a test clock, a voided event and an amended one', async () => {
    const world = new BillingWorld(app.api);
    await world.travel(tenant.testClock, '2026-03-01T00:00:00Z');
    expect((await entries('operation: "advanceTestClock"'))[0].changes).toEqual([
      {
        table: 'test_clocks',
        before: { id: tenant.testClock, now: '2026-01-01T00:00:00.000Z' },
        after: { id: tenant.testClock, now: '2026-03-01T00:00:00.000Z' },
      },
    ]);
    const amend = 'mutation ($id: ID!) { amendUsageEvent(id: $id, input: { quantity: "4" }) { id } }';
    const { amendUsageEvent } = await app.api.query<{ amendUsageEvent: { id: string } }>(amend, { id: tenant.usageEvent });
    expect((await entries('operation: "amendUsageEvent"')).map(({ changes }) => changes)).toEqual([
      [{ table: 'usage_event_voids', before: null, after: expect.objectContaining({ event_id: tenant.usageEvent }) }],
    ]);
    await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { id } }', { id: amendUsageEvent.id });
    expect(await entries('operation: "voidUsageEvent"')).toHaveLength(1);
  });

  it('holds no secret', async () => {
    const text = JSON.stringify(await entries());
    for (const word of ['digest', 'password', '$argon2', 'public_token']) expect(text).not.toContain(word);
  });

  it('only grows, whoever asks', async () => {
    for (const statement of [`UPDATE audit_entries SET actor = 'nobody'`, 'DELETE FROM audit_entries', 'TRUNCATE audit_entries'])
      await expect(app.database.sql(statement)).rejects.toMatchObject({ constraint: 'audit_entries_append_only' });
  });

  it('is one chain, also when many write at a time', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, number) => rename(`name ${number}`)));
    const count = (await app.database.sql('SELECT FROM audit_entries')).length;
    expect(await verify()).toEqual({ entries: count, brokenAt: null });
  });

  it('shows where it was tampered with: an entry altered, taken out, or moved', async () => {
    const tamper = async (statement: string): Promise<unknown> => {
      await app.database.sql('ALTER TABLE audit_entries DISABLE TRIGGER USER');
      await app.database.sql('CREATE TABLE kept AS TABLE audit_entries');
      await app.database.sql(statement);
      const verdict = await verify();
      await app.database.sql('DELETE FROM audit_entries');
      await app.database.sql('INSERT INTO audit_entries TABLE kept');
      await app.database.sql('DROP TABLE kept');
      await app.database.sql('ALTER TABLE audit_entries ENABLE TRIGGER USER');
      return verdict;
    };
    const intact = await verify();
    expect(await tamper(`UPDATE audit_entries SET actor = 'nobody' WHERE sequence = 5`)).toMatchObject({ brokenAt: '5' });
    expect(await tamper(`UPDATE audit_entries SET changes = '[]' WHERE sequence = 7`)).toMatchObject({ brokenAt: '7' });
    expect(
      await tamper(`UPDATE audit_entries SET occurred_at = occurred_at - interval '1 microsecond' WHERE sequence = 8`),
    ).toMatchObject({
      brokenAt: '8',
    });
    expect(await tamper('DELETE FROM audit_entries WHERE sequence = 3')).toMatchObject({ brokenAt: '4' });
    expect(
      await tamper(
        'UPDATE audit_entries SET sequence = CASE sequence WHEN 2 THEN 1002 WHEN 3 THEN 1003 END WHERE sequence IN (2, 3)',
      ),
    ).toMatchObject({
      brokenAt: '4',
    });
    expect(await verify()).toEqual(intact);
  });
});

describe('a revision', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('keeps a change from overwriting one that its maker has not seen', async () => {
    const id = await new BillingWorld(app.api).customer('contested');
    const update = (name: string, expectedRevision: number | null) =>
      app.api.send(
        'mutation ($id: ID!, $input: UpdateCustomerInput!) { result: updateCustomer(id: $id, input: $input) { name revision } }',
        {
          id,
          input: { name, expectedRevision },
        },
      );
    expect(await update('first', 1)).toEqual({ data: { result: { name: 'first', revision: 2 } } });
    const { errors } = await update('late', 1);
    expect(errors?.[0].extensions).toEqual({ code: 'CONFLICT', field: 'expectedRevision' });
    expect(await update('unasked', null)).toEqual({ data: { result: { name: 'unasked', revision: 3 } } });
    const answers = await Promise.all(Array.from({ length: 8 }, (_, number) => update(`racer ${number}`, 3)));
    expect(answers.filter((answer) => !answer.errors)).toHaveLength(1);
    expect(new Set(answers.flatMap((answer) => answer.errors ?? []).map(({ extensions }) => extensions.code))).toEqual(
      new Set(['CONFLICT']),
    );
  });
});
