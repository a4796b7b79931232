import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { isId } from '../../../platform/database/ids.js';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import { Invoice } from '../invoice.entity.js';

/** The invoice with its row lock, or null; with `skipLocked` also null while somebody else has it. Served by the primary key. */
export async function findLockedInvoice(tx: EntityManager, id: string, skipLocked = false): Promise<Invoice | null> {
  if (!isId(id)) return null;
  const lock = { mode: 'for_no_key_update' as const, ...(skipLocked ? { onLocked: 'skip_locked' as const } : {}) };
  return tx.findOne(Invoice, { where: { organizationId: organizationOf(tx), id }, lock });
}

/** Takes the next number of the organization and year. Rolled back with the transaction, so there are no holes. */
export async function nextInvoiceSequence(tx: EntityManager, year: number): Promise<number> {
  const [row] = await tx.query<{ last: number }[]>(
    `INSERT INTO invoice_counters (organization_id, issue_year, last) VALUES ($1, $2, 1)
     ON CONFLICT (organization_id, issue_year) DO UPDATE SET last = invoice_counters.last + 1 RETURNING last`,
    [organizationOf(tx), year],
  );
  return row.last;
}

/** Orders whoever uses the customer's credit. */
export async function lockCustomer(tx: EntityManager, customerId: string): Promise<void> {
  await tx.query('SELECT FROM customers WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    organizationOf(tx),
    customerId,
  ]);
}

/** Credit left of a customer in a currency, ≥ 0. Served by balance_entries_customer_idx. */
export async function loadBalance(tx: EntityManager, customerId: string, currency: string): Promise<Decimal> {
  const [row] = await tx.query<{ balance: string }[]>(
    `SELECT coalesce(sum(amount), 0)::text AS balance FROM balance_entries WHERE organization_id = $1 AND customer_id = $2 AND currency = $3`,
    [organizationOf(tx), customerId, currency],
  );
  return decimal(row.balance);
}
