import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { by, InvoiceDesk } from '../support/invoice-desk.js';
import { seededRandom } from '../support/seeded-random.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

const FULL = process.env.FAULT_SIZE === 'full';
const ORGANIZATIONS = 20;
const DRAFTS = FULL ? 500 : 8;
const LANES = 16;
const LIMIT_MS = FULL ? 1_800_000 : 120_000;

interface Draft {
  key: string;
  id: string;
}

/** Two processes finalize drafts of 20 organizations, by their runs and by hand at the same time; one draft of each organization cannot be finalized. */
describe('numbers of invoices that are finalized at the same time', () => {
  let database: TestDatabase;
  const apps: TestApp[] = [];
  let drafts: Draft[] = [];
  beforeAll(async () => {
    database = await createDatabase();
    for (let count = 0; count < 2; count += 1) apps.push(await startTestApp(new FakeClock('2026-01-01T00:00:00Z'), database));
    for (let number = 0; number < ORGANIZATIONS; number += 1) await fillOrganization(`sk_test_of_organization_${100 + number}`);
    drafts = (await database.sql<Draft & Record<string, unknown>>(
      `SELECT o.name AS key, i.id FROM invoices i JOIN organizations o ON o.id = i.organization_id WHERE i.status = 'DRAFT'`,
    )) as Draft[];
    expect(drafts).toHaveLength(ORGANIZATIONS * (DRAFTS + 1));
  }, LIMIT_MS);
  afterAll(async () => {
    for (const app of apps) await app.close();
    await database.drop();
  });

  /** Its drafts, every second of which is due, and one of a customer whose calendar is broken. */
  async function fillOrganization(key: string): Promise<void> {
    const api = await apps[0].addOrganization(key);
    const [world, desk] = [new BillingWorld(api), new InvoiceDesk(api)];
    await desk.do('updateOrganization', { input: { name: key } });
    const broken = await desk.create(await world.customer('broken'), [by('1', '5')]);
    const { id } = await desk.create(await world.customer('ada', { email: 'ada@example.com' }), [by('1', '5')]);
    await database.sql(`UPDATE customers SET time_zone = 'Mars/Olympus' WHERE external_id = 'broken'`);
    await database.sql(
      `WITH copies AS (SELECT uuidv7() AS id FROM generate_series(2, $2)), copied AS (
         INSERT INTO invoices SELECT (jsonb_populate_record(i, jsonb_build_object('id', c.id, 'public_token', uuidv4()))).* FROM invoices i, copies c WHERE i.id = $1
       )
       INSERT INTO invoice_lines
       SELECT (jsonb_populate_record(l, jsonb_build_object('id', uuidv7(), 'invoice_id', c.id))).* FROM invoice_lines l, copies c WHERE l.invoice_id = $1`,
      [id, DRAFTS],
    );
    await database.sql(
      `UPDATE invoices i SET finalize_at = '2026-01-01T00:00:00Z' FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM invoices
         WHERE status = 'DRAFT' AND organization_id = (SELECT organization_id FROM invoices WHERE id = $1)) AS p WHERE i.id = p.id AND (p.place % 2 = 0 OR i.id = $1)`,
      [broken.id],
    );
  }

  it(
    'have no holes and are given once',
    async () => {
      const random = seededRandom();
      const clients = new Map<string, GraphqlClient>();
      const clientOf = (key: string): GraphqlClient => {
        const client = clients.get(key) ?? new GraphqlClient(apps[random(2)].url, key);
        clients.set(key, client);
        return client;
      };
      const queue = drafts.map((draft) => ({ draft, place: random(1_000_000) })).sort((a, b) => a.place - b.place);
      const refusals: string[] = [];
      const lane = async (): Promise<void> => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          const { key, id } = next.draft;
          // Each is asked for, also where a run finalizes it: one of them comes first.
          await new BillingWorld(clientOf(key)).finalize(id).catch((error: unknown) => refusals.push(String(error)));
        }
      };
      const began = performance.now();
      await Promise.all([
        ...apps.map(({ workers }) => workers.finalizeInvoices()),
        ...Array.from({ length: LANES }, lane),
        ...apps.map(({ workers }) => workers.scanOverdue()),
      ]);
      for (const { workers } of apps) await workers.finalizeInvoices();
      console.log(`${drafts.length} drafts in ${Math.round(performance.now() - began)} ms, ${refusals.length} asked for in vain`);
      const numbers = await database.sql<{ name: string; numbers: string[]; drafts: number }>(
        `SELECT o.name, array_agg(i.number ORDER BY i.number) FILTER (WHERE i.number IS NOT NULL) AS numbers, (count(*) FILTER (WHERE i.status = 'DRAFT'))::int AS drafts
           FROM invoices i JOIN organizations o ON o.id = i.organization_id GROUP BY o.name ORDER BY o.name`,
      );
      const expected = Array.from({ length: DRAFTS }, (_, index) => `INV-2026-${String(index + 1).padStart(4, '0')}`);
      expect(numbers).toEqual(
        Array.from({ length: ORGANIZATIONS }, (_, number) => ({
          name: `sk_test_of_organization_${100 + number}`,
          numbers: expected,
          drafts: 1,
        })),
      );
      // One mail for each, whoever came first.
      const [{ mails }] = await database.sql<{ mails: number }>(
        `SELECT count(*)::int AS mails FROM emails e JOIN invoices i ON i.id = e.invoice_id AND i.status <> 'DRAFT' WHERE e.kind = 'INVOICE'`,
      );
      expect(mails).toBe(ORGANIZATIONS * DRAFTS);
    },
    LIMIT_MS,
  );
});
