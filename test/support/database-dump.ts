import type { TestDatabase } from './worker-database.js';

/**
 * A fingerprint of every table, so that a test can say that nothing was written. Left out is what a refused request may write:
 * when a key was last used, that somebody could not sign in.
 */
export async function dump(database: TestDatabase): Promise<Record<string, string>> {
  const tables = await database.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
        AND table_name <> 'sign_in_failures' ORDER BY 1`,
  );
  const fingerprints = tables.map(
    ({ name }) =>
      `SELECT '${name}' AS name, count(*) || ' rows ' || coalesce(md5(string_agg((to_jsonb(t) - 'last_used_at')::text, ',' ORDER BY t::text)), '') AS content FROM "${name}" t`,
  );
  const rows = await database.sql<{ name: string; content: string }>(fingerprints.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, content }) => [name, content]));
}
