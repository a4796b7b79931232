import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/platform/database/embedded-postgres.js';

/** One embedded Postgres for the whole run, with a migrated template that every test file clones. */
export default async function globalSetup() {
  const dataDir = await mkdtemp(join(tmpdir(), 'fluxrate-test-'));
  // Root's server runs as another account, which has to enter: else the cluster would be placed elsewhere and stay there.
  await chmod(dataDir, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => undefined, settings: { max_connections: '300' } });
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query('CREATE DATABASE fluxrate_template');
  await admin.end();
  // In a process of its own: what this one loads would be seen by the tests, from another realm.
  execFileSync(process.execPath, ['dist/src/migrate-command.js'], {
    env: { ...process.env, DATABASE_URL: databaseUrl(postgres.url, 'fluxrate_template') },
  });
  process.env.TEST_POSTGRES_URL = postgres.url;
  globalThis.testPostgres = { postgres, dataDir };
}

const databaseUrl = (url, name) => {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
};
