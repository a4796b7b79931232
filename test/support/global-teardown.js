import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  await globalThis.testPostgres.postgres.stop();
  await rm(globalThis.testPostgres.dataDir, { recursive: true, force: true });
}
