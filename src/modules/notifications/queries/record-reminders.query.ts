import type { EntityManager } from 'typeorm';
import type { RecordedEmail } from './record-emails.query.js';

interface Window {
  /** null: customers in real time. */
  testClockId: string | null;
  /** Reminders whose moment lies after `since` and not after `until`. */
  since: Date;
  until: Date;
  /** For each invoice its latest reminder in the window alone. */
  latestOnly: boolean;
  limit: number | null;
}

/**
 * Writes down the reminders of open invoices that have come due in the window, which are not there yet, with one statement. A day is
 * 24 hours from the due instant; one that lay before the invoice was issued is left out. Served by invoices_unpaid_idx.
 */
export const recordReminders = (tx: EntityManager, window: Window, realNow: Date): Promise<RecordedEmail[]> =>
  tx.query<RecordedEmail[]>(
    `INSERT INTO emails (organization_id, id, invoice_id, customer_id, kind, occasion, status, reason, recipient, occurred_at, created_at)
     SELECT i.organization_id, uuidv7(), i.id, i.customer_id, 'REMINDER', 'day ' || d.day,
            CASE WHEN c.email IS NULL THEN 'SKIPPED' ELSE 'PENDING' END, CASE WHEN c.email IS NULL THEN 'NO_ADDRESS' END,
            c.email, i.due_at + d.day * interval '1 day', $6
       FROM invoices i JOIN organizations o ON o.id = i.organization_id
       JOIN customers c ON c.organization_id = i.organization_id AND c.id = i.customer_id
      CROSS JOIN LATERAL (
            SELECT r.day FROM unnest(o.reminder_days) AS r (day)
             WHERE i.due_at + r.day * interval '1 day' > greatest($2::timestamptz, i.issued_at)
               AND i.due_at + r.day * interval '1 day' <= $3
             ORDER BY r.day DESC LIMIT CASE WHEN $4::boolean THEN 1 END) AS d
      WHERE i.status = 'OPEN' AND i.test_clock_id IS NOT DISTINCT FROM $1::uuid
        AND i.due_at > $2::timestamptz - interval '60 days' AND i.due_at <= $3::timestamptz + interval '60 days'
        AND NOT EXISTS (SELECT FROM emails e WHERE e.organization_id = i.organization_id AND e.invoice_id = i.id
                           AND e.kind = 'REMINDER' AND e.occasion = 'day ' || d.day)
      ORDER BY i.due_at, d.day LIMIT $5
     ON CONFLICT ON CONSTRAINT emails_occasion_key DO NOTHING
     RETURNING organization_id AS "organizationId", id, status`,
    [window.testClockId, window.since, window.until, window.latestOnly, window.limit, realNow],
  );
