import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Usage events. These tables have no entity: they are written and read by named SQL alone (modules/metering/queries). */
export class CreateUsage1700000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of NOTIFYING) await queryRunner.query(`DROP TRIGGER ${table}_change ON ${table}`);
    await queryRunner.query(
      'DROP TABLE usage_counter_members, usage_counters, usage_event_voids, usage_event_keys, usage_events CASCADE',
    );
    await queryRunner.query('DROP TYPE usage_latest');
    await queryRunner.query('DROP FUNCTION usage_member_hash, notify_change');
    await queryRunner.query('ALTER TABLE organizations DROP COLUMN events_retention_days');
  }
}

/** Tables that ingestion keeps copies of (see the triggers). */
const NOTIFYING = ['api_keys', 'organizations', 'meters', 'customers'];

const STATEMENTS = [
  `ALTER TABLE organizations ADD COLUMN events_retention_days integer,
     ADD CONSTRAINT organizations_events_retention_days_check CHECK (events_retention_days >= greatest(31, backfill_days))`,
  // digest: of the event's id and content; the sum over any set of events tells it from any other set.
  // recorded_xid: the transaction that stored the event, so that "known at" can be a transaction snapshot.
  // day: the UTC day it happened on. It leads the reading index, so that what arrives now touches the pages of today only and a
  // table of many millions of events takes more as fast as an empty one; a longer span is read day by day (skip scan).
  // No foreign keys: the counters below, one row for many events, have them, and nothing is counted without a counter.
  `CREATE TABLE usage_events (
     organization_id uuid NOT NULL,
     id uuid NOT NULL,
     meter_id uuid NOT NULL,
     customer_id uuid NOT NULL,
     occurred_at timestamptz NOT NULL,
     received_at timestamptz NOT NULL,
     digest bigint NOT NULL,
     recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
     day date NOT NULL GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED,
     counted boolean NOT NULL,
     quantity numeric,
     value numeric,
     member text,
     properties jsonb,
     idempotency_key text,
     amends_id uuid,
     CONSTRAINT usage_events_pkey PRIMARY KEY (organization_id, id, occurred_at)) PARTITION BY RANGE (occurred_at)`,
  `CREATE INDEX usage_events_reading_idx ON usage_events (organization_id, day, meter_id, customer_id, occurred_at)`,
  // Months have partitions of their own, made ahead by a job and on demand by ingestion; what is older than this shares one. There
  // is no default partition: rows in it would stand in the way of the month they belong to.
  `CREATE TABLE usage_events_before_2000 PARTITION OF usage_events FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00')`,
  // Keys outlive their events: a retry is known for ever. 128 bits of its SHA-256 stand for the key, 64 of
  // the content's for the content: a row and its index entry have one small size, however long the keys are.
  `CREATE TABLE usage_event_keys (
     organization_id uuid NOT NULL,
     key_hash uuid NOT NULL,
     event_id uuid NOT NULL,
     content_hash bigint NOT NULL,
     CONSTRAINT usage_event_keys_pkey PRIMARY KEY (organization_id, key_hash))`,
  `CREATE TABLE usage_event_voids (
     organization_id uuid NOT NULL,
     event_id uuid NOT NULL,
     reason text,
     voided_at timestamptz NOT NULL,
     amended_by uuid,
     recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
     CONSTRAINT usage_event_voids_pkey PRIMARY KEY (organization_id, event_id))`,
  // The last event of a day. Compared field by field: by time, then by receipt.
  `CREATE TYPE usage_latest AS (occurred_at timestamptz, received_at timestamptz, id uuid, value numeric, digest bigint)`,
  // What a customer used of a meter on a UTC day: written by the statement that stores the events. What a meter's aggregation does
  // not need is null. day comes early in the key for the same reason as above.
  `CREATE TABLE usage_counters (
     organization_id uuid NOT NULL,
     day date NOT NULL,
     meter_id uuid NOT NULL,
     customer_id uuid NOT NULL,
     event_count bigint NOT NULL,
     digests numeric NOT NULL,
     total numeric,
     highest numeric,
     latest usage_latest,
     CONSTRAINT usage_counters_pkey PRIMARY KEY (organization_id, day, meter_id, customer_id),
     CONSTRAINT usage_counters_meter_fkey FOREIGN KEY (organization_id, meter_id) REFERENCES meters (organization_id, id),
     CONSTRAINT usage_counters_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id))
   WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05)`,
  // The members a UNIQUE_COUNT meter saw on a day.
  `CREATE TABLE usage_counter_members (
     organization_id uuid NOT NULL,
     day date NOT NULL,
     meter_id uuid NOT NULL,
     customer_id uuid NOT NULL,
     member_hash uuid NOT NULL,
     CONSTRAINT usage_counter_members_pkey PRIMARY KEY (organization_id, day, meter_id, customer_id, member_hash))`,
  `CREATE FUNCTION usage_member_hash(member text) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
     RETURN encode(substr(sha256(convert_to(member, 'UTF8')), 1, 16), 'hex')::uuid`,
  // Processes keep copies of these rows for the hot path; whoever changes one tells them all, with the commit.
  `CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       PERFORM pg_notify('fluxrate_changes', TG_TABLE_NAME);
       RETURN NULL;
     END $$`,
  `CREATE TRIGGER api_keys_change AFTER UPDATE OF revoked_at, expires_at, scopes OR DELETE ON api_keys
     FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
  `CREATE TRIGGER organizations_change AFTER UPDATE OR DELETE ON organizations FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
  `CREATE TRIGGER meters_change AFTER UPDATE OR DELETE ON meters FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
  `CREATE TRIGGER customers_change AFTER UPDATE OF external_id, test_clock_id OR DELETE ON customers
     FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
];
