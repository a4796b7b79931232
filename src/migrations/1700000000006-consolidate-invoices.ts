import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Several subscriptions of a customer on one invoice. */
export class ConsolidateInvoices1700000000006 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE invoice_subscriptions');
    await queryRunner.query('ALTER TABLE invoices DROP COLUMN consolidate');
    await queryRunner.query('ALTER TABLE customers DROP COLUMN consolidate');
  }
}

const STATEMENTS = [
  `ALTER TABLE customers ADD COLUMN consolidate boolean NOT NULL DEFAULT false`,
  `ALTER TABLE invoices ADD COLUMN consolidate boolean NOT NULL DEFAULT false`,
  `CREATE INDEX invoices_consolidation_idx ON invoices (organization_id, customer_id, billed_at) WHERE consolidate AND status = 'DRAFT'`,
  `CREATE TABLE invoice_subscriptions (organization_id uuid NOT NULL, invoice_id uuid NOT NULL, subscription_id uuid NOT NULL,
     CONSTRAINT invoice_subscriptions_pkey PRIMARY KEY (organization_id, invoice_id, subscription_id), CONSTRAINT
     invoice_subscriptions_invoice_fkey FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices(organization_id,id), CONSTRAINT
     invoice_subscriptions_subscription_fkey FOREIGN KEY (organization_id, subscription_id) REFERENCES
     subscriptions(organization_id,id))`,
  `CREATE INDEX invoice_subscriptions_subscription_idx ON invoice_subscriptions (organization_id, subscription_id, invoice_id)`,
  `CREATE TRIGGER invoice_subscriptions_append_only BEFORE UPDATE OR DELETE ON invoice_subscriptions FOR EACH ROW EXECUTE FUNCTION
     refuse_change_of_ledger()`,
];
