import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tax rates; credit notes, refunds. */
export class CreateTaxesAndCredits1700000000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const column of ['credit_note_id', 'refund_id'])
      await queryRunner.query(`ALTER TABLE balance_entries DROP COLUMN ${column}`);
    await queryRunner.query('DROP TABLE tax_rates, refunds, credit_note_lines, credit_notes, credit_note_counters');
  }
}

const STATEMENTS = [
  `CREATE TABLE tax_rates (organization_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, country text NOT NULL,
     region text, percentage numeric NOT NULL, inclusive boolean NOT NULL, valid_from timestamptz NOT NULL, valid_to
     timestamptz, created_at timestamptz NOT NULL, CONSTRAINT tax_rates_percentage_check CHECK (percentage >= 0 AND
     percentage <= 100 AND scale(percentage) <= 4), CONSTRAINT tax_rates_validity_check CHECK (valid_to > valid_from),
     CONSTRAINT tax_rates_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX tax_rates_country_idx ON tax_rates (organization_id, country)`,
  `CREATE TABLE credit_notes (organization_id uuid NOT NULL, id uuid NOT NULL, invoice_id uuid NOT NULL, customer_id uuid
     NOT NULL, number text NOT NULL, currency text NOT NULL, reason text, subtotal numeric NOT NULL, tax numeric NOT
     NULL, total numeric NOT NULL, amount_applied numeric NOT NULL, amount_to_balance numeric NOT NULL, amount_refunded
     numeric NOT NULL, issued_at timestamptz NOT NULL, created_at timestamptz NOT NULL, CONSTRAINT
     credit_notes_number_key UNIQUE (organization_id, number), CONSTRAINT credit_notes_total_check CHECK (total =
     subtotal + tax AND total > 0 AND total = amount_applied + amount_to_balance + amount_refunded AND amount_applied
     >= 0 AND amount_to_balance >= 0 AND amount_refunded >= 0), CONSTRAINT credit_notes_pkey PRIMARY KEY
     (organization_id, id))`,
  `CREATE INDEX credit_notes_invoice_idx ON credit_notes (organization_id, invoice_id, id)`,
  `CREATE INDEX credit_notes_customer_idx ON credit_notes (organization_id, customer_id, id)`,
  `CREATE TABLE credit_note_lines (organization_id uuid NOT NULL, id uuid NOT NULL, credit_note_id uuid NOT NULL,
     invoice_line_id uuid NOT NULL, position integer NOT NULL, description text NOT NULL, amount numeric NOT NULL, tax
     numeric NOT NULL, tax_rate numeric, tax_inclusive boolean NOT NULL DEFAULT false, CONSTRAINT
     credit_note_lines_position_key UNIQUE (organization_id, credit_note_id, position), CONSTRAINT
     credit_note_lines_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX credit_note_lines_line_idx ON credit_note_lines (organization_id, invoice_line_id)`,
  `CREATE TABLE credit_note_counters (organization_id uuid NOT NULL, issue_year integer NOT NULL, last integer NOT NULL,
     CONSTRAINT credit_note_counters_pkey PRIMARY KEY (organization_id, issue_year))`,
  `CREATE TABLE refunds (organization_id uuid NOT NULL, id uuid NOT NULL, customer_id uuid NOT NULL, invoice_id uuid,
     payment_id uuid, credit_note_id uuid, currency text NOT NULL, amount numeric NOT NULL, refunded_at timestamptz NOT
     NULL, method text, reference text, created_at timestamptz NOT NULL, CONSTRAINT refunds_amount_check CHECK (amount
     > 0), CONSTRAINT refunds_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX refunds_invoice_idx ON refunds (organization_id, invoice_id, id) WHERE invoice_id IS NOT NULL`,
  `ALTER TABLE balance_entries ADD COLUMN credit_note_id uuid, ADD COLUMN refund_id uuid`,
  `ALTER TABLE tax_rates ADD CONSTRAINT tax_rates_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id)`,
  `ALTER TABLE credit_notes ADD CONSTRAINT credit_notes_invoice_fkey FOREIGN KEY (organization_id, invoice_id) REFERENCES
     invoices(organization_id,id)`,
  `ALTER TABLE credit_notes ADD CONSTRAINT credit_notes_customer_fkey FOREIGN KEY (organization_id, customer_id)
     REFERENCES customers(organization_id,id)`,
  `ALTER TABLE credit_note_lines ADD CONSTRAINT credit_note_lines_credit_note_fkey FOREIGN KEY (organization_id,
     credit_note_id) REFERENCES credit_notes(organization_id,id)`,
  `ALTER TABLE credit_note_lines ADD CONSTRAINT credit_note_lines_line_fkey FOREIGN KEY (organization_id,
     invoice_line_id) REFERENCES invoice_lines(organization_id,id)`,
  `ALTER TABLE credit_note_counters ADD CONSTRAINT credit_note_counters_organization_fkey FOREIGN KEY (organization_id)
     REFERENCES organizations(id)`,
  `ALTER TABLE refunds ADD CONSTRAINT refunds_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES
     customers(organization_id,id)`,
  `ALTER TABLE refunds ADD CONSTRAINT refunds_invoice_fkey FOREIGN KEY (organization_id, invoice_id) REFERENCES
     invoices(organization_id,id)`,
  `ALTER TABLE refunds ADD CONSTRAINT refunds_payment_fkey FOREIGN KEY (organization_id, payment_id) REFERENCES
     payments(organization_id,id)`,
  `ALTER TABLE refunds ADD CONSTRAINT refunds_credit_note_fkey FOREIGN KEY (organization_id, credit_note_id) REFERENCES
     credit_notes(organization_id,id)`,
  `ALTER TABLE balance_entries ADD CONSTRAINT balance_entries_credit_note_fkey FOREIGN KEY (organization_id,
     credit_note_id) REFERENCES credit_notes(organization_id,id)`,
  `ALTER TABLE balance_entries ADD CONSTRAINT balance_entries_refund_fkey FOREIGN KEY (organization_id, refund_id)
     REFERENCES refunds(organization_id,id)`,
];
