import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  name: string;
  url: string;
  /** Runs SQL beside the product, as an independent look at what it stored. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Lets go of the connections behind `sql`, so that the database can be cloned. */
  disconnect(): Promise<void>;
  drop(): Promise<void>;
}

/** A fresh database, cloned from the migrated template, or from another database that nobody is connected to. */
export async function createDatabase(template = 'fluxrate_template'): Promise<TestDatabase> {
  const adminUrl = process.env.TEST_POSTGRES_URL;
  if (!adminUrl) throw new Error('The tests run through `npm test`, which starts Postgres for them.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const connect = (): pg.Pool => {
    const pool = new pg.Pool({ connectionString: url.toString(), max: 2, options: '-c timezone=UTC' });
    // `end` returns before the connections are closed, and the drop below may be what closes them.
    pool.on('connect', (client) => client.on('error', () => undefined));
    pool.on('error', () => undefined);
    return pool;
  };
  let pool = connect();
  return {
    name,
    url: url.toString(),
    sql: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<Row>(text, values)).rows,
    disconnect: async () => {
      await pool.end();
      pool = connect();
    },
    drop: async () => {
      await pool.end();
      await asAdmin(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
