import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Usage events. These tables have no entity: they are written and read by named SQL alone (modules/metering/queries). */
export class CreateUsage1700000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE usage_event_voids, usage_event_keys, usage_events');
  }
}

const STATEMENTS = [
  // digest: of the event's id and content; the sum over any set of events tells it from any other set.
  // recorded_xid: the transaction that stored the event, so that "known at" can be a transaction snapshot.
  `CREATE TABLE usage_events (
     organization_id uuid NOT NULL,
     id uuid NOT NULL,
     meter_id uuid NOT NULL,
     customer_id uuid NOT NULL,
     occurred_at timestamptz NOT NULL,
     received_at timestamptz NOT NULL,
     quantity numeric,
     counted boolean NOT NULL,
     value numeric,
     member text,
     properties jsonb,
     idempotency_key text,
     digest bigint NOT NULL,
     recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
     CONSTRAINT usage_events_pkey PRIMARY KEY (organization_id, id),
     CONSTRAINT usage_events_meter_fkey FOREIGN KEY (organization_id, meter_id) REFERENCES meters (organization_id, id),
     CONSTRAINT usage_events_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id))`,
  // Before the reading index, on purpose: while the planner has no statistics of the table (the first events, a bulk import) the two
  // cost it the same, and it takes the newer one. This one would read every customer's events for each reading.
  `CREATE INDEX usage_events_meter_idx ON usage_events (organization_id, meter_id, occurred_at)`,
  `CREATE INDEX usage_events_reading_idx ON usage_events (organization_id, customer_id, meter_id, occurred_at)`,
  // Keys outlive their events: a retry is known for ever.
  `CREATE TABLE usage_event_keys (
     organization_id uuid NOT NULL,
     idempotency_key text NOT NULL,
     content_hash bytea NOT NULL,
     event_id uuid NOT NULL,
     CONSTRAINT usage_event_keys_pkey PRIMARY KEY (organization_id, idempotency_key))`,
  `CREATE TABLE usage_event_voids (
     organization_id uuid NOT NULL,
     event_id uuid NOT NULL,
     reason text,
     voided_at timestamptz NOT NULL,
     recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
     CONSTRAINT usage_event_voids_pkey PRIMARY KEY (organization_id, event_id),
     CONSTRAINT usage_event_voids_event_fkey FOREIGN KEY (organization_id, event_id) REFERENCES usage_events (organization_id, id))`,
];
