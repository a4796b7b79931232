import { createHash } from 'node:crypto';
import type { QueryRunner } from 'typeorm';

/** Works for one organization: the role of every transaction that names one. Owns nothing, sees the rows of that organization. */
export const TENANT_ROLE = 'fluxrate_tenant';
/** Works for some customers of an organization: partner apps and customers in their portal. */
export const LIMITED_ROLE = 'fluxrate_limited';

/** What a limited actor reads of its organization though it belongs to no customer: the catalog, and what billing rests on. */
export const SHARED = ['charges', 'features', 'meters', 'plan_features', 'plans', 'tax_rates', 'test_clocks'];
/** What work for a customer moves along with it: numbers, and the keys of events. Says nothing of anybody. */
export const MACHINERY = ['credit_note_counters', 'invoice_counters', 'usage_event_keys'];

const ORGANIZATION = `NULLIF(current_setting('fluxrate.organization', true), '')::uuid`;
const CUSTOMER = `NULLIF(current_setting('fluxrate.customer', true), '')::uuid`;
const PARTNER = `NULLIF(current_setting('fluxrate.partner', true), '')::uuid`;

/** A customer is open to a limited actor when it is the portal's, or among those of the partner. */
const isOpen = (column: string): string =>
  `(${column} = ${CUSTOMER} OR ${column} IN (SELECT p.customer_id FROM partner_customers p
      WHERE p.organization_id = ${ORGANIZATION} AND p.partner_app_id = ${PARTNER}))`;

const hasOpen = (parent: string, column: string, table: string): string =>
  `EXISTS (SELECT FROM ${parent} parent WHERE parent.organization_id = ${table}.organization_id AND parent.id = ${table}.${column})`;

/** How a table's rows lead to a customer: the first of these columns that the row has. */
const WAYS: readonly (readonly [column: string, condition: (table: string) => string])[] = [
  ['customer_id', (table) => isOpen(`${table}.customer_id`)],
  ['invoice_id', (table) => hasOpen('invoices', 'invoice_id', table)],
  ['subscription_id', (table) => hasOpen('subscriptions', 'subscription_id', table)],
  ['credit_note_id', (table) => hasOpen('credit_notes', 'credit_note_id', table)],
  ['event_id', (table) => hasOpen('usage_events', 'event_id', table)],
];

const PRESENT_VERSION = `SELECT (SELECT obj_description(oid, 'pg_policy') FROM pg_policy
  WHERE polrelid = 'organizations'::regclass AND polname = 'tenant') AS present`;

interface Table {
  name: string;
  columns: string[];
  /** Of these, those that may be null. */
  nullable: string[];
}

/**
 * Row-level security, laid over whatever tables the migrations have led to, so that none can be forgotten: a table with an
 * organization shows a tenant its own rows, and a limited actor those of its customers, or nothing where no way leads to one.
 * Run at every start, after the migrations. An account that may not make roles leaves it out.
 */
export async function applyTenancy(runner: QueryRunner): Promise<void> {
  if (!(await makeRoles(runner))) return;
  const tables = await runner.manager.query<Table[]>(
    `SELECT c.relname AS name, array_agg(a.attname::text) AS columns,
            coalesce(array_agg(a.attname::text) FILTER (WHERE NOT a.attnotnull), '{}') AS nullable FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> 'schema_migrations' GROUP BY c.relname ORDER BY 1`,
  );
  const statements = [`REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${LIMITED_ROLE}`, ...tables.flatMap(protect)];
  // Policies are made under locks that stop all work: only when they differ, which is after a migration.
  const version = createHash('sha256').update(statements.join('\n')).digest('hex');
  const [{ present }] = await runner.manager.query<{ present: string | null }[]>(PRESENT_VERSION);
  await openOutbox(runner);
  if (present === version) return;
  await runner.startTransaction();
  try {
    for (const statement of statements) await runner.query(statement);
    await runner.query(`COMMENT ON POLICY tenant ON organizations IS '${version}'`);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}

/** Of the installation, not of a tenant: nothing to see for one. */
export const CLOSED = ['sign_in_failures'];

function protect(table: Table): string[] {
  const { name, columns } = table;
  if (CLOSED.includes(name)) return [];
  if (name === 'audit_entries') return [`GRANT SELECT ON ${name} TO ${TENANT_ROLE}`, ...secure(name)];
  const grants = [`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${TENANT_ROLE}`];
  const key = name === 'organizations' ? 'id' : 'organization_id';
  if (!columns.includes(key)) return grants;
  return [...grants, ...secure(name, key), ...limits(table, ownOf(name, key))];
}

const ownOf = (table: string, key: string): string => `${table}.${key} = ${ORGANIZATION}`;

const secure = (table: string, key = 'organization_id'): string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  ...policy(table, 'tenant', TENANT_ROLE, 'ALL', ownOf(table, key)),
];

function limits(table: Table, own: string): string[] {
  const { name } = table;
  const policyOf = (command: string, condition: string): string[] =>
    policy(name, `limited_${command.toLowerCase()}`, LIMITED_ROLE, command, condition);
  if (name === 'organizations') {
    // A row lock takes the right to update some column; the policy lets nobody use it.
    const lock = `GRANT SELECT, UPDATE (id) ON organizations TO ${LIMITED_ROLE}`;
    return [lock, ...policyOf('SELECT', own), ...policyOf('UPDATE', own)];
  }
  if (SHARED.includes(name)) return [`GRANT SELECT ON ${name} TO ${LIMITED_ROLE}`, ...policyOf('SELECT', own)];
  if (MACHINERY.includes(name)) return [`GRANT SELECT, INSERT, UPDATE ON ${name} TO ${LIMITED_ROLE}`, ...policyOf('ALL', own)];
  if (name === 'partner_customers' || name === 'partner_apps') return partnersOwn(name, own, policyOf);
  const way = name === 'customers' ? isOpen('customers.id') : wayOf(table);
  if (way === null) return [];
  return [`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${LIMITED_ROLE}`, ...policyOf('ALL', `${own} AND ${way}`)];
}

function wayOf({ name, columns, nullable }: Table): string | null {
  const ways = WAYS.filter(([column]) => columns.includes(column));
  return ways.reduceRight<string | null>(
    (otherwise, [column, condition]) =>
      otherwise !== null && nullable.includes(column)
        ? `CASE WHEN ${name}.${column} IS NULL THEN ${otherwise} ELSE ${condition(name)} END`
        : condition(name),
    null,
  );
}

/** A partner sees itself and what it was granted, and takes on the customers that it makes; those are open once their row is there. */
function partnersOwn(name: string, own: string, policyOf: (command: string, condition: string) => string[]): string[] {
  const mine = `${own} AND ${name}.${name === 'partner_apps' ? 'id' : 'partner_app_id'} = ${PARTNER}`;
  if (name === 'partner_apps') return [`GRANT SELECT ON ${name} TO ${LIMITED_ROLE}`, ...policyOf('SELECT', mine)];
  return [`GRANT SELECT, INSERT ON ${name} TO ${LIMITED_ROLE}`, ...policyOf('SELECT', mine), ...policyOf('INSERT', mine)];
}

function policy(table: string, name: string, role: string, command: string, condition: string): string[] {
  const clause = command === 'INSERT' ? `WITH CHECK (${condition})` : `USING (${condition})`;
  return [`DROP POLICY IF EXISTS ${name} ON ${table}`, `CREATE POLICY ${name} ON ${table} FOR ${command} TO ${role} ${clause}`];
}

/** Roles belong to the server, not to a database: another of its databases may have made them. Says whether they can be taken on. */
async function makeRoles(runner: QueryRunner): Promise<boolean> {
  for (const role of [TENANT_ROLE, LIMITED_ROLE])
    await runner.query(`DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;
      IF NOT pg_has_role('${role}', 'SET') THEN EXECUTE 'GRANT ${role} TO ' || quote_ident(current_user); END IF;
    EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation OR undefined_object THEN NULL;
    END $$`);
  return (await availableRoles((text) => runner.manager.query<RoleRow[]>(text))).size === 2;
}

interface RoleRow {
  name: string;
}

/** Which of the two roles this account may take on. */
export async function availableRoles(query: (text: string) => Promise<RoleRow[]>): Promise<Set<string>> {
  const rows = await query(
    `SELECT rolname AS name FROM pg_roles WHERE rolname IN ('${TENANT_ROLE}', '${LIMITED_ROLE}') AND pg_has_role(oid, 'SET')`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** The outbox is a package's, in a schema of its own: a tenant may add jobs to it, and do nothing else there. */
async function openOutbox(runner: QueryRunner): Promise<void> {
  await runner.query(`DO $$ DECLARE adding regprocedure; BEGIN
    IF to_regnamespace('graphile_worker') IS NULL THEN RETURN; END IF;
    GRANT USAGE ON SCHEMA graphile_worker TO ${TENANT_ROLE}, ${LIMITED_ROLE};
    FOR adding IN SELECT oid FROM pg_proc WHERE pronamespace = 'graphile_worker'::regnamespace AND proname IN ('add_job', 'add_jobs')
    LOOP EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', adding); END LOOP;
  END $$`);
}
