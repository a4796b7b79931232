import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What has been issued stays as it is, whoever writes: triggers refuse what the application never does. Tables that only grow refuse
 * every change.
 */
export class ProtectBooks1700000000004 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...INVOICES, ...LINES, ...LEDGERS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of APPEND_ONLY) await queryRunner.query(`DROP TRIGGER ${table}_append_only ON ${table}`);
    for (const event of ['inserted', 'updated', 'deleted'])
      await queryRunner.query(`DROP TRIGGER invoice_lines_${event} ON invoice_lines`);
    await queryRunner.query('DROP TRIGGER invoices_changed ON invoices');
    await queryRunner.query('DROP TRIGGER invoices_deleted ON invoices');
    await queryRunner.query(
      `DROP FUNCTION refuse_change_of_issued_invoice, refuse_lines_for_issued_invoice, refuse_change_of_issued_lines,
         refuse_deletion_of_issued_lines, refuse_change_of_ledger`,
    );
  }
}

const refusal = (what: string, constraint: string): string =>
  `RAISE EXCEPTION '${what}' USING ERRCODE = 'check_violation', CONSTRAINT = '${constraint}'`;
const REFUSE_ISSUED = refusal('an issued invoice cannot be changed', 'invoices_issued_immutable');

const INVOICES = [
  // Of an issued invoice only the status changes, by the table of states, and what goes with it; what was paid or credited only grows.
  `CREATE FUNCTION refuse_change_of_issued_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
   DECLARE
     changing CONSTANT text[] := ARRAY['status', 'status_reason', 'paid_at', 'voided_at', 'uncollectible_at', 'overdue_at', 'waived', 'amount_paid', 'amount_credited', 'total_credited'];
   BEGIN
     IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - changing = to_jsonb(OLD) - changing
        AND NEW.amount_paid >= OLD.amount_paid AND NEW.amount_credited >= OLD.amount_credited AND NEW.total_credited >= OLD.total_credited
        AND (NEW.status = OLD.status AND (OLD.status IN ('OPEN', 'UNCOLLECTIBLE')
                  OR OLD.status = 'PAID' AND to_jsonb(NEW) - 'total_credited' = to_jsonb(OLD) - 'total_credited')
             OR OLD.status = 'OPEN' AND NEW.status IN ('PAID', 'VOID', 'UNCOLLECTIBLE')
             OR OLD.status = 'UNCOLLECTIBLE' AND NEW.status IN ('PAID', 'VOID'))
     THEN RETURN NEW; END IF;
     ${REFUSE_ISSUED};
   END $$`,
  `CREATE TRIGGER invoices_changed BEFORE UPDATE ON invoices FOR EACH ROW WHEN (OLD.status <> 'DRAFT')
     EXECUTE FUNCTION refuse_change_of_issued_invoice()`,
  `CREATE TRIGGER invoices_deleted BEFORE DELETE ON invoices FOR EACH ROW WHEN (OLD.status <> 'DRAFT')
     EXECUTE FUNCTION refuse_change_of_issued_invoice()`,
];

// Once a statement, over all its rows: a run writes thousands of lines with one. A line of a deleted draft has no invoice any more.
const LINES = [
  // Credits are issued as they are made: their lines come in the transaction that made the invoice.
  `CREATE FUNCTION refuse_lines_for_issued_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF EXISTS (SELECT FROM added a JOIN invoices i ON i.organization_id = a.organization_id AND i.id = a.invoice_id
                 WHERE i.status <> 'DRAFT' AND i.xmin <> pg_current_xact_id()::xid)
     THEN ${REFUSE_ISSUED}; END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER invoice_lines_inserted AFTER INSERT ON invoice_lines REFERENCING NEW TABLE AS added
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_lines_for_issued_invoice()`,
  // A line may be marked as reversed: its invoice is voided to be drafted again.
  `CREATE FUNCTION refuse_change_of_issued_lines() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF EXISTS (SELECT FROM before b JOIN invoices i ON i.organization_id = b.organization_id AND i.id = b.invoice_id
                  LEFT JOIN after a ON a.organization_id = b.organization_id AND a.id = b.id
                 WHERE i.status <> 'DRAFT' AND (a.id IS NULL OR to_jsonb(a) - 'reversed' <> to_jsonb(b) - 'reversed'))
        OR EXISTS (SELECT FROM after a JOIN invoices i ON i.organization_id = a.organization_id AND i.id = a.invoice_id
                     LEFT JOIN before b ON b.organization_id = a.organization_id AND b.id = a.id AND b.invoice_id = a.invoice_id
                    WHERE i.status <> 'DRAFT' AND b.id IS NULL)
     THEN ${REFUSE_ISSUED}; END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER invoice_lines_updated AFTER UPDATE ON invoice_lines REFERENCING OLD TABLE AS before NEW TABLE AS after
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_issued_lines()`,
  `CREATE FUNCTION refuse_deletion_of_issued_lines() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF EXISTS (SELECT FROM before b JOIN invoices i ON i.organization_id = b.organization_id AND i.id = b.invoice_id
                 WHERE i.status <> 'DRAFT')
     THEN ${REFUSE_ISSUED}; END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER invoice_lines_deleted AFTER DELETE ON invoice_lines REFERENCING OLD TABLE AS before
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion_of_issued_lines()`,
];

const APPEND_ONLY = ['payments', 'balance_entries', 'credit_notes', 'credit_note_lines', 'refunds'];

const LEDGERS = [
  `CREATE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     ${refusal('% only grows', 'ledger_append_only').replace("grows'", "grows', TG_TABLE_NAME")};
   END $$`,
  ...APPEND_ONLY.map(
    (table) =>
      `CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse_change_of_ledger()`,
  ),
];
