import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Overrides, grants, reservations and alerts, and what the limits of a plan need beside them. */
export class CreateEntitlements1700000000007 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [table] of VERSIONED) await queryRunner.query(`DROP TRIGGER ${table}_entitlements ON ${table}`);
    await queryRunner.query('DROP TRIGGER features_change ON features');
    await queryRunner.query(
      'DROP TABLE entitlement_alerts, entitlement_reservations, entitlement_grants, entitlement_overrides, entitlement_versions',
    );
    await queryRunner.query('DROP FUNCTION bump_entitlements, bump_entitlements_of_subscription');
    await queryRunner.query('DROP INDEX usage_counters_pair_idx');
    await queryRunner.query('ALTER TABLE features DROP COLUMN alert_thresholds');
    await queryRunner.query('ALTER TABLE plan_features DROP COLUMN reset_alignment, DROP COLUMN grace_percentage');
  }
}

/** Whatever decides on a customer's entitlements, but for usage: table, when, and which function knows the customer. */
const VERSIONED = [
  ['subscription_entries', 'INSERT OR UPDATE', 'bump_entitlements_of_subscription'],
  ['entitlement_overrides', 'INSERT OR UPDATE', 'bump_entitlements'],
  ['entitlement_grants', 'INSERT OR UPDATE', 'bump_entitlements'],
  ['customers', 'UPDATE OF external_id, test_clock_id, time_zone', 'bump_entitlements'],
] as const;

const STATEMENTS = [
  `ALTER TABLE features ADD COLUMN alert_thresholds integer[] NOT NULL DEFAULT '{}'`,
  `ALTER TABLE plan_features ADD COLUMN reset_alignment text NOT NULL DEFAULT 'ANNIVERSARY', ADD COLUMN grace_percentage numeric,
     ADD CONSTRAINT plan_features_reset_alignment_check CHECK (reset_alignment IN ('ANNIVERSARY', 'CALENDAR'))`,
  // Counters of one customer and meter, day by day: the days of a window lie together. Only the first event of a day adds to it.
  `CREATE INDEX usage_counters_pair_idx ON usage_counters (organization_id, meter_id, customer_id, day)`,
  // Changes with all that decides on a customer's entitlements but usage, in the transaction that changes it: a process that keeps
  // copies learns with the statement that reads usage whether they are still true.
  `CREATE TABLE entitlement_versions (
     organization_id uuid NOT NULL,
     customer_id uuid NOT NULL,
     version bigint NOT NULL,
     CONSTRAINT entitlement_versions_pkey PRIMARY KEY (organization_id, customer_id),
     CONSTRAINT entitlement_versions_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id)
   ) WITH (fillfactor = 75)`,
  `CREATE TABLE entitlement_overrides (
     organization_id uuid NOT NULL,
     id uuid NOT NULL,
     customer_id uuid NOT NULL,
     feature_id uuid NOT NULL,
     enabled boolean NOT NULL,
     usage_limit numeric,
     reset_period text,
     reset_alignment text NOT NULL DEFAULT 'ANNIVERSARY',
     soft_limit boolean NOT NULL DEFAULT false,
     grace_percentage numeric,
     value text,
     effective_at timestamptz NOT NULL,
     expires_at timestamptz,
     ended_at timestamptz,
     created_at timestamptz NOT NULL,
     CONSTRAINT entitlement_overrides_reset_alignment_check CHECK (reset_alignment IN ('ANNIVERSARY', 'CALENDAR')),
     CONSTRAINT entitlement_overrides_pkey PRIMARY KEY (organization_id, id),
     CONSTRAINT entitlement_overrides_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
     CONSTRAINT entitlement_overrides_feature_fkey FOREIGN KEY (organization_id, feature_id) REFERENCES features (organization_id, id))`,
  `CREATE UNIQUE INDEX entitlement_overrides_present_key ON entitlement_overrides (organization_id, customer_id, feature_id)
     WHERE ended_at IS NULL`,
  `CREATE INDEX entitlement_overrides_customer_idx ON entitlement_overrides (organization_id, customer_id)`,
  `CREATE TABLE entitlement_grants (
     organization_id uuid NOT NULL,
     id uuid NOT NULL,
     customer_id uuid NOT NULL,
     feature_id uuid NOT NULL,
     amount numeric NOT NULL,
     priority integer NOT NULL,
     effective_at timestamptz NOT NULL,
     expires_at timestamptz,
     recurrence text,
     recurrence_anchor timestamptz,
     time_zone text NOT NULL,
     rollover_minimum numeric,
     rollover_maximum numeric,
     voided_at timestamptz,
     created_at timestamptz NOT NULL,
     CONSTRAINT entitlement_grants_amount_check CHECK (amount > 0),
     CONSTRAINT entitlement_grants_pkey PRIMARY KEY (organization_id, id),
     CONSTRAINT entitlement_grants_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
     CONSTRAINT entitlement_grants_feature_fkey FOREIGN KEY (organization_id, feature_id) REFERENCES features (organization_id, id))`,
  `CREATE INDEX entitlement_grants_customer_idx ON entitlement_grants (organization_id, customer_id, id)`,
  `CREATE TABLE entitlement_reservations (
     organization_id uuid NOT NULL,
     id uuid NOT NULL,
     customer_id uuid NOT NULL,
     feature_id uuid NOT NULL,
     quantity numeric NOT NULL,
     status text NOT NULL,
     reserved_at timestamptz NOT NULL,
     expires_at timestamptz NOT NULL,
     idempotency_key text,
     committed_quantity numeric,
     event_id uuid,
     settled_at timestamptz,
     CONSTRAINT entitlement_reservations_status_check CHECK (status IN ('HELD', 'COMMITTED', 'RELEASED')),
     CONSTRAINT entitlement_reservations_pkey PRIMARY KEY (organization_id, id),
     CONSTRAINT entitlement_reservations_key UNIQUE (organization_id, idempotency_key),
     CONSTRAINT entitlement_reservations_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
     CONSTRAINT entitlement_reservations_feature_fkey FOREIGN KEY (organization_id, feature_id) REFERENCES features (organization_id, id))`,
  `CREATE INDEX entitlement_reservations_held_idx ON entitlement_reservations (organization_id, customer_id, feature_id, expires_at)
     WHERE status = 'HELD'`,
  `CREATE TABLE entitlement_alerts (
     organization_id uuid NOT NULL,
     id uuid NOT NULL,
     customer_id uuid NOT NULL,
     feature_id uuid NOT NULL,
     kind text NOT NULL,
     threshold integer NOT NULL,
     window_start timestamptz NOT NULL,
     window_end timestamptz,
     used numeric NOT NULL,
     usage_limit numeric NOT NULL,
     raised_at timestamptz NOT NULL,
     published_at timestamptz,
     CONSTRAINT entitlement_alerts_kind_check CHECK (kind IN ('THRESHOLD_REACHED', 'LIMIT_REACHED')),
     CONSTRAINT entitlement_alerts_pkey PRIMARY KEY (organization_id, id),
     CONSTRAINT entitlement_alerts_once_key UNIQUE (organization_id, customer_id, feature_id, window_start, kind, threshold),
     CONSTRAINT entitlement_alerts_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
     CONSTRAINT entitlement_alerts_feature_fkey FOREIGN KEY (organization_id, feature_id) REFERENCES features (organization_id, id))`,
  `CREATE FUNCTION bump_entitlements() RETURNS trigger LANGUAGE plpgsql AS $$
     DECLARE
       owner uuid := CASE WHEN TG_TABLE_NAME = 'customers' THEN (to_jsonb(NEW) ->> 'id')::uuid ELSE (to_jsonb(NEW) ->> 'customer_id')::uuid END;
     BEGIN
       INSERT INTO entitlement_versions AS v (organization_id, customer_id, version) VALUES (NEW.organization_id, owner, 1)
         ON CONFLICT ON CONSTRAINT entitlement_versions_pkey DO UPDATE SET version = v.version + 1;
       PERFORM pg_notify('fluxrate_entitlements', NEW.organization_id || ' ' || owner);
       RETURN NULL;
     END $$`,
  `CREATE FUNCTION bump_entitlements_of_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
     DECLARE
       owner uuid;
     BEGIN
       SELECT s.customer_id INTO owner FROM subscriptions s WHERE s.organization_id = NEW.organization_id AND s.id = NEW.subscription_id;
       INSERT INTO entitlement_versions AS v (organization_id, customer_id, version) VALUES (NEW.organization_id, owner, 1)
         ON CONFLICT ON CONSTRAINT entitlement_versions_pkey DO UPDATE SET version = v.version + 1;
       PERFORM pg_notify('fluxrate_entitlements', NEW.organization_id || ' ' || owner);
       RETURN NULL;
     END $$`,
  ...VERSIONED.map(
    ([table, when, bump]) =>
      `CREATE TRIGGER ${table}_entitlements AFTER ${when} ON ${table} FOR EACH ROW EXECUTE FUNCTION ${bump}()`,
  ),
  `CREATE TRIGGER features_change AFTER UPDATE OR DELETE ON features FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
];
