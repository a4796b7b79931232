import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Organizations, customers, meters, catalog, subscriptions and invoices. Every key begins with the organization. */
export class CreateSchema1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DROP TABLE organizations, api_keys, test_clocks, customers, meters, features, plans, charges, plan_features, subscriptions, subscription_entries, subscription_transitions, invoices, invoice_lines, payments, invoice_counters, balance_entries, billing_failures, worker_runs, worker_run_shares CASCADE`,
    );
  }
}

const STATEMENTS = [
  `CREATE TABLE organizations (id uuid NOT NULL, name text NOT NULL, mode text NOT NULL, time_zone text NOT NULL DEFAULT
     'UTC', proration text NOT NULL DEFAULT 'DAY', currency text, grace_minutes integer NOT NULL DEFAULT '60', payment_terms_days
     integer NOT NULL DEFAULT '30', late_usage text NOT NULL DEFAULT 'NEXT_INVOICE', late_usage_periods integer NOT
     NULL DEFAULT '3', backfill_days integer NOT NULL DEFAULT '90', creates_customers_from_usage boolean NOT NULL
     DEFAULT true, created_at timestamptz NOT NULL, CONSTRAINT organizations_mode_check CHECK (mode IN ('TEST',
     'LIVE')), CONSTRAINT organizations_pkey PRIMARY KEY (id))`,
  `CREATE TABLE api_keys (organization_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, prefix text NOT NULL,
     digest bytea NOT NULL, scopes text array NOT NULL, expires_at timestamptz, last_used_at timestamptz, revoked_at
     timestamptz, created_at timestamptz NOT NULL, CONSTRAINT api_keys_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE UNIQUE INDEX api_keys_digest_key ON api_keys (digest)`,
  `CREATE TABLE test_clocks (organization_id uuid NOT NULL, id uuid NOT NULL, name text, clock_now timestamptz NOT NULL,
     created_at timestamptz NOT NULL, CONSTRAINT test_clocks_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE TABLE customers (organization_id uuid NOT NULL, id uuid NOT NULL, external_id text NOT NULL, name text, email
     text, phone text, time_zone text, currency text, billing_address jsonb, tax_id text, tax_exempt boolean NOT NULL
     DEFAULT false, reverse_charge boolean NOT NULL DEFAULT false, grace_minutes integer, payment_terms_days integer, metadata jsonb NOT NULL DEFAULT '{}', provisional boolean NOT NULL DEFAULT false, test_clock_id
     uuid, archived_at timestamptz, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, CONSTRAINT
     customers_external_id_key UNIQUE (organization_id, external_id), CONSTRAINT customers_pkey PRIMARY KEY
     (organization_id, id))`,
  `CREATE INDEX customers_test_clock_idx ON customers (organization_id, test_clock_id) WHERE test_clock_id IS NOT NULL`,
  `CREATE TABLE meters (organization_id uuid NOT NULL, id uuid NOT NULL, token uuid NOT NULL, name text NOT NULL,
     aggregation text NOT NULL, value_property text, unit text, carries_over boolean NOT NULL DEFAULT false,
     allows_negative boolean NOT NULL DEFAULT false, filters jsonb NOT NULL DEFAULT '[]', archived_at timestamptz,
     created_at timestamptz NOT NULL, CONSTRAINT meters_name_key UNIQUE (organization_id, name), CONSTRAINT
     meters_token_key UNIQUE (organization_id, token), CONSTRAINT meters_aggregation_check CHECK (aggregation IN
     ('SUM', 'MAX', 'UNIQUE_COUNT', 'LAST', 'COUNT')), CONSTRAINT meters_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE TABLE features (organization_id uuid NOT NULL, id uuid NOT NULL, lookup_key text NOT NULL, name text NOT NULL,
     type text NOT NULL, description text, meter_id uuid, archived_at timestamptz, created_at timestamptz NOT NULL,
     CONSTRAINT features_lookup_key_key UNIQUE (organization_id, lookup_key), CONSTRAINT features_meter_check CHECK
     ((type = 'METER') = (meter_id IS NOT NULL)), CONSTRAINT features_type_check CHECK (type IN ('METER', 'SWITCH',
     'CUSTOM')), CONSTRAINT features_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE TABLE plans (organization_id uuid NOT NULL, id uuid NOT NULL, lookup_key text NOT NULL, version integer NOT
     NULL, name text NOT NULL, type text NOT NULL, description text, billing_interval text NOT NULL, interval_count
     integer NOT NULL, currency text NOT NULL, trial_days integer NOT NULL, archived_at timestamptz, created_at
     timestamptz NOT NULL, CONSTRAINT plans_version_key UNIQUE (organization_id, lookup_key, version), CONSTRAINT
     plans_interval_check CHECK (billing_interval IN ('DAY', 'WEEK', 'MONTH', 'YEAR') AND interval_count >= 1),
     CONSTRAINT plans_type_check CHECK (type IN ('FIXED', 'USAGE', 'HYBRID')), CONSTRAINT plans_pkey PRIMARY KEY
     (organization_id, id))`,
  `CREATE TABLE charges (organization_id uuid NOT NULL, id uuid NOT NULL, plan_id uuid NOT NULL, position integer NOT
     NULL, display_name text NOT NULL, type text NOT NULL, model text NOT NULL, meter_id uuid, billing_timing text NOT
     NULL, amount numeric, unit_amount numeric, package_size numeric, package_amount numeric, rate numeric,
     fixed_amount_per_event numeric, tiers jsonb, included_units numeric NOT NULL, minimum_amount numeric,
     maximum_amount numeric, quantity_rounding text NOT NULL, quantity_precision integer NOT NULL, active boolean NOT
     NULL DEFAULT true, CONSTRAINT charges_type_check CHECK ((type = 'FIXED' AND meter_id IS NULL) OR (type = 'USAGE'
     AND meter_id IS NOT NULL)), CONSTRAINT charges_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX charges_plan_idx ON charges (organization_id, plan_id, position)`,
  `CREATE TABLE plan_features (organization_id uuid NOT NULL, id uuid NOT NULL, plan_id uuid NOT NULL, feature_id uuid
     NOT NULL, enabled boolean NOT NULL, usage_limit numeric, reset_period text, soft_limit boolean NOT NULL DEFAULT
     false, value text, CONSTRAINT plan_features_feature_key UNIQUE (organization_id, plan_id, feature_id), CONSTRAINT
     plan_features_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE TABLE subscriptions (organization_id uuid NOT NULL, id uuid NOT NULL, customer_id uuid NOT NULL, plan_id uuid
     NOT NULL, status text NOT NULL, alignment text NOT NULL, proration text NOT NULL, time_zone text NOT NULL,
     billing_anchor timestamptz, started_at timestamptz NOT NULL, trial_end timestamptz, current_period_start
     timestamptz NOT NULL, current_period_end timestamptz NOT NULL, cancel_at_period_end boolean NOT NULL DEFAULT
     false, canceled_at timestamptz, ended_at timestamptz, paused_at timestamptz, test_clock_id uuid, due_at
     timestamptz, rebill_from timestamptz, billing_failures integer NOT NULL DEFAULT '0', retry_at timestamptz,
     created_at timestamptz NOT NULL, CONSTRAINT subscriptions_status_check CHECK (status IN ('PENDING', 'TRIAL',
     'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELED')), CONSTRAINT subscriptions_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX subscriptions_test_clock_due_idx ON subscriptions (organization_id, test_clock_id, due_at) WHERE
     test_clock_id IS NOT NULL`,
  `CREATE INDEX subscriptions_due_idx ON subscriptions (due_at) WHERE due_at IS NOT NULL AND test_clock_id IS NULL AND
     billing_failures < 3`,
  `CREATE INDEX subscriptions_parked_idx ON subscriptions (id) WHERE billing_failures >= 3`,
  `CREATE INDEX subscriptions_plan_idx ON subscriptions (organization_id, plan_id, id)`,
  `CREATE INDEX subscriptions_customer_idx ON subscriptions (organization_id, customer_id, id)`,
  `CREATE TABLE subscription_entries (organization_id uuid NOT NULL, id uuid NOT NULL, subscription_id uuid NOT NULL,
     sequence integer NOT NULL, kind text NOT NULL, effective_at timestamptz NOT NULL, plan_id uuid, proration text
     NOT NULL, reason text, recorded_at timestamptz NOT NULL, revoked_at timestamptz, CONSTRAINT subscription_entries_sequence_key
     UNIQUE (organization_id, subscription_id, sequence), CONSTRAINT subscription_entries_kind_check CHECK (kind IN
     ('PLAN', 'PAUSE', 'RESUME', 'END')), CONSTRAINT subscription_entries_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE TABLE subscription_transitions (organization_id uuid NOT NULL, id uuid NOT NULL, subscription_id uuid NOT NULL,
     from_status text, to_status text NOT NULL, effective_at timestamptz NOT NULL, reason text, actor text NOT NULL,
     recorded_at timestamptz NOT NULL, CONSTRAINT subscription_transitions_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX subscription_transitions_subscription_idx ON subscription_transitions (organization_id, subscription_id,
     id)`,
  `CREATE TABLE invoices (organization_id uuid NOT NULL, id uuid NOT NULL, customer_id uuid NOT NULL, subscription_id
     uuid, test_clock_id uuid, kind text NOT NULL, number text, status text NOT NULL, currency text NOT NULL,
     billed_at timestamptz, ordinal integer NOT NULL DEFAULT '0', period_start timestamptz, period_end timestamptz,
     issued_at timestamptz, due_at timestamptz, finalize_at timestamptz, paid_at timestamptz, voided_at timestamptz,
     uncollectible_at timestamptz, status_reason text, waived boolean NOT NULL DEFAULT false, subtotal numeric NOT
     NULL, tax numeric NOT NULL, total numeric NOT NULL, credits_applied numeric NOT NULL, amount_paid numeric NOT
     NULL, amount_credited numeric NOT NULL DEFAULT '0', total_credited numeric NOT NULL DEFAULT '0', tax_treatment text NOT NULL DEFAULT 'NONE', tax_rate jsonb,
     edited boolean NOT NULL DEFAULT false, overdue_at timestamptz, billing_failures integer NOT NULL DEFAULT '0',
     retry_at timestamptz, memo text, created_at timestamptz NOT NULL, CONSTRAINT invoices_billing_key UNIQUE (organization_id,
     subscription_id, billed_at, ordinal), CONSTRAINT
     invoices_total_check CHECK (total = subtotal + tax AND total >= 0 AND credits_applied >= 0 AND credits_applied <=
     total AND amount_credited >= 0 AND amount_credited <= total - credits_applied
     AND total_credited >= amount_credited AND total_credited <= total), CONSTRAINT invoices_tax_check CHECK
     (tax_treatment IN ('NONE', 'RATE', 'EXEMPT', 'REVERSE_CHARGE') AND (tax_treatment = 'RATE') = (tax_rate IS NOT
     NULL)), CONSTRAINT invoices_status_check CHECK (status IN ('DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')),
     CONSTRAINT invoices_pkey PRIMARY KEY (organization_id, id))`,
  // Of drafts nothing, which all have no number: the planner would take an index that small for what looks for an id.
  `CREATE UNIQUE INDEX invoices_number_key ON invoices (organization_id, number) WHERE number IS NOT NULL`,
  `CREATE INDEX invoices_open_idx ON invoices (due_at) WHERE status = 'OPEN' AND overdue_at IS NULL`,
  `CREATE INDEX invoices_parked_idx ON invoices (id) WHERE status = 'DRAFT' AND billing_failures >= 3`,
  `CREATE INDEX invoices_finalize_idx ON invoices (finalize_at) WHERE status = 'DRAFT' AND finalize_at IS NOT NULL`,
  `CREATE INDEX invoices_test_clock_idx ON invoices (organization_id, test_clock_id, status) WHERE test_clock_id IS NOT NULL AND
     status IN ('DRAFT', 'OPEN')`,
  `CREATE INDEX invoices_subscription_idx ON invoices (organization_id, subscription_id, id)`,
  `CREATE INDEX invoices_customer_idx ON invoices (organization_id, customer_id, id)`,
  `CREATE TABLE invoice_lines (organization_id uuid NOT NULL, id uuid NOT NULL, invoice_id uuid NOT NULL, position
     integer NOT NULL, subscription_id uuid, charge_id uuid, kind text NOT NULL, description text NOT NULL, quantity
     numeric NOT NULL, unit_amount numeric, amount numeric NOT NULL, tax numeric NOT NULL, period_start timestamptz,
     period_end timestamptz, key_start timestamptz, explanation jsonb NOT NULL, known_snapshot text, known_at
     timestamptz, events_hash text, reversed boolean NOT NULL DEFAULT false, tax_rate numeric, tax_inclusive
     boolean NOT NULL DEFAULT false, edited boolean NOT NULL DEFAULT false, removed boolean NOT NULL DEFAULT false,
     CONSTRAINT invoice_lines_position_key UNIQUE (organization_id, invoice_id, position), CONSTRAINT
     invoice_lines_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE UNIQUE INDEX invoice_lines_billed_once_key ON invoice_lines (organization_id, subscription_id, charge_id, key_start)
     WHERE kind = 'CHARGE' AND NOT reversed`,
  `CREATE INDEX invoice_lines_subscription_idx ON invoice_lines (organization_id, subscription_id, period_end)`,
  `CREATE TABLE payments (organization_id uuid NOT NULL, id uuid NOT NULL, invoice_id uuid NOT NULL, amount numeric NOT
     NULL, paid_at timestamptz NOT NULL, method text, reference text, to_balance numeric NOT NULL DEFAULT '0',
     created_at timestamptz NOT NULL, CONSTRAINT payments_amount_check CHECK (amount > 0 AND to_balance >= 0 AND
     to_balance <= amount), CONSTRAINT payments_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX payments_invoice_idx ON payments (organization_id, invoice_id, id)`,
  `CREATE TABLE invoice_counters (organization_id uuid NOT NULL, issue_year integer NOT NULL, last integer NOT NULL,
     CONSTRAINT invoice_counters_pkey PRIMARY KEY (organization_id, issue_year))`,
  `CREATE TABLE balance_entries (organization_id uuid NOT NULL, id uuid NOT NULL, customer_id uuid NOT NULL, currency
     text NOT NULL, amount numeric NOT NULL, reason text NOT NULL, memo text, actor text, invoice_id uuid, created_at
     timestamptz NOT NULL, CONSTRAINT balance_entries_reason_check CHECK (reason IN ('OVERPAYMENT', 'NEGATIVE_INVOICE',
     'APPLIED', 'VOIDED', 'CREDIT_NOTE', 'REFUND', 'ADJUSTMENT')), CONSTRAINT balance_entries_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX balance_entries_customer_idx ON balance_entries (organization_id, customer_id, id)`,
  `CREATE TABLE worker_runs (id uuid NOT NULL, worker text NOT NULL, started_at timestamptz NOT NULL, finished_at
     timestamptz, found integer NOT NULL DEFAULT '0', done integer NOT NULL DEFAULT '0', failed integer NOT NULL
     DEFAULT '0', error text, CONSTRAINT worker_runs_pkey PRIMARY KEY (id))`,
  `CREATE INDEX worker_runs_worker_idx ON worker_runs (worker, started_at)`,
  `CREATE TABLE worker_run_shares (organization_id uuid NOT NULL, id uuid NOT NULL, found integer NOT NULL, done integer
     NOT NULL, failed integer NOT NULL, CONSTRAINT worker_run_shares_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX worker_run_shares_run_idx ON worker_run_shares (id)`,
  `CREATE TABLE billing_failures (organization_id uuid NOT NULL, id uuid NOT NULL, subscription_id uuid, invoice_id uuid,
     step text NOT NULL, attempt integer NOT NULL, message text NOT NULL, failed_at timestamptz NOT NULL, retry_at
     timestamptz, CONSTRAINT billing_failures_step_check CHECK (step IN ('BILL', 'FINALIZE')),
     CONSTRAINT billing_failures_pkey PRIMARY KEY (organization_id, id))`,
  `CREATE INDEX billing_failures_subscription_idx ON billing_failures (organization_id, subscription_id, id)`,
  // Primary keys are made again, to be the newest index of their tables. In a new table all indexes cost the same to the planner, and
  // of those it takes the newest. Checks of foreign keys keep their plans: the first large run would look up every line's invoice
  // through an index of something else.
  `DO $$
   DECLARE
     key record;
   BEGIN
     FOR key IN SELECT conrelid::regclass AS made_for, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                 WHERE contype = 'p' AND connamespace = current_schema()::regnamespace
     LOOP
       EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', key.made_for, key.conname, key.conname, key.definition);
     END LOOP;
   END $$`,
  `ALTER TABLE api_keys ADD CONSTRAINT api_keys_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id)`,
  `ALTER TABLE test_clocks ADD CONSTRAINT test_clocks_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id)`,
  `ALTER TABLE customers ADD CONSTRAINT customers_test_clock_fkey FOREIGN KEY (organization_id, test_clock_id) REFERENCES
     test_clocks(organization_id,id)`,
  `ALTER TABLE customers ADD CONSTRAINT customers_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id)`,
  `ALTER TABLE meters ADD CONSTRAINT meters_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations(id)`,
  `ALTER TABLE features ADD CONSTRAINT features_meter_fkey FOREIGN KEY (organization_id, meter_id) REFERENCES
     meters(organization_id,id)`,
  `ALTER TABLE features ADD CONSTRAINT features_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id)`,
  `ALTER TABLE plans ADD CONSTRAINT plans_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations(id)`,
  `ALTER TABLE charges ADD CONSTRAINT charges_meter_fkey FOREIGN KEY (organization_id, meter_id) REFERENCES
     meters(organization_id,id)`,
  `ALTER TABLE charges ADD CONSTRAINT charges_plan_fkey FOREIGN KEY (organization_id, plan_id) REFERENCES
     plans(organization_id,id)`,
  `ALTER TABLE plan_features ADD CONSTRAINT plan_features_feature_fkey FOREIGN KEY (organization_id, feature_id)
     REFERENCES features(organization_id,id)`,
  `ALTER TABLE plan_features ADD CONSTRAINT plan_features_plan_fkey FOREIGN KEY (organization_id, plan_id) REFERENCES
     plans(organization_id,id)`,
  `ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_test_clock_fkey FOREIGN KEY (organization_id, test_clock_id)
     REFERENCES test_clocks(organization_id,id)`,
  `ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_plan_fkey FOREIGN KEY (organization_id, plan_id) REFERENCES
     plans(organization_id,id)`,
  `ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_customer_fkey FOREIGN KEY (organization_id, customer_id)
     REFERENCES customers(organization_id,id)`,
  `ALTER TABLE subscription_entries ADD CONSTRAINT subscription_entries_plan_fkey FOREIGN KEY (organization_id, plan_id)
     REFERENCES plans(organization_id,id)`,
  `ALTER TABLE subscription_entries ADD CONSTRAINT subscription_entries_subscription_fkey FOREIGN KEY (organization_id,
     subscription_id) REFERENCES subscriptions(organization_id,id)`,
  `ALTER TABLE subscription_transitions ADD CONSTRAINT subscription_transitions_subscription_fkey FOREIGN KEY
     (organization_id, subscription_id) REFERENCES subscriptions(organization_id,id)`,
  `ALTER TABLE invoices ADD CONSTRAINT invoices_subscription_fkey FOREIGN KEY (organization_id, subscription_id)
     REFERENCES subscriptions(organization_id,id)`,
  `ALTER TABLE invoices ADD CONSTRAINT invoices_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES
     customers(organization_id,id)`,
  `ALTER TABLE invoices ADD CONSTRAINT invoices_test_clock_fkey FOREIGN KEY (organization_id, test_clock_id) REFERENCES
     test_clocks(organization_id,id)`,
  `ALTER TABLE invoice_counters ADD CONSTRAINT invoice_counters_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id)`,
  `ALTER TABLE invoice_lines ADD CONSTRAINT invoice_lines_charge_fkey FOREIGN KEY (organization_id, charge_id) REFERENCES
     charges(organization_id,id)`,
  `ALTER TABLE invoice_lines ADD CONSTRAINT invoice_lines_subscription_fkey FOREIGN KEY (organization_id,
     subscription_id) REFERENCES subscriptions(organization_id,id)`,
  `ALTER TABLE invoice_lines ADD CONSTRAINT invoice_lines_invoice_fkey FOREIGN KEY (organization_id, invoice_id)
     REFERENCES invoices(organization_id,id) ON DELETE CASCADE`,
  `ALTER TABLE payments ADD CONSTRAINT payments_invoice_fkey FOREIGN KEY (organization_id, invoice_id) REFERENCES
     invoices(organization_id,id)`,
  `ALTER TABLE balance_entries ADD CONSTRAINT balance_entries_invoice_fkey FOREIGN KEY (organization_id, invoice_id)
     REFERENCES invoices(organization_id,id)`,
  `ALTER TABLE balance_entries ADD CONSTRAINT balance_entries_customer_fkey FOREIGN KEY (organization_id, customer_id)
     REFERENCES customers(organization_id,id)`,
  `ALTER TABLE worker_run_shares ADD CONSTRAINT worker_run_shares_organization_fkey FOREIGN KEY (organization_id)
     REFERENCES organizations(id)`,
  `ALTER TABLE billing_failures ADD CONSTRAINT billing_failures_subscription_fkey FOREIGN KEY (organization_id,
     subscription_id) REFERENCES subscriptions(organization_id,id)`,
  `ALTER TABLE billing_failures ADD CONSTRAINT billing_failures_invoice_fkey FOREIGN KEY (organization_id, invoice_id)
     REFERENCES invoices(organization_id,id) ON DELETE CASCADE`,
];
