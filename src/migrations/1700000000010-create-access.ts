import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may do what: partner apps and the customers they were given, users with their sessions, customers in their portal. */
export class CreateAccess1700000000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // With the triggers that rest on it.
    await queryRunner.query('DROP FUNCTION note_change, record_audit, audit_hash CASCADE');
    await queryRunner.query('DROP TABLE audit_entries');
    await queryRunner.query('DROP FUNCTION refuse_change_of_log');
    await queryRunner.query('ALTER TABLE customers DROP COLUMN revision');
    await queryRunner.query('DROP TABLE sign_in_failures, portal_sessions, invitations, sessions, users');
    await queryRunner.query('ALTER TABLE api_keys DROP COLUMN partner_app_id');
    // Policies rest on it, and are made anew at the next start.
    await queryRunner.query('DROP TABLE partner_customers, partner_apps CASCADE');
  }
}

const STATEMENTS = [
  `ALTER TABLE customers ADD COLUMN revision integer NOT NULL DEFAULT '1'`,
  `CREATE TABLE partner_apps (organization_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, plan_lookup_keys text array,
     archived_at timestamptz, created_at timestamptz NOT NULL, CONSTRAINT partner_apps_pkey PRIMARY KEY (organization_id, id),
     CONSTRAINT partner_apps_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations(id))`,
  // The customer's key is deferred: a partner that makes a customer has to be given it first, or could not see what it makes.
  `CREATE TABLE partner_customers (organization_id uuid NOT NULL, partner_app_id uuid NOT NULL, customer_id uuid NOT NULL, granted_at
     timestamptz NOT NULL, CONSTRAINT partner_customers_pkey PRIMARY KEY (organization_id, partner_app_id, customer_id), CONSTRAINT
     partner_customers_partner_app_fkey FOREIGN KEY (organization_id, partner_app_id) REFERENCES partner_apps(organization_id,id),
     CONSTRAINT partner_customers_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES
     customers(organization_id,id) DEFERRABLE INITIALLY DEFERRED)`,
  `ALTER TABLE api_keys ADD COLUMN partner_app_id uuid, ADD CONSTRAINT api_keys_partner_app_fkey FOREIGN KEY (organization_id,
     partner_app_id) REFERENCES partner_apps(organization_id,id)`,
  `CREATE TRIGGER partner_apps_change AFTER UPDATE OR DELETE ON partner_apps FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
  `CREATE TABLE users (organization_id uuid NOT NULL, id uuid NOT NULL, email text NOT NULL, name text, password_hash text NOT NULL,
     role text NOT NULL, last_signed_in_at timestamptz, created_at timestamptz NOT NULL, CONSTRAINT users_pkey PRIMARY KEY
     (organization_id, id), CONSTRAINT users_email_key UNIQUE (organization_id, email), CONSTRAINT users_role_check CHECK (role IN
     ('OWNER', 'ADMIN', 'BILLING', 'VIEWER')), CONSTRAINT users_organization_fkey FOREIGN KEY (organization_id) REFERENCES
     organizations(id))`,
  `CREATE INDEX users_email_idx ON users (email)`,
  `CREATE TABLE sessions (organization_id uuid NOT NULL, id uuid NOT NULL, user_id uuid NOT NULL, digest bytea NOT NULL, expires_at
     timestamptz NOT NULL, created_at timestamptz NOT NULL, CONSTRAINT sessions_pkey PRIMARY KEY (organization_id, id), CONSTRAINT
     sessions_user_fkey FOREIGN KEY (organization_id, user_id) REFERENCES users(organization_id,id) ON DELETE CASCADE)`,
  `CREATE UNIQUE INDEX sessions_digest_key ON sessions (digest)`,
  `CREATE INDEX sessions_user_idx ON sessions (organization_id, user_id)`,
  `CREATE TABLE invitations (organization_id uuid NOT NULL, id uuid NOT NULL, email text NOT NULL, role text NOT NULL, digest bytea NOT
     NULL, invited_by text NOT NULL, expires_at timestamptz NOT NULL, accepted_at timestamptz, revoked_at timestamptz, created_at
     timestamptz NOT NULL, CONSTRAINT invitations_pkey PRIMARY KEY (organization_id, id), CONSTRAINT invitations_role_check CHECK
     (role IN ('OWNER', 'ADMIN', 'BILLING', 'VIEWER')), CONSTRAINT invitations_organization_fkey FOREIGN KEY (organization_id)
     REFERENCES organizations(id))`,
  `CREATE UNIQUE INDEX invitations_digest_key ON invitations (digest)`,
  `CREATE TABLE portal_sessions (organization_id uuid NOT NULL, id uuid NOT NULL, customer_id uuid NOT NULL, digest bytea NOT NULL,
     expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL, CONSTRAINT portal_sessions_pkey PRIMARY KEY
     (organization_id, id), CONSTRAINT portal_sessions_customer_fkey FOREIGN KEY (organization_id, customer_id) REFERENCES
     customers(organization_id,id))`,
  `CREATE UNIQUE INDEX portal_sessions_digest_key ON portal_sessions (digest)`,
  `CREATE INDEX portal_sessions_customer_idx ON portal_sessions (organization_id, customer_id)`,
  // Of nobody's organization: whoever fails to sign in has none. What failed is a hash of an address and a place.
  `CREATE TABLE sign_in_failures (subject bytea NOT NULL, failures integer NOT NULL, began_at timestamptz NOT NULL, CONSTRAINT
     sign_in_failures_pkey PRIMARY KEY (subject))`,
  `CREATE TRIGGER users_change AFTER UPDATE OF role OR DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
  `CREATE TRIGGER sessions_change AFTER DELETE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
  // One entry for all that a mutation changed. Each hash covers its entry and the hash before it: one that is altered, left out or
  // put in breaks the chain from there on.
  `CREATE TABLE audit_entries (organization_id uuid NOT NULL, id uuid NOT NULL, sequence bigint NOT NULL, occurred_at timestamptz NOT
     NULL, actor text NOT NULL, request_id text NOT NULL, operation text NOT NULL, changes jsonb NOT NULL, previous_hash bytea NOT
     NULL, hash bytea NOT NULL, CONSTRAINT audit_entries_pkey PRIMARY KEY (organization_id, id), CONSTRAINT
     audit_entries_sequence_key UNIQUE (organization_id, sequence), CONSTRAINT audit_entries_organization_fkey FOREIGN KEY
     (organization_id) REFERENCES organizations(id))`,
  `CREATE FUNCTION refuse_change_of_log() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_entries_append_only'; END $$`,
  `CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_log()`,
  // Of an update, what differs. Secrets, and what they are found by, are left out.
  `CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
   DECLARE
     secrets CONSTANT text[] := ARRAY['digest', 'password_hash', 'public_token', 'secret'];
     before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - secrets END;
     after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - secrets END;
     changed jsonb;
   BEGIN
     IF TG_OP = 'UPDATE' THEN
       SELECT jsonb_object_agg(b.key, b.value) INTO changed FROM jsonb_each(before) AS b WHERE b.value IS DISTINCT FROM after -> b.key;
       IF changed IS NULL AND to_jsonb(OLD) = to_jsonb(NEW) THEN RETURN NULL; END IF;
       SELECT jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, after -> b.key) INTO before, after
         FROM jsonb_each(before) AS b WHERE b.key = 'id' OR changed ? b.key;
     END IF;
     PERFORM set_config('fluxrate.changes', current_setting('fluxrate.changes') || ',' ||
       jsonb_build_object('table', TG_TABLE_NAME, 'before', before, 'after', after), true);
     RETURN NULL;
   END $$`,
  `CREATE FUNCTION audit_hash(previous bytea, organization uuid, number bigint, moment timestamptz, actor text, request text, operation
     text, changes jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN sha256(previous || convert_to(jsonb_build_array(organization,
     number, extract(epoch FROM moment), actor, request, operation, changes)::text, 'UTF8'))`,
  // The owner's right: whoever works for a tenant may not write the log by themselves. Entries of an organization are written one
  // after the other, from here to the commit.
  `CREATE FUNCTION record_audit(entry_id uuid, entry_actor text, entry_request text, entry_operation text) RETURNS void
   LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
   DECLARE
     organization CONSTANT uuid := current_setting('fluxrate.organization')::uuid;
     noted CONSTANT jsonb := ('[' || substr(current_setting('fluxrate.changes'), 2) || ']')::jsonb;
     last record;
     number bigint;
     moment timestamptz;
   BEGIN
     PERFORM pg_advisory_xact_lock(hashtextextended('audit ' || organization, 0));
     SELECT sequence, hash INTO last FROM audit_entries WHERE organization_id = organization ORDER BY sequence DESC LIMIT 1;
     number := coalesce(last.sequence, 0) + 1;
     moment := clock_timestamp();
     INSERT INTO audit_entries (organization_id, id, sequence, occurred_at, actor, request_id, operation, changes, previous_hash, hash)
     VALUES (organization, entry_id, number, moment, entry_actor, entry_request, entry_operation, noted, coalesce(last.hash, ''),
       audit_hash(coalesce(last.hash, ''), organization, number, moment, entry_actor, entry_request, entry_operation, noted));
   END $$`,
  `CREATE TRIGGER portal_sessions_change AFTER DELETE ON portal_sessions FOR EACH STATEMENT EXECUTE FUNCTION notify_change()`,
];
