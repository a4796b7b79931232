import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { BillingWorld } from '../support/billing-world.js';
import { eventually } from '../support/eventually.js';
import { startTestApp, type RestAnswer, type TestApp } from '../support/test-app.js';

const SIZE = 2_000;
const PENDING_AT_MOST = 50_000;
/** Longer than any wait for a connection lasts: how fast the machine sends and reads the batches must not matter. */
const LIMIT_MS = 180_000;

/** A database that does not get on: here because somebody holds the lock on a counter that all events go to. */
describe('more usage than can be stored', () => {
  let app: TestApp;
  let holder: pg.Client;
  beforeAll(async () => {
    app = await startTestApp();
    await new BillingWorld(app.api).meter({ name: 'calls', aggregation: 'COUNT' });
    holder = new pg.Client({ connectionString: app.database.url });
    await holder.connect();
  });
  afterAll(async () => {
    await holder.end();
    await app.close();
  });

  const send = (batch: number, size: number): Promise<RestAnswer> => {
    const events = Array.from({ length: size }, (_, index) => ({
      meter_name: 'calls',
      customer_external_id: 'ada',
      timestamp: '2026-01-01T00:00:00Z',
      idempotency_key: `${batch}-${index}`,
    }));
    return app.rest('POST', '/api/v1/usage/batch', { events });
  };

  it(
    'waits as long as there is room, is refused with 429 and Retry-After beyond, and all that was taken is counted',
    async () => {
      await send(0, 1);
      await holder.query('BEGIN');
      await holder.query('SELECT FROM usage_counters FOR UPDATE');
      const answers: RestAnswer[] = [];
      const batches = Array.from({ length: PENDING_AT_MOST / SIZE + 3 }, (_, index) =>
        send(index + 1, SIZE).then((answer) => answers.push(answer)),
      );
      await eventually('what finds no room is refused', () => answers.length >= 3, LIMIT_MS / 2);
      expect(answers.map(({ status, body, headers }) => [status, body.code, headers.get('retry-after')])).toEqual(
        Array.from({ length: 3 }, () => [429, 'RATE_LIMITED', '1']),
      );
      await holder.query('COMMIT');
      await Promise.all(batches);
      expect(answers.slice(3).map(({ status, body }) => [status, body.accepted])).toEqual(
        Array.from({ length: PENDING_AT_MOST / SIZE }, () => [200, SIZE]),
      );
      const [counter] = await app.database.sql<{ count: string }>('SELECT event_count AS count FROM usage_counters');
      expect(Number(counter.count)).toBe(PENDING_AT_MOST + 1);
      expect((await send(1, SIZE)).status).toBe(200);
    },
    LIMIT_MS,
  );
});
