import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { InvoiceDesk } from '../support/invoice-desk.js';
import { InvoicePapers } from '../support/invoice-papers.js';
import { flat, perUnit } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface SharedView {
  id: string;
  number: string | null;
  status: string;
  total: string;
  periodStart: string;
  periodEnd: string;
  subscription: { id: string } | null;
  subscriptions: { id: string }[];
  lines: { description: string; amount: string; subscription: { id: string } }[];
}

const SHARED = `id number status total periodStart periodEnd subscription { id } subscriptions { id } lines { description amount subscription { id } }`;

describe('a customer whose invoices are consolidated', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({ lookupKey: 'base', type: 'FIXED', charges: [flat('10')] });
    await world.plan({
      lookupKey: 'extra',
      type: 'HYBRID',
      charges: [flat('5', { displayName: 'Extra' }), perUnit(meterId, '2')],
    });
    await world.plan({
      lookupKey: 'quarterly',
      type: 'FIXED',
      intervalCount: 3,
      charges: [flat('100', { displayName: 'Quarter' })],
    });
    await world.plan({ lookupKey: 'euro', type: 'FIXED', currency: 'EUR', charges: [flat('7')] });
  });
  afterAll(() => app.close());

  let customers = 0;
  const customer = async (
    plans: string[],
    input: object = {},
  ): Promise<{ name: string; id: string; subscriptions: string[] }> => {
    const name = `customer-${(customers += 1)}`;
    const startAt = clock.now().toISOString();
    const testClockId = await world.clock(startAt);
    const id = await world.customer(name, { consolidate: true, testClockId, ...input });
    const subscriptions: string[] = [];
    for (const plan of plans) subscriptions.push(await world.subscribe(name, plan, { startAt }));
    clocks.set(id, testClockId);
    return { name, id, subscriptions };
  };
  const clocks = new Map<string, string>();
  const travel = (id: string, to: string): Promise<void> => world.travel(clocks.get(id) ?? '', to);
  /** Oldest first. */
  const invoices = async (filter: Record<string, unknown>): Promise<SharedView[]> => {
    const { invoices: found } = await app.api.query<{ invoices: { nodes: SharedView[]; totalCount: number } }>(
      `query ($customerId: ID, $subscriptionId: ID) { invoices(customerId: $customerId, subscriptionId: $subscriptionId) { totalCount nodes { ${SHARED} } } }`,
      filter,
    );
    expect(found.totalCount).toBe(found.nodes.length);
    return found.nodes.reverse();
  };
  const statuses = async (ids: string[]): Promise<string[]> =>
    Promise.all(ids.map(async (id) => (await world.subscription<{ status: string }>(id, 'status')).status));
  const shape = ({ lines, total, status }: SharedView): string =>
    `${status} ${total}: ${lines.map(({ description, amount }) => `${description} ${amount}`).join(', ')}`;

  it('gets one invoice for the subscriptions that are billed at an instant, with the usage of the review window on it', async () => {
    const ada = await customer(['base', 'extra']);
    await travel(ada.id, '2026-02-01T00:30:00Z');
    expect((await invoices({ customerId: ada.id })).map(shape)).toEqual(['DRAFT 10: Base 10', 'DRAFT 5: Extra 5, Calls 0']);
    await world.use('calls', ada.name, '2026-01-31T00:00:00Z', '3');
    await travel(ada.id, '2026-02-01T01:00:00Z');
    const [shared, ...others] = await invoices({ customerId: ada.id });
    expect(others).toEqual([]);
    // 10 for one, 5 and 3 × 2 for the other.
    expect(shape(shared)).toBe('OPEN 21: Base 10, Extra 5, Calls 6');
    expect(shared).toMatchObject({
      number: 'INV-2026-0001',
      periodStart: '2026-01-01T00:00:00.000Z',
      periodEnd: '2026-02-01T00:00:00.000Z',
      subscription: null,
      subscriptions: [...ada.subscriptions].sort().map((id) => ({ id })),
    });
    expect(shared.lines.map(({ subscription }) => subscription.id)).toEqual([0, 1, 1].map((index) => ada.subscriptions[index]));
    // It is an invoice of each, and shown as such.
    for (const subscriptionId of ada.subscriptions) {
      expect((await invoices({ subscriptionId })).map(({ id }) => id)).toEqual([shared.id]);
      expect((await world.invoices(subscriptionId)).map(({ id }) => id)).toEqual([shared.id]);
    }
    expect(await new InvoicePapers(app).pdf(shared.id)).toMatch(
      /Base 1 \$10\.00 \$10\.00 Extra 1 \$5\.00 \$5\.00 Calls 3 \$2\.00 \$6\.00/,
    );
    const { verifyInvoice } = await app.api.query<{ verifyInvoice: { matches: boolean } }>(
      'query ($id: ID!) { verifyInvoice(id: $id) { matches } }',
      { id: shared.id },
    );
    expect(verifyInvoice.matches).toBe(true);
  });

  it('gets separate ones for another currency, for other instants, and for what was changed or finalized by hand', async () => {
    const bob = await customer(['base', 'extra', 'euro', 'quarterly', 'base', 'base']);
    await travel(bob.id, '2026-02-01T00:30:00Z');
    const drafts = await invoices({ customerId: bob.id });
    expect(drafts).toHaveLength(5);
    const draftOf = (index: number): string =>
      drafts.find(({ subscription }) => subscription?.id === bob.subscriptions[index])?.id ?? '';
    await desk.edit(draftOf(4), { memo: 'For the other department' });
    await world.finalize(draftOf(5));
    await travel(bob.id, '2026-02-01T01:00:00Z');
    expect((await invoices({ customerId: bob.id })).map(shape).sort()).toEqual([
      'OPEN 10: Base 10',
      'OPEN 10: Base 10',
      'OPEN 15: Base 10, Extra 5, Calls 0',
      'OPEN 7: Base 7',
    ]);
    // Three months later the quarter ends with the month, and joins in: its period is the longest.
    await travel(bob.id, '2026-04-01T01:00:00Z');
    const together = (await invoices({ subscriptionId: bob.subscriptions[3] }))[0];
    expect(shape(together)).toBe('OPEN 135: Base 10, Extra 5, Calls 0, Quarter 100, Base 10, Base 10');
    expect(together).toMatchObject({ periodStart: '2026-01-01T00:00:00.000Z', periodEnd: '2026-04-01T00:00:00.000Z' });
  });

  it('is past due with all that the invoice is about, and active again with all of it', async () => {
    const eve = await customer(['base', 'extra'], { paymentTermsDays: 5 });
    await travel(eve.id, '2026-02-10T00:00:00Z');
    const [shared] = await invoices({ customerId: eve.id });
    expect(await statuses(eve.subscriptions)).toEqual(['PAST_DUE', 'PAST_DUE']);
    // Billed while past due, both stay so: the invoice is what the next period finds.
    await travel(eve.id, '2026-03-01T00:30:00Z');
    expect(await statuses(eve.subscriptions)).toEqual(['PAST_DUE', 'PAST_DUE']);
    await world.pay(shared.id, '15');
    expect(await statuses(eve.subscriptions)).toEqual(['ACTIVE', 'ACTIVE']);
  });

  it('gets all of it drafted again when the invoice is voided with reissue, and one invoice once more', async () => {
    const kim = await customer(['base', 'extra']);
    await travel(kim.id, '2026-02-01T01:00:00Z');
    const [shared] = await invoices({ customerId: kim.id });
    await world.void(shared.id, { reissue: true });
    expect((await invoices({ customerId: kim.id })).map(shape)).toEqual([
      'VOID 15: Base 10, Extra 5, Calls 0',
      'DRAFT 10: Base 10',
      'DRAFT 5: Extra 5, Calls 0',
    ]);
    await travel(kim.id, '2026-02-01T02:00:00Z');
    expect((await invoices({ customerId: kim.id })).map(shape)).toEqual([
      'VOID 15: Base 10, Extra 5, Calls 0',
      'OPEN 15: Base 10, Extra 5, Calls 0',
    ]);
  });

  it('is served so by the scheduled runs, too, and not before it is asked for', async () => {
    const real = async (name: string, consolidate: boolean): Promise<string> => {
      const id = await world.customer(name, { consolidate });
      for (const plan of ['base', 'extra']) await world.subscribe(name, plan);
      return id;
    };
    const [together, apart] = [await real('together', true), await real('apart', false)];
    clock.set('2026-02-01T00:00:00Z');
    expect(await app.workers.generateInvoices()).toEqual({ found: 4, done: 4, failed: 0 });
    clock.set('2026-02-01T01:00:00Z');
    // Three invoices of four drafts.
    expect(await app.workers.finalizeInvoices()).toEqual({ found: 3, done: 3, failed: 0 });
    expect((await invoices({ customerId: together })).map(shape)).toEqual(['OPEN 15: Base 10, Extra 5, Calls 0']);
    expect((await invoices({ customerId: apart })).map(shape)).toEqual(['OPEN 10: Base 10', 'OPEN 5: Extra 5, Calls 0']);
    const mails = await app.database.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM emails e JOIN invoices i ON i.id = e.invoice_id WHERE i.customer_id = ANY ($1::uuid[]) AND e.kind = 'INVOICE'`,
      [[together, apart]],
    );
    expect(mails).toEqual([{ count: 3 }]);
  });
});
