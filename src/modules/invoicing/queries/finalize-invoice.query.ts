import { In, LessThanOrEqual, type EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { isId } from '../../../platform/database/ids.js';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import type { Explanation } from '../domain/explanation.js';
import { Invoice } from '../invoice.entity.js';

/** The invoice with its row lock, or null. Served by the primary key. */
export async function findLockedInvoice(tx: EntityManager, id: string): Promise<Invoice | null> {
  if (!isId(id)) return null;
  return tx.findOne(Invoice, { where: { organizationId: organizationOf(tx), id }, lock: { mode: 'for_no_key_update' } });
}

/**
 * Locks those of these drafts whose review window is still over by `now`; what somebody else has in hand is left out. In the order
 * in which they are numbered. Served by the primary key.
 */
export async function lockDueDrafts(tx: EntityManager, ids: readonly string[], now: Date): Promise<Invoice[]> {
  const drafts = await tx.find(Invoice, {
    where: { organizationId: organizationOf(tx), id: In([...ids]), status: 'DRAFT', finalizeAt: LessThanOrEqual(now) },
    lock: { mode: 'for_no_key_update', onLocked: 'skip_locked' },
  });
  const place = new Map(ids.map((id, index) => [id, index]));
  return drafts.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
}

/** Takes the next `count` numbers of the organization and year; the first of them. Rolled back with the transaction, so there are no holes. */
export async function takeInvoiceSequences(tx: EntityManager, year: number, count: number): Promise<number> {
  const [row] = await tx.query<{ last: number }[]>(
    `INSERT INTO invoice_counters (organization_id, issue_year, last) VALUES ($1, $2, $3)
     ON CONFLICT (organization_id, issue_year) DO UPDATE SET last = invoice_counters.last + excluded.last RETURNING last`,
    [organizationOf(tx), year, count],
  );
  return row.last - count + 1;
}

export interface LineChange {
  id: string;
  tax: string;
  taxRate: string | null;
  taxInclusive: boolean;
  /** Null: they stay as they are. */
  quantity: string | null;
  amount: string | null;
  explanation: Explanation | null;
  eventsHash: string | null;
  knownSnapshot: string | null;
}

/** Served by the primary key. */
export async function storeLineChanges(tx: EntityManager, changes: readonly LineChange[], knownAt: Date): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `UPDATE invoice_lines l
        SET tax = w.tax, tax_rate = w."taxRate", tax_inclusive = w."taxInclusive", quantity = coalesce(w.quantity, l.quantity),
            amount = coalesce(w.amount, l.amount), explanation = coalesce(w.explanation, l.explanation),
            events_hash = coalesce(w."eventsHash", l.events_hash), known_snapshot = coalesce(w."knownSnapshot", l.known_snapshot),
            known_at = CASE WHEN w."knownSnapshot" IS NULL THEN l.known_at ELSE $3 END
       FROM jsonb_to_recordset($2::jsonb) AS w (id uuid, tax numeric, "taxRate" numeric, "taxInclusive" boolean, quantity numeric,
              amount numeric, explanation jsonb, "eventsHash" text, "knownSnapshot" text)
      WHERE l.organization_id = $1 AND l.id = w.id`,
    [organizationOf(tx), JSON.stringify(changes), knownAt],
  );
}

/** Writes what finalization changes about invoices, number and all. Served by the primary key. */
export async function storeFinalized(tx: EntityManager, invoices: readonly Invoice[]): Promise<void> {
  await tx.query(
    `UPDATE invoices i
        SET status = w.status, number = w.number, subtotal = w.subtotal, tax = w.tax, total = w.total, tax_treatment = w."taxTreatment",
            tax_rate = w."taxRate", credits_applied = w."creditsApplied", issued_at = w."issuedAt", due_at = w."dueAt", paid_at = w."paidAt",
            finalize_at = NULL, billing_failures = 0, retry_at = NULL
       FROM jsonb_to_recordset($2::jsonb) AS w (id uuid, status text, number text, subtotal numeric, tax numeric, total numeric,
              "taxTreatment" text, "taxRate" jsonb, "creditsApplied" numeric, "issuedAt" timestamptz, "dueAt" timestamptz, "paidAt" timestamptz)
      WHERE i.organization_id = $1 AND i.id = w.id`,
    [organizationOf(tx), JSON.stringify(invoices)],
  );
}

interface BalanceRow {
  customer_id: string;
  currency: string;
  balance: string;
}

/**
 * The credit that customers have left, by customer and currency, and their rows locked, so that nobody else uses it meanwhile. Who
 * has none is not locked. Served by balance_entries_customer_idx.
 */
export async function lockBalances(tx: EntityManager, customerIds: readonly string[]): Promise<Map<string, Decimal>> {
  const load = (ids: readonly string[]): Promise<BalanceRow[]> =>
    tx.query(
      `SELECT customer_id, currency, sum(amount)::text AS balance FROM balance_entries
        WHERE organization_id = $1 AND customer_id = ANY ($2::uuid[]) GROUP BY customer_id, currency HAVING sum(amount) > 0`,
      [organizationOf(tx), ids],
    );
  const withCredit = [...new Set((await load(customerIds)).map((row) => row.customer_id))];
  if (withCredit.length === 0) return new Map();
  await tx.query('SELECT FROM customers WHERE organization_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE', [
    organizationOf(tx),
    withCredit,
  ]);
  return new Map((await load(withCredit)).map((row) => [`${row.customer_id} ${row.currency}`, decimal(row.balance)]));
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
