import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What documents say of an organization and its customers, links to them, and mail. */
export class CreateDocumentsAndMail1700000000005 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE emails, invoice_parties');
    await queryRunner.query('DROP INDEX invoices_unpaid_idx');
    await queryRunner.query('ALTER TABLE invoices DROP COLUMN public_token');
    await queryRunner.query('ALTER TABLE customers DROP COLUMN locale');
    await queryRunner.query(
      `ALTER TABLE organizations DROP COLUMN email, DROP COLUMN address, DROP COLUMN tax_id, DROP COLUMN brand_color, DROP COLUMN
         locale, DROP COLUMN reminder_days`,
    );
  }
}

const STATEMENTS = [
  `ALTER TABLE organizations ADD COLUMN email text, ADD COLUMN address jsonb, ADD COLUMN tax_id text, ADD COLUMN brand_color text,
     ADD COLUMN locale text NOT NULL DEFAULT 'en-US', ADD COLUMN reminder_days integer array NOT NULL DEFAULT '{-3,7}'`,
  `ALTER TABLE organizations ADD CONSTRAINT organizations_reminder_days_check CHECK (-60 <= ALL (reminder_days) AND 60 >= ALL
     (reminder_days) AND cardinality(reminder_days) <= 10)`,
  `ALTER TABLE customers ADD COLUMN locale text`,
  // 122 random bits, given by the database, so that whoever drafts in bulk need not.
  `ALTER TABLE invoices ADD COLUMN public_token uuid NOT NULL DEFAULT uuidv4()`,
  // For reminders; who is overdue already is reminded, too.
  `CREATE INDEX invoices_unpaid_idx ON invoices (due_at) WHERE status = 'OPEN'`,
  `CREATE UNIQUE INDEX invoices_public_token_key ON invoices (public_token) WHERE status <> 'DRAFT'`,
  `CREATE TABLE invoice_parties (organization_id uuid NOT NULL, invoice_id uuid NOT NULL, seller jsonb NOT NULL, buyer jsonb NOT
     NULL, locale text NOT NULL, time_zone text NOT NULL, brand_color text, CONSTRAINT invoice_parties_pkey PRIMARY KEY
     (organization_id, invoice_id), CONSTRAINT invoice_parties_invoice_fkey FOREIGN KEY (organization_id, invoice_id) REFERENCES
     invoices(organization_id,id))`,
  `CREATE TABLE emails (organization_id uuid NOT NULL, id uuid NOT NULL, invoice_id uuid NOT NULL, customer_id uuid NOT NULL, kind
     text NOT NULL, occasion text NOT NULL, status text NOT NULL, reason text, recipient text, subject text, body_text text, body_html
     text, message_id text, attempts integer NOT NULL DEFAULT '0', last_error text, occurred_at timestamptz NOT NULL, sent_at
     timestamptz, created_at timestamptz NOT NULL, CONSTRAINT emails_occasion_key UNIQUE (organization_id, invoice_id, kind,
     occasion), CONSTRAINT emails_kind_check CHECK (kind IN ('INVOICE', 'REMINDER', 'PAYMENT_RECEIVED')), CONSTRAINT
     emails_status_check CHECK (status IN ('PENDING', 'SENT', 'KEPT', 'SKIPPED', 'FAILED')), CONSTRAINT emails_pkey PRIMARY KEY
     (organization_id, id), CONSTRAINT emails_invoice_fkey FOREIGN KEY (organization_id, invoice_id) REFERENCES
     invoices(organization_id,id), CONSTRAINT emails_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES
     customers(organization_id,id))`,
  `CREATE INDEX emails_customer_idx ON emails (organization_id, customer_id, id)`,
];
