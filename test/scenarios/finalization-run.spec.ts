import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { invoicesFinalized, invoicesOverdue, invoicesPaid, type InvoicesOf } from '../../src/modules/invoicing/index.js';
import { DomainEvents } from '../../src/platform/events/domain-events.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Runs of the finalizer and the overdue scan over many drafts at a time. */
describe('a run that finalizes many drafts', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  const heard: { event: string; invoiceIds: string[] }[] = [];
  let app: TestApp;
  let world: BillingWorld;
  const subscriptions = new Map<string, string>();

  const subscribe = async (customer: string, plan: string): Promise<void> => {
    await world.customer(customer);
    subscriptions.set(customer, await world.subscribe(customer, plan));
  };
  const idOf = async (customer: string): Promise<string> => (await world.invoices(subscriptions.get(customer) ?? ''))[0].id;
  /** Drafts and finalizes what is due, and tells how many statements the finalization took. */
  const finalizeAt = async (at: string): Promise<number> => {
    clock.set(at);
    await app.workers.generateInvoices();
    await app.database.sql('UPDATE invoices SET finalize_at = $1 WHERE finalize_at IS NOT NULL', [at]);
    const before = app.statements();
    await app.workers.finalizeInvoices();
    return app.statements() - before;
  };

  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    const events = app.nest.get(DomainEvents);
    for (const event of [invoicesFinalized, invoicesPaid, invoicesOverdue])
      events.on(event, async (_tx, { invoiceIds }: InvoicesOf) => {
        heard.push({ event: event.name, invoiceIds });
        return Promise.resolve();
      });
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    const usage = { displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '0.5' };
    await world.plan({ lookupKey: 'calls', type: 'USAGE', charges: [usage] });
    await world.plan({ lookupKey: 'calls-in-days', type: 'USAGE', billingInterval: 'DAY', intervalCount: 20, charges: [usage] });
  });
  afterAll(() => app.close());

  it('numbers them by the end of their period, and those that end together as they were made', async () => {
    // Ann's period ends on February 1st, those of Bob and Eve on January 21st; all three are drafted by one late run.
    await subscribe('ann', 'calls');
    await subscribe('bob', 'calls-in-days');
    await subscribe('eve', 'calls-in-days');
    await world.use('calls', 'ann', '2025-12-31T00:00:00Z', '7');
    await world.use('calls', 'bob', '2026-01-01T00:00:00Z', '4');
    clock.set('2026-02-01T00:00:00Z');
    await app.workers.generateInvoices();
    const drafts = await app.database.sql<{ customer: string }>(
      'SELECT c.external_id AS customer FROM invoices i JOIN customers c ON c.id = i.customer_id ORDER BY i.period_end, i.id',
    );
    expect(drafts.map(({ customer }) => customer).sort()).toEqual(['ann', 'bob', 'eve']);
    clock.set('2026-02-01T01:00:00Z');
    expect(await app.workers.finalizeInvoices()).toEqual({ found: 3, done: 3, failed: 0 });
    const numbered = await app.database.sql<{ customer: string; number: string; status: string }>(
      'SELECT c.external_id AS customer, i.number, i.status FROM invoices i JOIN customers c ON c.id = i.customer_id ORDER BY i.number',
    );
    // Usage of December is of no period; nobody but Bob has used anything: 4 × 0.5.
    expect(numbered.map(({ customer }) => customer)).toEqual(drafts.map(({ customer }) => customer));
    expect(numbered.at(-1)).toEqual({ customer: 'ann', number: 'INV-2026-0003', status: 'PAID' });
    expect(numbered.find(({ customer }) => customer === 'bob')?.status).toBe('OPEN');
  });

  it('tells once about all of them, and about those with nothing to pay', async () => {
    const [ann, bob, eve] = [await idOf('ann'), await idOf('bob'), await idOf('eve')];
    expect(heard.splice(0).map(({ event, invoiceIds }) => ({ event, invoiceIds: [...invoiceIds].sort() }))).toEqual([
      { event: 'invoices.finalized', invoiceIds: [ann, bob, eve].sort() },
      { event: 'invoices.paid', invoiceIds: [ann, eve].sort() },
    ]);
  });

  it('takes as many statements for 31 drafts as for 4', async () => {
    clock.set('2026-02-03T00:00:00Z');
    await subscribe('kim', 'calls');
    for (const customer of ['ann', 'bob', 'eve', 'kim']) await world.use('calls', customer, '2026-02-02T00:00:00Z', '1');
    const few = await finalizeAt('2026-03-02T00:00:00Z');
    for (let n = 0; n < 30; n += 1) await subscribe(`many-${n}`, 'calls');
    const many = await finalizeAt('2026-04-03T00:00:00Z');
    const rows = await app.database.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM invoices WHERE issued_at = '2026-04-03T00:00:00Z'`,
    );
    expect(rows[0].count).toBeGreaterThanOrEqual(31);
    expect(many).toBeLessThanOrEqual(few);
  });

  it('reads usage that came in the review window, and keeps the cut-off of lines whose events are the same', async () => {
    clock.set('2026-05-03T00:00:00Z');
    await app.workers.generateInvoices();
    await world.use('calls', 'ann', '2026-04-10T00:00:00Z', '6');
    const drafted = await cutOffs();
    clock.set('2026-05-03T02:00:00Z');
    await app.workers.finalizeInvoices();
    const finalized = await cutOffs();
    expect([...finalized.keys()].sort()).toEqual([...drafted.keys()].sort());
    const moved = [...finalized].filter(([customer, at]) => at !== drafted.get(customer)).map(([customer]) => customer);
    expect(moved).toEqual(['ann']);
    // 6 × 0.5.
    const [latest] = (await world.invoices(subscriptions.get('ann') ?? '')).slice(-1);
    expect(latest).toMatchObject({ status: 'OPEN', total: '3' });
    for (const customer of ['ann', 'kim']) {
      const { id } = (await world.invoices(subscriptions.get(customer) ?? '')).slice(-1)[0];
      const { verifyInvoice } = await app.api.query<{ verifyInvoice: { matches: boolean } }>(
        'query ($id: ID!) { verifyInvoice(id: $id) { matches } }',
        { id },
      );
      expect(verifyInvoice.matches).toBe(true);
    }
  });

  it('marks what is overdue once, and its subscription', async () => {
    heard.length = 0;
    clock.set('2026-03-03T01:00:00Z');
    const status = () => world.subscription(subscriptions.get('bob') ?? '', 'status');
    // Bob's invoice of February 1st is due after 30 days; the others that are OPEN later.
    expect(await app.workers.scanOverdue()).toEqual({ found: 1, done: 1, failed: 0 });
    expect(heard.splice(0)).toEqual([{ event: 'invoices.overdue', invoiceIds: [await idOf('bob')] }]);
    expect(await status()).toEqual({ status: 'PAST_DUE' });
    expect(await app.workers.scanOverdue()).toEqual({ found: 0, done: 0, failed: 0 });
    await world.pay(await idOf('bob'), '2');
    expect(heard.splice(0)).toEqual([{ event: 'invoices.paid', invoiceIds: [await idOf('bob')] }]);
    expect(await status()).toEqual({ status: 'ACTIVE' });
  });

  it('leaves the books as they must be', async () => {
    const { billingInvariants } = await app.api.query<{ billingInvariants: { name: string; holds: boolean }[] }>(
      '{ billingInvariants { name holds violations examples } }',
    );
    expect(billingInvariants).toHaveLength(10);
    expect(billingInvariants.filter(({ holds }) => !holds)).toEqual([]);
  });

  /** The cut-off of the usage line of each customer's latest invoice. */
  async function cutOffs(): Promise<Map<string, string>> {
    const rows = await app.database.sql<{ customer: string; at: Date }>(
      `SELECT DISTINCT ON (c.external_id) c.external_id AS customer, l.known_snapshot AS at
         FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id JOIN customers c ON c.id = i.customer_id
        WHERE l.known_snapshot IS NOT NULL ORDER BY c.external_id, l.id DESC`,
    );
    return new Map(rows.map(({ customer, at }) => [customer, String(at)]));
  }
});
