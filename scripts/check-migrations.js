/**
 * Fails unless the migrations lead to exactly what the entities declare, and can be taken back and repeated. Works on an
 * embedded Postgres of its own. Triggers, functions and tables without an entity are the migrations' alone.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../dist/src/data-source.js';
import { startEmbeddedPostgres } from '../dist/src/platform/database/embedded-postgres.js';

const dataDir = mkdtempSync(join(tmpdir(), 'fluxrate-migrations-'));
chmodSync(dataDir, 0o755); // Root's server runs as another account, which has to enter.
const postgres = await startEmbeddedPostgres({ dataDir, log: () => undefined });
const failures = [];
try {
  const migrated = await connect(postgres.url);
  await migrated.runMigrations({ transaction: 'each' });
  const schema = await catalog(migrated);
  await compareWithEntities(migrated, schema);
  await repeat(migrated, schema);
  await migrated.destroy();
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exitCode = 1;
} else console.log('the migrations lead to what the entities declare, down and up again');

function connect(url) {
  return new DataSource(dataSourceOptions(url, 2)).initialize();
}

function fail(message, lines) {
  if (lines.length > 0) failures.push(message, ...lines.map((line) => `  ${line}`));
}

/** TypeORM compares by name; what a check or an index says, only a second database made of the entities can show. */
async function compareWithEntities(migrated, schema) {
  const { upQueries } = await migrated.driver.createSchemaBuilder().log();
  fail(
    'TypeORM would change what the migrations lead to:',
    upQueries.map(({ query }) => query),
  );
  await migrated.query('CREATE DATABASE entities');
  const url = new URL(postgres.url);
  url.pathname = '/entities';
  const declaring = await connect(url.toString());
  await declaring.synchronize();
  const tables = new Set(declaring.entityMetadatas.map(({ tableName }) => tableName));
  const declared = await catalog(declaring);
  await declaring.destroy();
  const built = schema.filter(({ kind, table }) => kind === 'structure' && tables.has(table));
  fail('Declared by the entities, not made by the migrations:', without(declared, built));
  fail('Made by the migrations, not declared by the entities:', without(built, declared));
}

async function repeat(migrated, schema) {
  for (let left = migrated.migrations.length; left > 0; left -= 1) await migrated.undoLastMigration({ transaction: 'each' });
  fail('Taking all migrations back leaves:', without(await catalog(migrated), []));
  await migrated.runMigrations({ transaction: 'each' });
  const again = await catalog(migrated);
  fail('Taken back and run again, the migrations lead to another schema:', [
    ...without(again, schema),
    ...without(schema, again),
  ]);
}

function without(some, others) {
  const known = new Set(others.map(({ line }) => line));
  return some.map(({ line }) => line).filter((line) => !known.has(line));
}

/** Every column, constraint, index, trigger and function, one a line. */
async function catalog(dataSource) {
  return dataSource.query(`
    SELECT * FROM (
      SELECT 'structure' AS kind, table_name::text AS "table",
             format('%s.%s %s null=%s default=%s', table_name, column_name, udt_name, is_nullable, column_default) AS line
        FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT 'structure', conrelid::regclass::text, format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      UNION ALL SELECT 'structure', tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT 'behaviour', tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT 'behaviour', '', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ) AS objects WHERE "table" <> 'schema_migrations' ORDER BY line`);
}
