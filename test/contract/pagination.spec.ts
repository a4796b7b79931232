import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import type { GraphqlClient, GraphqlFailure } from '../support/graphql-client.js';
import { InvoiceDesk } from '../support/invoice-desk.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

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
] as const;
type ListName = (typeof LISTS)[number];

/** Rows of each list. */
const ROWS = 7;

interface PageView {
  edges: { cursor: string; node: { id: string } }[];
  nodes: { id: string }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount: number;
}

describe('lists', () => {
  let app: TestApp;
  let stranger: GraphqlClient;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    stranger = await app.addOrganization('sk_test_of_the_other_organization');
    await fill(world);
    await fill(new BillingWorld(stranger));
  });
  afterAll(() => app.close());

  const fields =
    'edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount';
  const document = (list: string) =>
    `query ($first: Int, $after: String) { page: ${list}(first: $first, after: $after) { ${fields} } }`;
  const pageOf = async (list: string, args: object = {}, api = app.api): Promise<PageView> =>
    (await api.query<{ page: PageView }>(document(list), { ...args })).page;
  const refusalOf = (list: string, args: object): Promise<GraphqlFailure> => app.api.failure(document(list), { ...args });

  describe.each(LISTS)('%s', (list) => {
    it('has all rows on one page, newest first', async () => {
      const page = await pageOf(list, { first: 100 });
      const ids = page.nodes.map(({ id }) => id);
      expect(ids).toHaveLength(ROWS);
      expect(ids).toEqual([...ids].sort().reverse());
      expect(page.edges.map(({ node }) => node.id)).toEqual(ids);
      expect(page.totalCount).toBe(ROWS);
      expect(page.pageInfo).toEqual({
        hasNextPage: false,
        hasPreviousPage: false,
        startCursor: page.edges[0].cursor,
        endCursor: page.edges[ROWS - 1].cursor,
      });
    });

    it('is walked in pages of 3, 3 and 1', async () => {
      const all = (await pageOf(list, { first: 100 })).nodes;
      const first = await pageOf(list, { first: 3 });
      const second = await pageOf(list, { first: 3, after: first.pageInfo.endCursor });
      const third = await pageOf(list, { first: 3, after: second.pageInfo.endCursor });
      expect([first, second, third].map(({ nodes }) => nodes.length)).toEqual([3, 3, 1]);
      expect([...first.nodes, ...second.nodes, ...third.nodes]).toEqual(all);
      expect([first, second, third].map(({ pageInfo }) => [pageInfo.hasPreviousPage, pageInfo.hasNextPage])).toEqual([
        [false, true],
        [true, true],
        [true, false],
      ]);
      expect([first, second, third].map(({ totalCount }) => totalCount)).toEqual([ROWS, ROWS, ROWS]);
    });

    it('ends with an empty page after the last row', async () => {
      const { pageInfo } = await pageOf(list, { first: 100 });
      expect(await pageOf(list, { after: pageInfo.endCursor })).toMatchObject({
        nodes: [],
        edges: [],
        pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
        totalCount: ROWS,
      });
    });

    it.each([0, -1, 101, 2147483647])('refuses first: %d', async (first) => {
      expect(await refusalOf(list, { first })).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'first' } });
    });

    it('takes 1, 100 and nothing for first', async () => {
      expect((await pageOf(list, { first: 1 })).nodes).toHaveLength(1);
      expect((await pageOf(list, { first: null, after: null })).nodes).toHaveLength(ROWS);
    });

    it('refuses what is no cursor of this list', async () => {
      const other = list === 'meters' ? 'features' : 'meters';
      const { pageInfo } = await pageOf(other);
      const own = (await pageOf(list)).edges[0].cursor;
      const [{ id }] = (await pageOf(list)).nodes;
      const broken = ['x', 'null', own.slice(0, -4), `${own}=`, `${own} `, id, Buffer.from(id).toString('base64url')];
      for (const after of [...broken, pageInfo.endCursor])
        expect(await refusalOf(list, { after })).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'after' } });
    });

    it('shows nothing of another organization, whoever made the cursor', async () => {
      const foreign = await pageOf(list, { first: 1 }, stranger);
      const own = (await pageOf(list, { first: 100 })).nodes;
      const page = await pageOf(list, { first: 100, after: foreign.pageInfo.endCursor });
      // The stranger's rows are all newer, so all of ours come after his cursor: it is a place in time and nothing else.
      expect(page.nodes).toEqual(own);
    });
  });

  it('is walked whole, each row once, while rows are added at its head', async () => {
    const before = new Set((await pageOf('customers', { first: 100 })).nodes.map(({ id }) => id));
    const seen: string[] = [];
    let after: string | null = null;
    for (let number = 0; ; number += 1) {
      const page = await pageOf('customers', { first: 2, after });
      seen.push(...page.nodes.map(({ id }) => id));
      await Promise.all([world.customer(`late-${number}-a`), world.customer(`late-${number}-b`)]);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => before.has(id))).toHaveLength(before.size);
    expect(seen).toHaveLength(before.size);
  });

  it('nested lists page like top-level ones, under each parent', async () => {
    type Nested = { customers: { nodes: { invoices: PageView; subscriptions: PageView }[] } };
    const nested = `query ($after: String) { customers(search: "customer-0") { nodes {
      invoices(first: 4, after: $after) { ${fields} } subscriptions(first: 1) { ${fields} } } } }`;
    const [{ invoices, subscriptions }] = (await app.api.query<Nested>(nested)).customers.nodes;
    expect(invoices).toMatchObject({ totalCount: ROWS, pageInfo: { hasNextPage: true, hasPreviousPage: false } });
    expect(subscriptions).toMatchObject({ totalCount: 1, pageInfo: { hasNextPage: false } });
    const { endCursor } = invoices.pageInfo;
    const [{ invoices: rest }] = (await app.api.query<Nested>(nested, { after: endCursor })).customers.nodes;
    expect(rest).toMatchObject({ totalCount: ROWS, pageInfo: { hasNextPage: false, hasPreviousPage: true } });
    const all = await pageOf('invoices', { first: 100 });
    expect([...invoices.nodes, ...rest.nodes]).toEqual(all.nodes);

    const refused = await app.api.failure('{ customers { nodes { invoices(first: 101) { totalCount } } } }');
    expect(refused).toMatchObject({
      path: ['customers', 'nodes', 0, 'invoices'],
      extensions: { code: 'VALIDATION_FAILED', field: 'first' },
    });
  });

  it('lists are filtered by what they are filtered by', async () => {
    const { customer } = await app.api.query<{ customer: { id: string } }>('{ customer(externalId: "customer-0") { id } }');
    const filtered = async (list: ListName, filter: string): Promise<number> =>
      (await app.api.query<{ page: { totalCount: number } }>(`{ page: ${list}(${filter}) { totalCount } }`)).page.totalCount;
    expect(await filtered('invoices', `customerId: "${customer.id}"`)).toBe(ROWS);
    expect(await filtered('invoices', `status: [DRAFT, OPEN]`)).toBe(ROWS);
    expect(await filtered('invoices', `status: [PAID]`)).toBe(0);
    expect(await filtered('invoices', `status: []`)).toBe(0);
    expect(await filtered('subscriptions', `customerId: "${customer.id}", status: [ACTIVE]`)).toBe(1);
    expect(await filtered('usageEvents', `customerId: "${customer.id}"`)).toBe(1);
    expect(await filtered('usageEvents', `from: "2025-12-31T00:00:00.000001Z"`)).toBe(0);
    expect(await filtered('usageEvents', `from: "2025-12-31T00:00:00Z", to: "2025-12-31T00:00:00.000001Z"`)).toBe(ROWS);
    expect(await filtered('usageEvents', `to: "2025-12-31T00:00:00Z"`)).toBe(0);
  });
});

/** Seven rows in each list; one customer has all seven invoices, the fee of June to December, and the credit notes of the last. */
async function fill(world: BillingWorld): Promise<void> {
  for (let number = 0; number < ROWS; number += 1) {
    await world.meter({ name: `meter-${number}`, aggregation: 'SUM' });
    const input = { lookupKey: `feature-${number}`, name: 'Feature', type: 'SWITCH' };
    await world.api.query(`mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id } }`, { input });
    await world.plan({
      lookupKey: `plan-${number}`,
      type: 'FIXED',
      charges: [{ displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '10' }],
    });
    await world.customer(`customer-${number}`);
    await world.use('meter-0', `customer-${number}`, '2025-12-31T00:00:00Z', '1');
    const rate = { name: 'Tax', country: 'US', region: `R${number}`, percentage: '5' };
    await world.api.query(`mutation ($input: CreateTaxRateInput!) { createTaxRate(input: $input) { id } }`, { input: rate });
    const startAt = number === 0 ? '2025-06-01T00:00:00Z' : '2026-01-01T00:00:00Z';
    await world.subscribe(`customer-${number}`, `plan-${number}`, { startAt });
  }
  const desk = new InvoiceDesk(world.api);
  const { invoices } = await world.api.query<{ invoices: { nodes: { id: string }[] } }>('{ invoices { nodes { id } } }');
  const { id, lines } = await desk.finalize(invoices.nodes[0].id);
  for (let number = 0; number < ROWS; number += 1)
    await desk.credit(id, { lines: [{ invoiceLineId: lines[0].id, amount: '1' }] });
}
