import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import pg from 'pg';
import { migrate } from '../../src/migrate.js';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { API_KEY, startOurs } from './metering-world.js';

/** What benchmarks/billing-run.ts prints. */
export interface RunReport {
  done: number;
  failed: number;
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  numberingMs: number[];
}

export interface BenchDatabase {
  name: string;
  url: string;
}

/** The last full month, which is due. */
const now = new Date(performance.timeOrigin);
const monthStart = (offset: number): Date => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1));
const [PERIOD_START, PERIOD_END, NEXT_END] = [monthStart(-1), monthStart(0), monthStart(1)];

/** One fixed charge and five metered ones, each priced in another way. */
const METERS = ['calls', 'storage', 'messages', 'builds', 'users'] as const;
const PRICES: Record<(typeof METERS)[number], Record<string, unknown>> = {
  calls: { model: 'PER_UNIT', unitAmount: '0.0015', includedUnits: '10' },
  storage: {
    model: 'GRADUATED',
    tiers: [{ upTo: '100', unitAmount: '0.10' }, { upTo: '1000', unitAmount: '0.08' }, { unitAmount: '0.05' }],
  },
  messages: { model: 'PACKAGE', packageSize: '100', packageAmount: '1.25' },
  builds: { model: 'VOLUME', tiers: [{ upTo: '500', unitAmount: '0.02', flatAmount: '1' }, { unitAmount: '0.01' }] },
  users: { model: 'PER_UNIT', unitAmount: '4' },
};
export const LINES = METERS.length + 1;

/** A pair's events lie on so many days of the month. */
const DAYS = 4;
const CHUNK = 5_000;

export async function withClient<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = new pg.Client({ connectionString: url, options: '-c timezone=UTC' });
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
}

/** A database of its own, empty or a copy of another, which nobody may be connected to. */
export async function createDatabase(postgres: EmbeddedPostgres, template?: BenchDatabase): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await withClient(postgres.url, (db) => db.query(`CREATE DATABASE ${name}${template ? ` TEMPLATE ${template.name}` : ''}`));
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return { name, url: url.toString() };
}

export const dropDatabase = (postgres: EmbeddedPostgres, { name }: BenchDatabase): Promise<unknown> =>
  withClient(postgres.url, (db) => db.query(`DROP DATABASE ${name} WITH (FORCE)`));

/** So many subscriptions to one plan, each with a month to be billed and so many events of each of the five meters. */
export async function createDueDatabase(
  postgres: EmbeddedPostgres,
  subscriptions: number,
  eventsPerMeter: number,
): Promise<BenchDatabase> {
  const database = await createDatabase(postgres);
  await migrate(database.url);
  const server = await startOurs(database.url);
  try {
    await makePlan(server.port);
  } finally {
    await server.stop();
  }
  await withClient(database.url, async (db) => {
    for (let first = 1; first <= subscriptions; first += CHUNK) {
      const last = Math.min(subscriptions, first + CHUNK - 1);
      await subscribe(db, first, last);
      await use(db, first, last, eventsPerMeter);
    }
    // Not the tables that are still empty: vacuumed so, they would be planned as if they stayed it.
    await db.query(
      'VACUUM ANALYZE customers, subscriptions, subscription_entries, usage_events, usage_counters, usage_counter_members',
    );
    await db.query('CHECKPOINT');
  });
  return database;
}

async function makePlan(port: number): Promise<void> {
  const graphql = async (query: string, input: object): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
      body: JSON.stringify({ query, variables: { input } }),
    });
    const { data, errors } = (await answer.json()) as { data?: { made: { id: string } }; errors?: { message: string }[] };
    if (!data || errors) throw new Error(errors?.[0]?.message ?? 'No data.');
    return data.made.id;
  };
  const charges: object[] = [{ displayName: 'Base', type: 'FIXED', billingTiming: 'IN_ARREARS', model: 'FLAT', amount: '20' }];
  for (const name of METERS) {
    const unique = { aggregation: 'UNIQUE_COUNT', valueProperty: 'user' };
    const meterId = await graphql('mutation ($input: CreateMeterInput!) { made: createMeter(input: $input) { id } }', {
      name,
      ...(name === 'users' ? unique : { aggregation: 'SUM' }),
    });
    charges.push({ displayName: name, type: 'USAGE', meterId, ...PRICES[name] });
  }
  await graphql('mutation ($input: CreatePlanInput!) { made: createPlan(input: $input) { id } }', {
    lookupKey: 'bench',
    name: 'Bench',
    type: 'HYBRID',
    billingInterval: 'MONTH',
    currency: 'USD',
    charges,
  });
}

/** Customers, and subscriptions to the one plan that began with the last full month. */
async function subscribe(db: pg.Client, first: number, last: number): Promise<void> {
  await db.query(
    `WITH made AS (
       INSERT INTO customers (organization_id, id, external_id, created_at, updated_at)
       SELECT o.id, uuidv7(), 'customer-' || i, $3, $3 FROM organizations o, generate_series($1::int, $2::int) AS i RETURNING organization_id, id
     ), subscribed AS (
       INSERT INTO subscriptions (organization_id, id, customer_id, plan_id, status, alignment, proration, time_zone, started_at,
                                  current_period_start, current_period_end, due_at, created_at)
       SELECT m.organization_id, uuidv7(), m.id, p.id, 'ACTIVE', 'ANNIVERSARY', 'DAY', 'UTC', $3, $3, $4, $4, $3
         FROM made m JOIN plans p ON p.organization_id = m.organization_id RETURNING organization_id, id, plan_id
     )
     INSERT INTO subscription_entries (organization_id, id, subscription_id, sequence, kind, effective_at, plan_id, proration, recorded_at)
     SELECT organization_id, uuidv7(), id, 1, 'PLAN', $3, plan_id, 'DAY', $3 FROM subscribed`,
    [first, last, PERIOD_START, PERIOD_END],
  );
}

/** Events and their counters, by SQL alone, as ingestion would have stored them. */
async function use(db: pg.Client, first: number, last: number, eventsPerMeter: number): Promise<void> {
  const month = PERIOD_START.toISOString().slice(0, 7).replace('-', '_');
  await db.query(
    `CREATE TABLE IF NOT EXISTS usage_events_${month} PARTITION OF usage_events
       FOR VALUES FROM ('${PERIOD_START.toISOString()}') TO ('${PERIOD_END.toISOString()}')`,
  );
  await db.query(
    `INSERT INTO usage_events (organization_id, id, meter_id, customer_id, occurred_at, received_at, digest, counted, quantity, value, member, properties)
     SELECT c.organization_id, uuidv7(), m.id, c.id, e.at, e.at, floor(random() * 1e18)::bigint, true,
            CASE WHEN m.aggregation = 'SUM' THEN 1 + (e.n * 7 % 90) / 4.0 END, CASE WHEN m.aggregation = 'SUM' THEN 1 + (e.n * 7 % 90) / 4.0 END,
            CASE WHEN m.aggregation = 'UNIQUE_COUNT' THEN 'user-' || e.n % 7 END, '{}'
       FROM customers c JOIN meters m ON m.organization_id = c.organization_id
      CROSS JOIN LATERAL (SELECT n, $3::timestamptz + make_interval(days => 3 + n % ${DAYS} * 6, mins => n) AS at FROM generate_series(1, $4::int) AS n) AS e
      WHERE split_part(c.external_id, '-', 2)::int BETWEEN $1 AND $2`,
    [first, last, PERIOD_START, eventsPerMeter],
  );
  const added = `e.customer_id = ANY (ARRAY(SELECT id FROM customers WHERE split_part(external_id, '-', 2)::int BETWEEN $1 AND $2))`;
  await db.query(
    `INSERT INTO usage_counters (organization_id, day, meter_id, customer_id, event_count, digests, total)
     SELECT organization_id, day, meter_id, customer_id, count(*), sum(digest), sum(value) FROM usage_events e WHERE ${added} GROUP BY 1, 2, 3, 4`,
    [first, last],
  );
  await db.query(
    `INSERT INTO usage_counter_members (organization_id, day, meter_id, customer_id, member_hash)
     SELECT DISTINCT organization_id, day, meter_id, customer_id, usage_member_hash(member) FROM usage_events e WHERE ${added} AND member IS NOT NULL`,
    [first, last],
  );
}

/** One run as a process of its own; fails when anything was left undone. */
export async function runWorker(database: BenchDatabase, task: 'generate' | 'finalize', expected: number): Promise<RunReport> {
  const env = { PATH: '/usr/bin:/bin', DATABASE_URL: database.url };
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/benchmarks/billing-run.js', task], {
    env,
    maxBuffer: 1 << 26,
  });
  const report = JSON.parse(stdout) as RunReport;
  if (report.done !== expected || report.failed > 0)
    throw new Error(`Did ${report.done} of ${expected}, failed ${report.failed}.`);
  return report;
}

export { NEXT_END, PERIOD_END, PERIOD_START };
