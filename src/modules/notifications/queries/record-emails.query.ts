import type { EntityManager } from 'typeorm';
import type { EmailKind } from '../domain/email.js';

export interface RecordedEmail {
  organizationId: string;
  id: string;
  status: string;
}

interface Occasion {
  organizationId: string;
  invoiceIds: string[];
  kind: EmailKind;
  occasion: string;
  /** null: when the invoice was issued, or paid. */
  occurredAt: Date | null;
  /** Of a mail that somebody asked for: a total of 0 is no reason to keep quiet. */
  isAskedFor: boolean;
}

/**
 * Writes down the mails that an occasion makes, for many invoices with one statement; one that is there already stays alone. An
 * invoice that became PAID without a payment has received none. Served by the primary keys.
 */
export const recordEmails = (tx: EntityManager, occasion: Occasion, realNow: Date): Promise<RecordedEmail[]> =>
  tx.query<RecordedEmail[]>(
    `INSERT INTO emails (organization_id, id, invoice_id, customer_id, kind, occasion, status, reason, recipient, occurred_at, created_at)
     SELECT i.organization_id, uuidv7(), i.id, i.customer_id, $3, $4, CASE WHEN why.reason IS NULL THEN 'PENDING' ELSE 'SKIPPED' END,
            why.reason, c.email, coalesce($5, CASE $3 WHEN 'PAYMENT_RECEIVED' THEN i.paid_at ELSE i.issued_at END, $6), $6
       FROM invoices i JOIN customers c ON c.organization_id = i.organization_id AND c.id = i.customer_id
      CROSS JOIN LATERAL (SELECT CASE WHEN c.email IS NULL THEN 'NO_ADDRESS' WHEN i.total = 0 AND NOT $7 THEN 'NOTHING_DUE' END) AS why (reason)
      WHERE i.organization_id = $1 AND i.id = ANY($2) AND ($3 <> 'PAYMENT_RECEIVED' OR i.amount_paid > 0)
     ON CONFLICT ON CONSTRAINT emails_occasion_key DO NOTHING
     RETURNING organization_id AS "organizationId", id, status`,
    [
      occasion.organizationId,
      occasion.invoiceIds,
      occasion.kind,
      occasion.occasion,
      occasion.occurredAt,
      realNow,
      occasion.isAskedFor,
    ],
  );
