import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { FluxrateProcess } from '../support/fluxrate-process.js';
import { expectEverythingBilledOnce, look, SOUND } from '../support/overdue-books.js';
import { createOverdueDatabase, PERIODS_DUE } from '../support/overdue-world.js';
import { seededRandom } from '../support/seeded-random.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

/** More than one process claims at a time: two chunks of 200. */
const SUBSCRIPTIONS = 420;
const CHUNKS_AT_A_TIME = 2;
/** On a machine with nothing else to do, each test takes a third of this. */
const LIMIT_MS = 240_000;

const everythingNumbered = (database: TestDatabase): Promise<void> =>
  eventually('all is billed and numbered', async () => (await look(database)).numbered === SUBSCRIPTIONS * PERIODS_DUE, LIMIT_MS);

describe('a billing run of 420 subscriptions, three periods behind', () => {
  let seeded: TestDatabase;
  let database: TestDatabase;
  const running: FluxrateProcess[] = [];

  const start = (): FluxrateProcess => {
    const fluxrate = new FluxrateProcess({ DATABASE_URL: database.url, LOG_LEVEL: 'warn', OUTBOX_ENABLED: 'false' });
    running.push(fluxrate);
    return fluxrate;
  };

  beforeAll(async () => {
    seeded = await createOverdueDatabase(SUBSCRIPTIONS);
    await seeded.disconnect();
  });
  afterAll(() => seeded.drop());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((fluxrate) => fluxrate.stop('SIGKILL')));
    await database.drop();
  });

  it(
    'bills everything once, however often its process is killed',
    async () => {
      database = await createDatabase(seeded.name);
      const random = seededRandom();
      const seen: string[] = [];
      const runsBegun = async (): Promise<number> => (await database.sql('SELECT FROM worker_runs')).length;
      for (const [aim, limitMs] of [
        ['the run begins', 250],
        ['the run begins', 250],
        ['a chunk is drafted', 250],
        ['a chunk is drafted', 250],
        ['an invoice is numbered', 250],
        ['an invoice is numbered', 250],
      ] as const) {
        const [runs, before] = [await runsBegun(), await look(database)];
        const fluxrate = start();
        await eventually(aim, async () => {
          if (aim === 'the run begins') return (await runsBegun()) > runs;
          const { drafted, numbered } = await look(database);
          // A fast machine may have had the time to do it all before the last kill.
          if (numbered === SUBSCRIPTIONS * PERIODS_DUE) return true;
          return aim === 'a chunk is drafted' ? drafted > before.drafted : numbered > before.numbered;
        });
        const delayMs = random(limitMs);
        await sleep(delayMs);
        expect(await fluxrate.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        const { drafted, numbered, ...rest } = await look(database);
        seen.push(`killed ${delayMs} ms after ${aim}: ${drafted} drafted, ${numbered} numbered`);
        expect(rest).toEqual(SOUND);
      }
      console.log(seen.join('\n'));
      start();
      await everythingNumbered(database);
      await expectEverythingBilledOnce(database, SUBSCRIPTIONS);
    },
    LIMIT_MS,
  );

  it(
    'ends in good order when its process is asked to stop: the chunk in hand is finished, no other begun',
    async () => {
      database = await createDatabase(seeded.name);
      const fluxrate = start();
      await eventually('a chunk is drafted', async () => (await look(database)).drafted > 0);
      expect(await fluxrate.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      const { drafted, numbered, ...rest } = await look(database);
      expect({ numbered, ...rest }).toEqual({ numbered: 0, ...SOUND });
      const runs = await database.sql(
        'SELECT worker, done AS billed, failed, error, finished_at IS NOT NULL AS finished FROM worker_runs',
      );
      expect(runs).toEqual([{ worker: 'invoice_generator', billed: drafted, failed: 0, error: null, finished: true }]);
      expect(fluxrate.log).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'bills everything once when two processes run at a time, and both take part',
    async () => {
      database = await createDatabase(seeded.name);
      const barrier = new pg.Client({ connectionString: database.url });
      await barrier.connect();
      await barrier.query('BEGIN');
      await barrier.query('LOCK TABLE subscriptions IN EXCLUSIVE MODE');
      const processes = [start(), start()];
      await eventually('both want to claim', async () => {
        const { rowCount } = await barrier.query(
          'SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND relation = $1::regclass',
          ['subscriptions'],
        );
        return rowCount === processes.length * CHUNKS_AT_A_TIME;
      });
      await barrier.query('COMMIT');
      await barrier.end();
      await everythingNumbered(database);
      await expectEverythingBilledOnce(database, SUBSCRIPTIONS);
      await Promise.all(processes.map((fluxrate) => fluxrate.stop()));
      const shares = await database.sql<{ worker: string; billed: number; failed: number }>(
        'SELECT worker, done AS billed, failed FROM worker_runs ORDER BY worker, done',
      );
      console.log(shares.map(({ worker, billed }) => `${worker}: ${billed}`).join(', '));
      const generated = shares.filter(({ worker }) => worker === 'invoice_generator');
      expect(generated).toHaveLength(2);
      expect(generated[0].billed + generated[1].billed).toBe(SUBSCRIPTIONS * PERIODS_DUE);
      expect(generated[0].billed).toBeGreaterThan(0);
      expect(shares.every(({ failed }) => failed === 0)).toBe(true);
    },
    LIMIT_MS,
  );
});
