import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { migrate } from '../../src/migrate.js';
import { startServer, type Server } from './processes.js';

export const API_KEY = 'sk_test_benchmark_0123456789abcdef';
export const CUSTOMERS = 10_000;
export const METERS = 5;

/** The month that everything happens in: the present one, so that no limit on event times is met. */
const now = new Date(performance.timeOrigin);
export const MONTH_START = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
export const MONTH_END = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
const MONTH_MS = Math.min(performance.timeOrigin, MONTH_END.getTime()) - MONTH_START.getTime();

export interface World {
  url: string;
  db: pg.Pool;
  organizationId: string;
  meters: { id: string; token: string }[];
  customerIds: string[];
}

/** A migrated database of its own with 10,000 customers and 5 SUM meters, and an API key. */
export async function createWorld(postgres: EmbeddedPostgres): Promise<World> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  await migrate(url.toString());
  await (await startOurs(url.toString())).stop();
  const db = new pg.Pool({ connectionString: url.toString(), max: 2, options: '-c timezone=UTC' });
  db.on('error', () => undefined);
  // The baselines make no partitions.
  const month = MONTH_START.toISOString().slice(0, 7).replace('-', '_');
  await db.query(
    `CREATE TABLE usage_events_${month} PARTITION OF usage_events FOR VALUES FROM ('${MONTH_START.toISOString()}') TO ('${MONTH_END.toISOString()}')`,
  );
  const organizationId = (await db.query<{ id: string }>('SELECT id FROM organizations')).rows[0].id;
  await db.query(
    `INSERT INTO meters (organization_id, id, token, name, aggregation, created_at)
     SELECT $1, gen_random_uuid(), gen_random_uuid(), 'meter-' || i, 'SUM', now() FROM generate_series(1, ${METERS}) AS i`,
    [organizationId],
  );
  await db.query(
    `INSERT INTO customers (organization_id, id, external_id, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'customer-' || i, now(), now() FROM generate_series(1, ${CUSTOMERS}) AS i`,
    [organizationId],
  );
  const meters = (await db.query<World['meters'][number]>('SELECT id, token FROM meters ORDER BY name')).rows;
  const customers = (await db.query<{ id: string }>('SELECT id FROM customers ORDER BY length(external_id), external_id')).rows;
  return { url: url.toString(), db, organizationId, meters, customerIds: customers.map(({ id }) => id) };
}

export const startOurs = (url: string): Promise<Server> =>
  startServer('dist/src/main.js', { DATABASE_URL: url, BOOTSTRAP_API_KEY: API_KEY });

export const startBaseline = (url: string, mode: 'batch' | 'gathered' | 'single'): Promise<Server> =>
  startServer('dist/benchmarks/metering-baseline.js', { DATABASE_URL: url, MODE: mode });

let sequence = 0;

/** An event of today with a random key, of a random customer and meter. */
export function event(world: World): Record<string, unknown> {
  sequence += 1;
  const random = randomBytes(16);
  return {
    meter_token: world.meters[random[0] % METERS].token,
    customer_external_id: `customer-${1 + (random.readUInt32LE(1) % CUSTOMERS)}`,
    quantity: 1 + (random[5] % 100) / 4,
    timestamp: new Date(performance.timeOrigin + performance.now() - random.readUInt16LE(6) * 100).toISOString(),
    idempotency_key: `${random.toString('hex')}-${sequence}`,
    properties: { region: 'eu-west-1', model: `m${random[8] % 8}` },
  };
}

/**
 * Stores so many events of the month by SQL alone, with keys and counters, as ingestion would have. With `customers` 1 and
 * `meters` 1 they are all of one pair.
 */
export async function preload(world: World, count: number, customers = CUSTOMERS, meters = METERS): Promise<void> {
  const { db, organizationId } = world;
  const ids = [organizationId, world.meters.slice(0, meters).map(({ id }) => id), world.customerIds.slice(0, customers)];
  const chunk = 500_000;
  for (let stored = 0; stored < count; stored += chunk) {
    await db.query(
      `WITH made AS MATERIALIZED (
         SELECT uuidv7() AS id, gen_random_uuid() AS key, ($2::uuid[])[1 + floor(random() * ${meters})] AS meter_id,
                ($3::uuid[])[1 + floor(random() * ${customers})] AS customer_id,
                $4::timestamptz + random() * interval '${MONTH_MS} milliseconds' AS occurred_at,
                floor(random() * 100) / 4 + 1 AS value, floor(random() * 1e18)::bigint AS digest
           FROM generate_series(1, ${Math.min(chunk, count - stored)})
       ), keys AS (INSERT INTO usage_event_keys SELECT $1::uuid, key, id, digest FROM made)
       INSERT INTO usage_events (organization_id, id, meter_id, customer_id, occurred_at, received_at, digest, counted, quantity, value, properties, idempotency_key)
       SELECT $1, id, meter_id, customer_id, occurred_at, occurred_at, digest, true, value, value, '{"region": "eu-west-1", "model": "m1"}', key::text FROM made`,
      [...ids, MONTH_START],
    );
  }
  await db.query(
    `INSERT INTO usage_counters (organization_id, day, meter_id, customer_id, event_count, digests, total)
     SELECT organization_id, day, meter_id, customer_id, count(*), sum(digest), sum(value) FROM usage_events GROUP BY 1, 2, 3, 4`,
  );
  await db.query('VACUUM ANALYZE');
  await db.query('CHECKPOINT');
}
