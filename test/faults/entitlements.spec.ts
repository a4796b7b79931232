import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemClock } from '../../src/shared/clock.js';
import { FluxrateProcess } from '../support/fluxrate-process.js';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { TEST_KEY } from '../support/test-app.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

const PROCESSES = 3;
const CLIENTS = 64;
const ROUNDS = process.env.FAULT_SIZE === 'full' ? 100 : 8;

/** Three processes of the product on one database, asked in turn. */
describe('entitlements across processes', () => {
  let database: TestDatabase;
  const processes: FluxrateProcess[] = [];
  const urls: string[] = [];
  let worlds: EntitlementWorld[];
  let featureId: string;
  beforeAll(async () => {
    database = await createDatabase();
    for (let number = 0; number < PROCESSES; number += 1) {
      const process = new FluxrateProcess({
        DATABASE_URL: database.url,
        DATABASE_POOL_SIZE: '8',
        BOOTSTRAP_API_KEY: TEST_KEY,
        SCHEDULER_ENABLED: 'false',
        LOG_LEVEL: 'error',
      });
      processes.push(process);
      urls.push(await process.ready());
    }
    worlds = urls.map((url) => new EntitlementWorld(new GraphqlClient(url, TEST_KEY)));
    featureId = await worlds[0].meterFeature('calls');
    await worlds[0].planWith('small', [{ featureId, limit: '10', resetPeriod: 'MONTH' }]);
    await worlds[0].planWith('large', [{ featureId, limit: '20', resetPeriod: 'MONTH' }]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await database.drop();
  });

  const now = (): string => new SystemClock().now().toISOString();

  it('each sees at its next check what any has accepted: usage, plans, grants, overrides', async () => {
    const seen = async (customer: string): Promise<Set<string>> =>
      new Set(await Promise.all(worlds.map(async (world) => (await world.told(customer, 'calls')).replace(/, until.*/, ''))));
    for (let round = 0; round < ROUNDS; round += 1) {
      const [a, b, c] = [0, 1, 2].map((offset) => worlds[(round + offset) % PROCESSES]);
      const customer = `fresh-${round}`;
      const customerId = await a.customer(customer);
      expect(await seen(customer)).toEqual(new Set(['(NO_ACTIVE_SUBSCRIPTION) 0/0, 0 left']));
      const subscription = await a.subscribe(customer, 'small');
      expect(await seen(customer)).toEqual(new Set(['GRANTED 0/10, 10 left']));
      await b.use('calls', customer, now(), '4');
      expect(await seen(customer)).toEqual(new Set(['GRANTED 4/10, 6 left']));
      await c.changePlan(subscription, { planId: await c.planId('large'), timing: 'IMMEDIATE' });
      expect(await seen(customer)).toEqual(new Set(['GRANTED 4/20, 16 left']));
      await a.grant({ customerId, featureId, amount: '5' });
      expect(await seen(customer)).toEqual(new Set(['GRANTED 4/25, 21 left']));
      await b.override({ customerId, featureId, limit: '1', resetPeriod: 'MONTH' });
      // 4 used: 1 by the limit, 3 of 5 by the grant.
      expect(await seen(customer)).toEqual(new Set(['GRANTED 4/6, 2 left']));
      await c.pause(subscription);
      await b.use('calls', customer, now(), '2');
      expect(await seen(customer)).toEqual(new Set(['(LIMIT_REACHED) 6/6, 0 left']));
    }
  }, 300_000);

  it(`consume never more than the limit, ${CLIENTS} clients at once`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const customer = `race-${round}`;
      const customerId = await worlds[0].customer(customer);
      await worlds[0].subscribe(customer, 'small');
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, index) => {
          const response = await fetch(`${urls[index % PROCESSES]}/api/v1/entitlements/consume`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-api-key': TEST_KEY },
            body: JSON.stringify({
              customer_external_id: customer,
              feature: 'calls',
              quantity: 0.7,
              idempotency_key: `${customer}-${index % 60}`,
            }),
          });
          return (await response.json()) as { allowed: boolean; used: string; event_id: string | null };
        }),
      );
      // 14 × 0.7 = 9.8. Four keys are sent twice, to two processes: who was allowed once is allowed again.
      const allowed = answers.filter((answer) => answer.allowed);
      expect(new Set(allowed.map((answer) => answer.event_id)).size).toBe(14);
      const [{ total, events }] = await database.sql<{ total: string; events: string }>(
        'SELECT sum(value)::text AS total, count(*) AS events FROM usage_events WHERE customer_id = $1',
        [customerId],
      );
      expect({ total, events }).toEqual({ total: '9.8', events: '14' });
      // Whoever was refused had seen at least 9.3 used or held: nobody is sent away while there is room.
      for (const answer of answers) if (!answer.allowed) expect(Number(answer.used)).toBeGreaterThan(9.3);
    }
  }, 300_000);
});
