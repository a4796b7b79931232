import { Logger, runMigrations } from 'graphile-worker';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';
import { applyAudit } from './platform/database/audit.js';
import { applyTenancy } from './platform/database/tenancy.js';

/** Chosen once, for ever: processes that start together migrate one after the other. */
const MIGRATION_LOCK = 7_215_000;

const SILENT = new Logger(() => () => undefined);

/**
 * Brings the database's schema up to date, what keeps tenants apart in it, and the outbox's, which is a package's and lies in a schema
 * of its own.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const dataSource = await new DataSource(dataSourceOptions(databaseUrl, 2)).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
    await runMigrations({ connectionString: databaseUrl, maxPoolSize: 1, logger: SILENT });
    await applyTenancy(lock);
    await applyAudit(lock);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}
