import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { BILLING_WORKER, FluxrateProcess } from '../support/fluxrate-process.js';
import { expectEverythingBilledOnce, look } from '../support/overdue-books.js';
import { createOverdueDatabase, PERIODS_DUE } from '../support/overdue-world.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

const FULL = process.env.FAULT_SIZE === 'full';
const SUBSCRIPTIONS = FULL ? 1_000 : 30;
/** Those that do everything a scheduler does, and those that only bill. */
const [SCHEDULERS, WORKERS] = FULL ? [3, 4] : [1, 1];
const ROUNDS = FULL ? 20 : 2;
const FROZEN_MS = FULL ? 30_000 : 500;
const LIMIT_MS = FULL ? 3_600_000 : 240_000;

/** Processes that work off the same due set, over and over, while one of them is stopped with a chunk that is all but committed. */
describe('several processes that bill at a time, one of them frozen', () => {
  let seeded: TestDatabase;
  let database: TestDatabase;
  const running: FluxrateProcess[] = [];
  beforeAll(async () => {
    seeded = await createOverdueDatabase(SUBSCRIPTIONS);
    await seeded.disconnect();
  }, LIMIT_MS);
  afterAll(() => seeded.drop());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((worker) => worker.stop('SIGKILL')));
    await database.drop();
  });

  const all = SUBSCRIPTIONS * PERIODS_DUE;
  const start = (environment: Record<string, string> = {}): FluxrateProcess => {
    const worker = new FluxrateProcess({ DATABASE_URL: database.url, ...environment }, BILLING_WORKER);
    running.push(worker);
    return worker;
  };
  const isFrozen = ({ pid }: FluxrateProcess): boolean => /^\d+ \(.*\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const numbered = async (): Promise<number> => (await look(database)).numbered;
  const runsOf = async (): Promise<number> => (await database.sql('SELECT FROM worker_runs')).length;

  it.each(Array.from({ length: ROUNDS }, (_, round) => [round + 1, round % 2 === 0] as const))(
    'round %i: each period once (the frozen one loses its connection: %j)',
    async (_round, isCutOff) => {
      database = await createDatabase(seeded.name);
      // The last statement of a chunk that has been billed.
      const fault = { FAULT_AT: '1', FAULT_MATCH: 'INSERT INTO worker_run_shares', FAULT_SIGNAL: 'SIGSTOP' };
      const frozen = start({ ...fault, SCANS_OVERDUE: 'true' });
      await eventually('it is frozen', () => isFrozen(frozen));
      for (let count = 1; count < SCHEDULERS; count += 1) start({ SCANS_OVERDUE: 'true' });
      for (let count = 0; count < WORKERS; count += 1) start();
      const before = await runsOf();
      // Two rounds of every other process at least, and nothing that is in nobody's hands is left.
      await eventually('the others work', async () => (await runsOf()) > before + 4 * (SCHEDULERS + WORKERS), 120_000);
      await sleep(FROZEN_MS);
      const held = all - (await numbered());
      expect(held).toBeGreaterThan(0);
      if (isCutOff) {
        // As Postgres does by itself with a claim that is idle for a minute.
        await database.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'idle in transaction' AND now() - state_change > interval '400 milliseconds'`,
        );
        await eventually('the others take over', async () => (await numbered()) === all, 120_000);
      }
      frozen.signal('SIGCONT');
      await eventually('all is billed and numbered', async () => (await numbered()) === all, 120_000);
      const woken = await runsOf();
      await eventually('it goes on with the others', async () => (await runsOf()) > woken + 4 * (SCHEDULERS + WORKERS), 120_000);
      expect(running.filter(({ hasEnded }) => hasEnded)).toEqual([]);
      await expectEverythingBilledOnce(database, SUBSCRIPTIONS);
    },
    LIMIT_MS,
  );
});
