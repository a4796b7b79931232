import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { FluxrateProcess, WITH_STATEMENT_HOOK } from '../support/fluxrate-process.js';
import { expectEverythingBilledOnce, look, SOUND } from '../support/overdue-books.js';
import { createOverdueDatabase, PERIODS_DUE } from '../support/overdue-world.js';
import { seededRandom } from '../support/seeded-random.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

const FULL = process.env.FAULT_SIZE === 'full';
const SUBSCRIPTIONS = FULL ? 1_000 : 30;
const KILLS = FULL ? 100 : 4;
/** So many kills hit a run, from its beginning to its end, before another run is taken. */
const KILLS_A_RUN = FULL ? 10 : 4;
/** Between which statements of a process it is hit, counted from the beginning of its work. */
const REACH = FULL ? 120 : 80;
const LIMIT_MS = FULL ? 3_600_000 : 240_000;
const RESUMED_WITHIN_MS = 5_000;

/** SIGKILL right before a statement, whichever it is, and every second time right before a COMMIT: the moments at which anything could be half done. */
describe('a billing run that is killed at any statement', () => {
  let seeded: TestDatabase;
  let database: TestDatabase;
  let running: FluxrateProcess | null = null;
  beforeAll(async () => {
    seeded = await createOverdueDatabase(SUBSCRIPTIONS);
    await seeded.disconnect();
  }, LIMIT_MS);
  afterAll(() => seeded.drop());
  afterEach(async () => {
    await running?.stop('SIGKILL');
    await database.drop();
  });

  const all = SUBSCRIPTIONS * PERIODS_DUE;
  const start = (fault: Record<string, string> = {}): FluxrateProcess => {
    const environment = { DATABASE_URL: database.url, LOG_LEVEL: 'warn', OUTBOX_ENABLED: 'false', GRAPHIQL_ENABLED: 'false' };
    return (running = new FluxrateProcess({ ...environment, ...fault }, WITH_STATEMENT_HOOK));
  };
  const runsBegun = async (): Promise<number> => (await database.sql('SELECT FROM worker_runs')).length;

  /** Lets a process work undisturbed; how long after its first run had begun something more was committed. */
  const resume = async (): Promise<number> => {
    const [runs, before] = [await runsBegun(), await look(database)];
    start();
    await eventually('a run begins', async () => (await runsBegun()) > runs);
    const began = performance.now();
    await eventually('work is done', async () => {
      const { drafted, numbered } = await look(database);
      return drafted + numbered > before.drafted + before.numbered || before.numbered === all;
    });
    return performance.now() - began;
  };

  it(
    `loses nothing and does nothing twice (${KILLS} kills)`,
    async () => {
      const random = seededRandom();
      const seen: string[] = [];
      for (let kills = 0; kills < KILLS;) {
        database = await createDatabase(seeded.name);
        for (let count = 0; count < KILLS_A_RUN && kills < KILLS; count += 1) {
          const beforeCommit = kills % 2 === 1;
          const at = 1 + random(beforeCommit ? Math.ceil(REACH / 8) : REACH);
          const match: Record<string, string> = beforeCommit ? { FAULT_MATCH: '^COMMIT' } : {};
          const victim = start({ FAULT_AT: String(at), FAULT_SIGNAL: 'SIGKILL', ...match });
          // Where less was left to do than that, it is killed afterwards.
          await eventually('its end', async () => victim.hasEnded || (await look(database)).numbered === all, 120_000);
          expect(await victim.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
          const { drafted, numbered, ...rest } = await look(database);
          expect(rest).toEqual(SOUND);
          seen.push(`${beforeCommit ? 'COMMIT' : 'statement'} ${at}: ${drafted} drafted, ${numbered} numbered`);
          kills += 1;
        }
        const resumedMs = await resume();
        seen.push(`resumed after ${Math.round(resumedMs)} ms`);
        expect(resumedMs).toBeLessThan(RESUMED_WITHIN_MS);
        await eventually('all is billed and numbered', async () => (await look(database)).numbered === all, 120_000);
        await running?.stop('SIGKILL');
        await expectEverythingBilledOnce(database, SUBSCRIPTIONS);
        if (kills < KILLS) await database.drop();
      }
      console.log(seen.join('\n'));
    },
    LIMIT_MS,
  );
});
