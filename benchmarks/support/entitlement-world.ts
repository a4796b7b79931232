import { MONTH_START, preload, createWorld, startOurs, type World } from './metering-world.js';
import { startServer, type Server } from './processes.js';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';

export const FEATURES = 100;
/** Customers that requests are about: fewer than there are, so that short runs are about them again and again. */
const ACTIVE = 1_000;
/** Beyond what any run uses. */
const LIMIT = 1_000_000_000;

/**
 * A world of metering in which every customer is subscribed, since some days and hours ago, to a plan with 100 METER features that reset
 * by month; so that windows cut days in two. The first five count by the meters that have events.
 */
export async function createEntitledWorld(postgres: EmbeddedPostgres, events: number): Promise<World> {
  const world = await createWorld(postgres);
  const { db, organizationId } = world;
  const owner = [organizationId];
  await db.query(
    `INSERT INTO meters (organization_id, id, token, name, aggregation, created_at)
     SELECT $1, gen_random_uuid(), gen_random_uuid(), 'meter-' || i, 'SUM', now() FROM generate_series(6, ${FEATURES}) AS i`,
    owner,
  );
  await db.query(
    `INSERT INTO features (organization_id, id, lookup_key, name, type, meter_id, created_at)
     SELECT organization_id, gen_random_uuid(), replace(name, 'meter', 'feature'), name, 'METER', id, now() FROM meters`,
  );
  await db.query(
    `INSERT INTO plans (organization_id, id, lookup_key, version, name, type, billing_interval, interval_count, currency, trial_days, created_at)
     VALUES ($1, gen_random_uuid(), 'plan', 1, 'Plan', 'FIXED', 'MONTH', 1, 'USD', 0, now())`,
    owner,
  );
  await db.query(
    `INSERT INTO plan_features (organization_id, id, plan_id, feature_id, enabled, usage_limit, reset_period)
     SELECT p.organization_id, gen_random_uuid(), p.id, f.id, true, ${LIMIT}, 'MONTH' FROM plans p, features f`,
  );
  await db.query(
    `WITH made AS (
       INSERT INTO subscriptions (organization_id, id, customer_id, plan_id, status, alignment, proration, time_zone, started_at, current_period_start,
                                  current_period_end, created_at)
       SELECT c.organization_id, gen_random_uuid(), c.id, p.id, 'ACTIVE', 'ANNIVERSARY', 'DAY', 'UTC', s.at, s.at, s.at + interval '1 month', s.at
         FROM customers c, plans p, LATERAL (SELECT date_trunc('second', $1::timestamptz + random() * interval '20 days') AS at WHERE c.id IS NOT NULL) AS s
       RETURNING organization_id, id, plan_id, started_at)
     INSERT INTO subscription_entries (organization_id, id, subscription_id, sequence, kind, effective_at, plan_id, proration, recorded_at)
     SELECT organization_id, gen_random_uuid(), id, 1, 'PLAN', started_at, plan_id, 'DAY', started_at FROM made`,
    [MONTH_START],
  );
  await db.query(
    `CREATE TABLE bench_allowances (customer text, feature text, used numeric NOT NULL, usage_limit numeric NOT NULL, PRIMARY KEY (customer, feature))
       WITH (fillfactor = 75)`,
  );
  await db.query(
    `INSERT INTO bench_allowances SELECT c.external_id, 'feature-' || i, 0, ${LIMIT} FROM customers c, generate_series(1, 5) AS i`,
  );
  await preload(world, events);
  return world;
}

export const startBare = (url: string, mode: 'memory' | 'row' | 'update'): Promise<Server> =>
  startServer('dist/benchmarks/entitlement-baseline.js', { DATABASE_URL: url, MODE: mode });

export { startOurs };

/** One of the customers at random. */
export const someCustomer = (): string => `customer-${1 + Math.floor(Math.random() * ACTIVE)}`;
export const someFeature = (): string => `feature-${1 + Math.floor(Math.random() * 5)}`;
