import { readConfig } from './config.js';
import { migrate } from './migrate.js';

/** Brings the schema of DATABASE_URL up to date and ends: `node dist/src/migrate-command.js`. `npm start` does so by itself. */
const { databaseUrl } = readConfig();
if (databaseUrl === null) {
  console.error('Set DATABASE_URL: the embedded database is migrated by npm start.');
  process.exitCode = 1;
} else {
  await migrate(databaseUrl);
}
