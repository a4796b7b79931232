import type { EntityManager } from 'typeorm';
import { decimal } from '../../../shared/decimal.js';
import { amountDue } from '../domain/amount-due.js';
import type { CreditableLine, InvoiceMoney } from '../domain/credit-note.js';
import type { Invoice } from '../invoice.entity.js';

/** What payments, refunds and credit notes did to an invoice. Served by the indexes of each by invoice. */
export async function loadInvoiceMoney(tx: EntityManager, invoice: Invoice): Promise<InvoiceMoney> {
  const [row] = await tx.query<{ excess: string; refunded: string; moved: string; by_notes: string }[]>(
    `SELECT (SELECT coalesce(sum(to_balance), 0) FROM payments WHERE organization_id = $1 AND invoice_id = $2)::text AS excess,
            (SELECT coalesce(sum(amount), 0) FROM refunds WHERE organization_id = $1 AND invoice_id = $2)::text AS refunded,
            n.moved, n.by_notes
       FROM (SELECT coalesce(sum(amount_to_balance), 0)::text AS moved, coalesce(sum(amount_refunded), 0)::text AS by_notes
               FROM credit_notes WHERE organization_id = $1 AND invoice_id = $2) AS n`,
    [invoice.organizationId, invoice.id],
  );
  return {
    due: amountDue(invoice),
    paid: decimal(invoice.amountPaid).minus(row.excess),
    creditsApplied: decimal(invoice.creditsApplied),
    movedToBalance: decimal(row.moved),
    refunded: decimal(row.refunded),
    refundedByNotes: decimal(row.by_notes),
  };
}

export interface CreditableRow extends CreditableLine {
  description: string;
  taxRate: string | null;
  taxInclusive: boolean;
}

/** The lines of an issued invoice that can be credited. Served by invoice_lines_position_key and credit_note_lines_line_idx. */
export async function loadCreditableLines(tx: EntityManager, invoice: Invoice): Promise<CreditableRow[]> {
  const rows = await tx.query<Record<'id' | 'description' | 'amount' | 'tax' | 'credited_amount' | 'credited_tax', string>[]>(
    `SELECT l.id, l.description, l.amount::text AS amount, l.tax::text AS tax,
            coalesce(c.amount, 0)::text AS credited_amount, coalesce(c.tax, 0)::text AS credited_tax
       FROM invoice_lines l
       LEFT JOIN LATERAL (SELECT sum(n.amount) AS amount, sum(n.tax) AS tax FROM credit_note_lines n
                           WHERE n.organization_id = l.organization_id AND n.invoice_line_id = l.id) AS c ON true
      WHERE l.organization_id = $1 AND l.invoice_id = $2 AND l.kind <> 'BALANCE' AND NOT l.removed ORDER BY l.position`,
    [invoice.organizationId, invoice.id],
  );
  const { percentage = null, inclusive = false } = invoice.taxRate ?? {};
  return rows.map((row) => ({
    id: row.id,
    description: row.description,
    amount: decimal(row.amount),
    tax: decimal(row.tax),
    creditedAmount: decimal(row.credited_amount),
    creditedTax: decimal(row.credited_tax),
    taxRate: percentage,
    taxInclusive: inclusive,
  }));
}

export interface RefundablePayment {
  id: string;
  /** What neither became balance nor was paid back. */
  left: string;
}

/** The payments of an invoice, oldest first. Served by payments_invoice_idx and refunds_invoice_idx. */
export const loadRefundablePayments = (tx: EntityManager, invoice: Invoice): Promise<RefundablePayment[]> =>
  tx.query<RefundablePayment[]>(
    `SELECT p.id, (p.amount - p.to_balance - coalesce(sum(r.amount), 0))::text AS left
       FROM payments p LEFT JOIN refunds r ON r.organization_id = p.organization_id AND r.invoice_id = p.invoice_id AND r.payment_id = p.id
      WHERE p.organization_id = $1 AND p.invoice_id = $2 GROUP BY p.id, p.amount, p.to_balance ORDER BY p.id`,
    [invoice.organizationId, invoice.id],
  );

/** Takes the next number of the organization and year. Rolled back with the transaction, so there are no holes. */
export async function nextCreditNoteSequence(tx: EntityManager, organizationId: string, year: number): Promise<number> {
  const [row] = await tx.query<{ last: number }[]>(
    `INSERT INTO credit_note_counters (organization_id, issue_year, last) VALUES ($1, $2, 1)
     ON CONFLICT (organization_id, issue_year) DO UPDATE SET last = credit_note_counters.last + 1 RETURNING last`,
    [organizationId, year],
  );
  return row.last;
}
