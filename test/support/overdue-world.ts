import { SystemClock } from '../../src/shared/clock.js';
import { BillingWorld } from './billing-world.js';
import { FakeClock } from './fake-clock.js';
import { startTestApp, TEST_KEY } from './test-app.js';
import { createDatabase, type TestDatabase } from './worker-database.js';

const DAY_MS = 86_400_000;
const PERIOD_DAYS = 10;
/** Requests under way at a time while subscribing. */
const LANES = 8;

export const PERIODS_DUE = 3;

/**
 * A database in which `count` subscriptions have three unbilled periods of ten days behind them in real time, as after an
 * outage. Customer n of period p is to pay 20 for the period and 0.01 for each of n + p calls. Review windows are closed.
 */
export async function createOverdueDatabase(count: number): Promise<TestDatabase> {
  const database = await createDatabase();
  const now = new SystemClock().now();
  const day = (days: number): string => new Date(now.getTime() + days * DAY_MS).toISOString();
  const clock = new FakeClock(day(-PERIOD_DAYS * PERIODS_DUE - 5));
  const app = await startTestApp(clock, database);
  try {
    const world = new BillingWorld(app.api);
    const meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
    await world.plan({
      lookupKey: 'ten-days',
      type: 'HYBRID',
      billingInterval: 'DAY',
      intervalCount: PERIOD_DAYS,
      charges: [
        { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '20' },
        { displayName: 'Calls', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '0.01' },
      ],
    });
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (const n of numbers.filter((candidate) => candidate % LANES === lane)) {
        await world.customer(externalId(n), { email: `${externalId(n)}@example.com` });
        await world.subscribe(externalId(n), 'ten-days');
      }
    });
    await Promise.all(lanes);
    clock.set(now.toISOString());
    const calls = numbers.flatMap((n) =>
      [1, 2, 3].map((p) => ({
        meter_name: 'calls',
        customer_external_id: externalId(n),
        timestamp: day((p - PERIODS_DUE - 1) * PERIOD_DAYS),
        quantity: n + p,
      })),
    );
    const { body } = await app.rest('POST', '/api/v1/usage/batch', { events: calls });
    if (body.accepted !== calls.length) throw new Error(`Accepted ${String(body.accepted)} of ${calls.length} events.`);
    await database.sql('UPDATE organizations SET grace_minutes = 0');
  } finally {
    await app.close();
  }
  return database;
}

export const OVERDUE_KEY = TEST_KEY;

const externalId = (n: number): string => `customer-${n}`;
