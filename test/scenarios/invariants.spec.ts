import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { EntityManager } from 'typeorm';
import { InvariantsService } from '../../src/modules/invoicing/index.js';
import { checkInvariants, INVARIANTS } from '../../src/modules/invoicing/queries/check-invariants.query.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { expectSoundBooks } from '../support/invariants.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What somebody might write behind the product's back, and what it breaks. Each is taken back again. */
const BREACHES: Record<keyof typeof INVARIANTS, string[]> = {
  LINES_ADD_UP: [`UPDATE invoice_lines SET amount = amount + 1 WHERE id = (SELECT min(id::text)::uuid FROM invoice_lines)`],
  TOTALS_ADD_UP: [
    'ALTER TABLE invoices DROP CONSTRAINT invoices_total_check',
    `UPDATE invoices SET total = total + 1 WHERE status = 'OPEN' AND number = 'INV-2026-0001'`,
  ],
  BILLED_ONCE: [
    'DROP INDEX invoice_lines_billed_once_key',
    `UPDATE invoice_lines l SET key_start = s.key_start FROM invoice_lines s
      WHERE s.subscription_id = l.subscription_id AND s.charge_id = l.charge_id AND s.kind = 'CHARGE' AND l.kind = 'CHARGE' AND s.key_start < l.key_start
        AND l.subscription_id = (SELECT id FROM subscriptions ORDER BY id LIMIT 1)`,
  ],
  NO_GAPS: [
    `UPDATE invoice_lines SET key_start = key_start + interval '1 day'
      WHERE key_start = '2026-02-01' AND subscription_id = (SELECT id FROM subscriptions ORDER BY id LIMIT 1)`,
  ],
  NUMBERS_COMPLETE: [`UPDATE invoices SET number = 'INV-2026-0099' WHERE number = 'INV-2026-0002'`],
  CREDIT_NOTE_NUMBERS_COMPLETE: [`UPDATE credit_note_counters SET last = last + 1`],
  DATES_FIT_STATUS: [`UPDATE invoices SET voided_at = issued_at WHERE number = 'INV-2026-0001'`],
  PAYMENTS_ADD_UP: ['UPDATE payments SET amount = amount + 1'],
  PAID_IS_COVERED: [`UPDATE invoices SET status = 'PAID', paid_at = issued_at WHERE number = 'INV-2026-0001'`],
  BALANCES_NOT_NEGATIVE: [`UPDATE balance_entries SET amount = -amount WHERE reason = 'ADJUSTMENT'`],
};

describe('what must always hold of the books', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let client: pg.Client;
  beforeAll(async () => {
    app = await startTestApp(clock);
    await fill(new BillingWorld(app.api));
    client = new pg.Client({ connectionString: app.database.url, options: '-c timezone=UTC' });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await app.close({ withBooksInDisorder: true });
  });

  /** Three months of two customers, with a plan change, a pause, payments, a credit note and credit. */
  async function fill(world: BillingWorld): Promise<void> {
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    for (const [lookupKey, amount] of [
      ['small', '20'],
      ['large', '50'],
    ])
      await world.plan({
        lookupKey,
        type: 'HYBRID',
        charges: [
          { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount, billingTiming: 'IN_ADVANCE' },
          { displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '1' },
        ],
      });
    const customers = await Promise.all(['ann', 'bob'].map((name) => world.customer(name)));
    const ann = await world.subscribe('ann', 'small');
    const bob = await world.subscribe('bob', 'small');
    const month = async (at: string): Promise<void> => {
      clock.set(at);
      await app.workers.generateInvoices();
      clock.set(at.replace('T00', 'T02'));
      await app.workers.finalizeInvoices();
    };
    await month('2026-01-01T00:00:00Z');
    clock.set('2026-01-12T00:00:00Z');
    await world.changePlan(bob, { planId: await world.planId('large'), timing: 'IMMEDIATE' });
    await world.use('calls', 'ann', '2026-01-10T00:00:00Z', '3');
    await month('2026-02-01T00:00:00Z');
    clock.set('2026-02-10T00:00:00Z');
    await world.pause(bob);
    clock.set('2026-02-20T00:00:00Z');
    await world.resume(bob);
    await month('2026-03-01T00:00:00Z');
    const invoices = await world.invoices(ann);
    await world.pay(invoices[1].id, '5');
    await app.api.query(
      `mutation ($id: ID!, $input: AdjustBalanceInput!) { adjustBalance(customerId: $id, input: $input) { id } }`,
      { id: customers[0], input: { amount: '1', currency: 'USD' } },
    );
    await app.api.query(`mutation ($id: ID!) { createCreditNote(invoiceId: $id, input: { reason: "Goodwill" }) { id } }`, {
      id: invoices[2].id,
    });
  }

  it('holds', () => expectSoundBooks(app.api));

  it.each(Object.entries(BREACHES))('%s: a breach is found', async (name, statements) => {
    await client.query('BEGIN');
    try {
      await client.query('SET LOCAL session_replication_role = replica');
      for (const statement of statements) expect((await client.query(statement)).rowCount).not.toBe(0);
      const tx = { query: async (text: string, values: unknown[]) => (await client.query(text, values)).rows as unknown[] };
      const { checks } = await checkInvariants(tx as unknown as EntityManager, null);
      const broken = checks.filter(({ violations }) => violations > 0);
      expect(broken.map((check) => check.name)).toContain(name);
      expect(broken.find((check) => check.name === name)?.examples.length).toBeGreaterThan(0);
    } finally {
      await client.query('ROLLBACK');
    }
  });

  it('is looked at every night, shown in the health of workers, and to the organization whose books they are', async () => {
    const invariants = app.nest.get(InvariantsService);
    const health = async () => (await app.rest('GET', '/api/v1/workers/health')).body.workers;
    expect(await health()).toMatchObject({ billing_invariants: { status: 'unknown' } });
    const { found, failed } = await invariants.checkAll();
    expect({ found: found > 0, failed }).toEqual({ found: true, failed: 0 });
    expect(await health()).toMatchObject({ billing_invariants: { status: 'healthy' } });
    const stranger = await app.addOrganization('sk_test_of_a_stranger_to_the_books');
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(BREACHES.NUMBERS_COMPLETE[0]);
    await client.query('COMMIT');
    clock.set('2026-03-02T04:10:00Z');
    expect((await invariants.checkAll()).failed).toBe(1);
    expect(await health()).toMatchObject({ billing_invariants: { status: 'warning', consecutive_failures: 1 } });
    await expectSoundBooks(stranger);
    await expect(expectSoundBooks(app.api)).rejects.toThrow('NUMBERS_COMPLETE');
  });
});
