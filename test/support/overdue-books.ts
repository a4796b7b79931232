import { expect } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { checkInvariants } from '../../src/modules/invoicing/queries/check-invariants.query.js';
import { PERIODS_DUE } from './overdue-world.js';
import type { TestDatabase } from './worker-database.js';

/** How far the work has come, and what must never be seen, not even between a crash and the next start. */
export interface Books {
  drafted: number;
  numbered: number;
  billedTwice: number;
  linesWithoutInvoice: number;
  invoicesOffTheirLines: number;
  periodsOutOfStep: number;
  gapsInNumbers: number;
  /** Issued invoices without their one mail, mails of drafts, mails to be sent without a job, and jobs without a mail. */
  mailsOutOfStep: number;
}

export const SOUND: Omit<Books, 'drafted' | 'numbered'> = {
  billedTwice: 0,
  linesWithoutInvoice: 0,
  invoicesOffTheirLines: 0,
  periodsOutOfStep: 0,
  gapsInNumbers: 0,
  mailsOutOfStep: 0,
};

/** Looks at the tables with SQL that shares nothing with the product. */
export async function look(database: TestDatabase): Promise<Books> {
  const [row] = await database.sql<Record<keyof Books, number>>(`
    SELECT (SELECT count(*) FROM invoices)::int AS drafted,
           (SELECT count(*) FROM invoices WHERE number IS NOT NULL)::int AS numbered,
           (SELECT count(*) FROM (SELECT FROM invoices GROUP BY subscription_id, period_start HAVING count(*) > 1) AS twice)::int AS "billedTwice",
           (SELECT count(*) FROM invoice_lines l WHERE NOT EXISTS (SELECT FROM invoices i WHERE i.id = l.invoice_id))::int AS "linesWithoutInvoice",
           (SELECT count(*) FROM invoices i WHERE i.total IS DISTINCT FROM (SELECT sum(amount) FROM invoice_lines l WHERE l.invoice_id = i.id)
               OR (SELECT count(*) FROM invoice_lines l WHERE l.invoice_id = i.id) <> 2)::int AS "invoicesOffTheirLines",
           (SELECT count(*) FROM subscriptions s WHERE s.current_period_start - s.started_at <> interval '10 days' *
               (SELECT count(*) FROM invoices i WHERE i.subscription_id = s.id))::int AS "periodsOutOfStep",
           (SELECT coalesce(sum(last - numbered), 0) FROM (
               SELECT max(split_part(number, '-', 3)::int) AS last, count(*) AS numbered
                 FROM invoices WHERE number IS NOT NULL GROUP BY split_part(number, '-', 2)) AS years)::int AS "gapsInNumbers",
           (SELECT count(*) FROM invoices i WHERE (i.number IS NOT NULL)::int <> (SELECT count(*) FROM emails e WHERE e.invoice_id = i.id AND e.kind = 'INVOICE'))::int
             + abs((SELECT count(*) FROM emails WHERE status = 'PENDING') - (SELECT count(*) FROM graphile_worker.jobs))::int AS "mailsOutOfStep"`);
  return row;
}

/** Every period of every subscription was billed once, in order, at its price, and numbered; and the product itself sees no fault. */
export async function expectEverythingBilledOnce(database: TestDatabase, subscriptions: number): Promise<void> {
  const all = subscriptions * PERIODS_DUE;
  expect(await look(database)).toEqual({ drafted: all, numbered: all, ...SOUND });
  const billed = await database.sql<{ n: number; p: number; status: string; total: string }>(`
    SELECT split_part(c.external_id, '-', 2)::int AS n, (extract(epoch FROM i.period_end - s.started_at) / 864000)::int AS p, i.status, i.total
      FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id JOIN customers c ON c.id = s.customer_id
     WHERE i.period_end - i.period_start = interval '10 days' ORDER BY n, p`);
  // 20 for the period and 0.01 for each of n + p calls.
  const expected = Array.from({ length: all }, (_, index) => {
    const [n, p] = [Math.floor(index / PERIODS_DUE) + 1, (index % PERIODS_DUE) + 1];
    const cents = 2_000 + n + p;
    return { n, p, status: 'OPEN', total: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}` };
  });
  expect(billed.map((row) => ({ ...row, total: Number(row.total).toFixed(2) }))).toEqual(expected);
  await expectNoBreach(database);
}

/** The product's own look at all books, over a connection of the test's. */
export async function expectNoBreach(database: TestDatabase): Promise<void> {
  const tx = { query: (text: string, values: unknown[]) => database.sql(text, values) } as unknown as EntityManager;
  const { checks } = await checkInvariants(tx, null);
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
}
