import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Input = Record<string, unknown>;

const CUSTOMER = `id externalId name email phone timeZone currency taxId taxExempt metadata provisional archivedAt createdAt
  billingAddress { line1 line2 city region postalCode country } testClock { id }`;

describe('customers', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
  });
  afterAll(() => app.close());

  const find = async (args: string): Promise<Input | null> =>
    (await app.api.query<{ customer: Input | null }>(`{ customer(${args}) { ${CUSTOMER} } }`)).customer;
  const update = async (id: string, input: Input): Promise<Input> =>
    (
      await app.api.query<{ updateCustomer: Input }>(
        `mutation ($id: ID!, $input: UpdateCustomerInput!) { updateCustomer(id: $id, input: $input) { ${CUSTOMER} } }`,
        { id, input },
      )
    ).updateCustomer;
  const search = async (text: string): Promise<unknown[]> => {
    const { customers } = await app.api.query<{ customers: { nodes: { externalId: string }[]; totalCount: number } }>(
      'query ($search: String) { customers(search: $search, first: 100) { nodes { externalId } totalCount } }',
      { search: text },
    );
    expect(customers.totalCount).toBe(customers.nodes.length);
    return customers.nodes.map(({ externalId }) => externalId).sort();
  };

  const FULL = {
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    phone: '+44 20 7946 0000',
    timeZone: 'Europe/London',
    currency: 'GBP',
    taxId: 'GB123456789',
    taxExempt: true,
    metadata: { segment: 'research', seats: 3, nested: { a: [1, null, true] } },
    billingAddress: {
      line1: '12 St James’s Square',
      line2: null,
      city: 'London',
      region: null,
      postalCode: 'SW1Y 4JH',
      country: 'GB',
    },
  };
  const EMPTY = { name: null, email: null, phone: null, timeZone: null, currency: null, taxId: null, billingAddress: null };
  const FIXED = { provisional: false, archivedAt: null, createdAt: '2026-01-01T00:00:00.000Z', testClock: null };

  it('are created with everything, or with an external id alone, and found by either id', async () => {
    const full = await world.customer('full', FULL);
    const bare = await world.customer('bare');
    expect(await find(`id: "${full}"`)).toEqual({ id: full, externalId: 'full', ...FULL, ...FIXED });
    expect(await find('externalId: "bare"')).toEqual({
      id: bare,
      externalId: 'bare',
      ...EMPTY,
      taxExempt: false,
      metadata: {},
      ...FIXED,
    });
    expect(await find('externalId: "Bare"')).toBeNull();
  });

  it('an update changes what it names, null clears, the rest stays', async () => {
    const id = await world.customer('changing', FULL);
    expect(await update(id, { name: 'Countess of Lovelace', phone: null })).toMatchObject({
      ...FULL,
      name: 'Countess of Lovelace',
      phone: null,
    });
    expect(await update(id, {})).toMatchObject({ ...FULL, name: 'Countess of Lovelace', phone: null });
    expect(await update(id, { metadata: { other: 1 }, billingAddress: { country: 'FR' }, taxExempt: false })).toMatchObject({
      metadata: { other: 1 },
      billingAddress: { line1: null, city: null, country: 'FR' },
      taxExempt: false,
    });
    expect(await update(id, { ...EMPTY, metadata: null, taxExempt: null })).toMatchObject({
      ...EMPTY,
      metadata: {},
      taxExempt: false,
    });
  });

  it('numbers in metadata keep their digits', async () => {
    const input = '{"externalId":"digits","metadata":{"big":12345678901234567890,"small":1e-7,"exact":0.1,"__proto__":{"a":1}}}';
    const query = 'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { metadata } }';
    const { body } = await app.rest('POST', '/graphql', `{"query":${JSON.stringify(query)},"variables":{"input":${input}}}`);
    const { metadata } = (body as { data: { createCustomer: { metadata: Input } } }).data.createCustomer;
    expect(Object.entries(metadata).sort()).toEqual([
      ['__proto__', { a: 1 }],
      ['big', '12345678901234567890'],
      ['exact', 0.1],
      ['small', 1e-7],
    ]);
  });

  it('that usage made are provisional until somebody says who they are', async () => {
    await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.use('calls', 'walk-in', '2025-12-31T00:00:00Z', '1');
    const made = await find('externalId: "walk-in"');
    expect(made).toMatchObject({ ...EMPTY, provisional: true });
    expect(await update(String(made?.id), { name: 'Walk-in' })).toMatchObject({ name: 'Walk-in', provisional: false });
    await expect(world.customer('walk-in')).rejects.toThrow(/"code":"CONFLICT","field":"externalId"/);
  });

  it('that are archived take no new subscription; what they have goes on', async () => {
    await world.plan({ lookupKey: 'free', type: 'FIXED' });
    const id = await world.customer('leaving');
    const subscription = await world.subscribe('leaving', 'free');
    const archive = async (): Promise<Input> =>
      (await app.api.query<{ archiveCustomer: Input }>('mutation ($id: ID!) { archiveCustomer(id: $id) { archivedAt } }', { id }))
        .archiveCustomer;
    expect(await archive()).toEqual({ archivedAt: '2026-01-01T00:00:00.000Z' });
    clock.set('2026-01-02T00:00:00Z');
    expect(await archive()).toEqual({ archivedAt: '2026-01-01T00:00:00.000Z' });
    clock.set('2026-01-01T00:00:00Z');
    await expect(world.subscribe('leaving', 'free')).rejects.toThrow(/"code":"CONFLICT","field":"customerId"/);
    expect(await world.subscription(subscription, 'status')).toEqual({ status: 'ACTIVE' });
    expect(await find(`id: "${id}"`)).toMatchObject({ externalId: 'leaving', archivedAt: '2026-01-01T00:00:00.000Z' });
  });

  it('created at once with one external id are one customer', async () => {
    const made = await Promise.allSettled(Array.from({ length: 10 }, () => world.customer('twin')));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of made)
      if (result.status === 'rejected') expect(String(result.reason)).toContain('"code":"CONFLICT","field":"externalId"');
  });

  describe('searched for', () => {
    beforeAll(async () => {
      await world.customer('s-acme_100%', { name: 'ACME Ltd.', email: 'billing@acme.example' });
      await world.customer('s-acme-1000', { name: 'Müller & Söhne', email: 'Kontakt@Mueller.example' });
      await world.customer('s-back\\slash', { name: "O'Hara", email: 'scarlett@tara.example' });
      await world.customer('s-emoji-🚀', { name: 'ΑΘΗΝΑ' });
      const stranger = await app.addOrganization('sk_test_of_the_other_organization');
      await new BillingWorld(stranger).customer('s-acme-theirs');
    });

    it.each([
      ['acme', ['s-acme-1000', 's-acme_100%']],
      ['ACME', ['s-acme-1000', 's-acme_100%']],
      ['acme l', ['s-acme_100%']],
      ['@ACME.EXAMPLE', ['s-acme_100%']],
      ['müller', ['s-acme-1000']],
      ['MÜLLER & SÖHNE', ['s-acme-1000']],
      ['kontakt@mueller', ['s-acme-1000']],
      ['αθηνα', ['s-emoji-🚀']],
      ['🚀', ['s-emoji-🚀']],
      ["o'hara", ['s-back\\slash']],
      // What SQL takes for wildcards and escapes are plain characters.
      ['100%', ['s-acme_100%']],
      ['s-acme_', ['s-acme_100%']],
      ['_100', ['s-acme_100%']],
      ['%', ['s-acme_100%']],
      ['_', ['s-acme_100%']],
      ['\\', ['s-back\\slash']],
      ['k\\s', ['s-back\\slash']],
      ['\\%', []],
      ["' OR 1=1 --", []],
      ['s-acme-theirs', []],
      ['nobody', []],
    ])('%s', async (text, expected) => expect(await search(text)).toEqual(expected));

    it('by nothing, all of them are there', async () => {
      const all = await search('');
      expect(all).toContain('bare');
      expect(all).toContain('s-emoji-🚀');
      expect(all).not.toContain('s-acme-theirs');
    });
  });
});
