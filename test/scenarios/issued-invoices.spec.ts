import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { by, InvoiceDesk } from '../support/invoice-desk.js';
import { Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What the application never does, the database refuses, whoever asks. */
describe('what has been issued', () => {
  let app: TestApp;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    app = await startTestApp();
    const desk = new InvoiceDesk(app.api);
    const ada = await Story.begin(new BillingWorld(app.api), '2026-01-01T00:00:00Z');
    const issue = async () => (await desk.finalize((await desk.create(ada.customerId, [by('1', '10')])).id)).id;
    await desk.do('adjustBalance', { id: ada.customerId, input: { amount: '1', currency: 'USD' } });
    Object.assign(ids, { open: await issue(), paid: await issue(), void: await issue(), lost: await issue() });
    ids.draft = (await desk.create(ada.customerId, [by('1', '10')])).id;
    await desk.pay(ids.paid, '10');
    const credited = await issue();
    await desk.pay(credited, '10');
    await desk.credit(credited, { destination: 'REFUND' });
    await desk.do('voidInvoice', { id: ids.void });
    await desk.do('markInvoiceUncollectible', { id: ids.lost });
  });
  afterAll(() => app.close());

  const attempt = (statement: string, which: string): Promise<object[]> => app.database.sql(statement, [ids[which]]);
  const STATES = ['open', 'paid', 'void', 'lost'];

  describe.each(STATES)('%s', (state) => {
    it.each([
      'UPDATE invoices SET subtotal = subtotal + 1, total = total + 1 WHERE id = $1',
      "UPDATE invoices SET number = 'INV-1999-0001' WHERE id = $1",
      'UPDATE invoices SET number = NULL WHERE id = $1',
      "UPDATE invoices SET issued_at = issued_at - interval '1 day' WHERE id = $1",
      "UPDATE invoices SET due_at = due_at + interval '1 day' WHERE id = $1",
      "UPDATE invoices SET memo = 'changed' WHERE id = $1",
      "UPDATE invoices SET status = 'DRAFT' WHERE id = $1",
      'UPDATE invoices SET amount_paid = amount_paid - 1 WHERE id = $1',
      'DELETE FROM invoices WHERE id = $1',
      'UPDATE invoice_lines SET amount = amount + 1 WHERE invoice_id = $1',
      "UPDATE invoice_lines SET description = 'changed' WHERE invoice_id = $1",
      'DELETE FROM invoice_lines WHERE invoice_id = $1',
    ])('%s', async (statement) => {
      await expect(attempt(statement, state)).rejects.toThrow('an issued invoice cannot be changed');
    });

    it('takes no further line, and none from a draft', async () => {
      const copy = `INSERT INTO invoice_lines (organization_id, id, invoice_id, position, kind, description, quantity, amount, tax, explanation)
                    SELECT organization_id, gen_random_uuid(), id, 99, 'ONE_OFF', 'more', 1, 1, 0, '{}' FROM invoices WHERE id = $1`;
      await expect(attempt(copy, state)).rejects.toThrow('an issued invoice cannot be changed');
      const move = 'UPDATE invoice_lines SET invoice_id = $1, position = 99 WHERE invoice_id = $2';
      await expect(app.database.sql(move, [ids[state], ids.draft])).rejects.toThrow('an issued invoice cannot be changed');
    });
  });

  it('changes its state by the table alone', async () => {
    for (const [from, to] of [
      ['paid', 'OPEN'],
      ['paid', 'VOID'],
      ['void', 'OPEN'],
      ['void', 'PAID'],
      ['lost', 'OPEN'],
    ])
      await expect(attempt(`UPDATE invoices SET status = '${to}' WHERE id = $1`, from)).rejects.toThrow(
        'an issued invoice cannot be changed',
      );
    await expect(attempt('UPDATE invoices SET amount_paid = amount_paid + 1 WHERE id = $1', 'paid')).rejects.toThrow('issued');
  });

  it.each(['payments', 'balance_entries', 'credit_notes', 'credit_note_lines', 'refunds'])('%s only grow', async (table) => {
    const [{ rows }] = await app.database.sql<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
    expect(rows).toBeGreaterThan(0);
    await expect(app.database.sql(`DELETE FROM ${table}`)).rejects.toThrow(`${table} only grows`);
    const column = table === 'credit_notes' ? 'total' : 'amount';
    await expect(app.database.sql(`UPDATE ${table} SET ${column} = ${column} + 1`)).rejects.toThrow(`${table} only grows`);
  });

  it('may still be drafted upon: a draft can be changed and deleted', async () => {
    await attempt("UPDATE invoice_lines SET description = 'changed' WHERE invoice_id = $1", 'draft');
    await attempt('DELETE FROM invoices WHERE id = $1', 'draft');
    expect(await attempt('SELECT FROM invoice_lines WHERE invoice_id = $1', 'draft')).toEqual([]);
  });
});
