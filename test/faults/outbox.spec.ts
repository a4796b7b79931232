import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { eventually } from '../support/eventually.js';
import { FluxrateProcess } from '../support/fluxrate-process.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { MailServer } from '../support/mail-server.js';
import { createDatabase, type TestDatabase } from '../support/worker-database.js';

const KEY = 'sk_test_0123456789abcdefghijklmnop';

/** Real processes, a real mail server, and signals. */
describe('the outbox', () => {
  let server: MailServer;
  let database: TestDatabase;
  const running: FluxrateProcess[] = [];
  beforeAll(async () => {
    server = await MailServer.start();
  });
  beforeEach(async () => {
    server.mails.length = 0;
    server.attempts = 0;
    server.behaviour = null;
    database = await createDatabase();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((fluxrate) => fluxrate.stop('SIGKILL')));
    await database.drop();
  });
  afterAll(() => server.close());

  const start = (environment: Record<string, string> = {}): FluxrateProcess => {
    const fluxrate = new FluxrateProcess({
      DATABASE_URL: database.url,
      BOOTSTRAP_API_KEY: KEY,
      SCHEDULER_ENABLED: 'false',
      SMTP_URL: `smtp://127.0.0.1:${server.port}`,
      MAIL_FROM: 'billing@acme.example',
      ...environment,
    });
    running.push(fluxrate);
    return fluxrate;
  };

  /** Finalizes an invoice of 30 for each of `count` customers with an address. */
  const finalize = async (url: string, count = 1): Promise<void> => {
    const world = new BillingWorld(new GraphqlClient(url, KEY));
    const charge = { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '30', billingTiming: 'IN_ADVANCE' };
    await world.plan({ lookupKey: 'base', type: 'FIXED', charges: [charge] });
    for (let n = 1; n <= count; n += 1) {
      await world.customer(`customer-${n}`, { email: `customer-${n}@example.com` });
      const [{ id }] = await world.invoices(await world.subscribe(`customer-${n}`, 'base'));
      await world.finalize(id);
    }
  };

  const statuses = async (): Promise<string[]> =>
    (await database.sql<{ status: string }>('SELECT status FROM emails ORDER BY id')).map(({ status }) => status);
  const jobs = async (): Promise<number> => (await database.sql('SELECT id FROM graphile_worker.jobs')).length;

  it('sends by itself, within a second or two of the commit, and leaves no job behind', async () => {
    const fluxrate = start();
    await finalize(await fluxrate.ready(), 3);
    await eventually('all are sent', async () => (await statuses()).every((status) => status === 'SENT'), 10_000);
    expect(server.mails.map(({ recipients }) => recipients[0]).sort()).toEqual([1, 2, 3].map((n) => `customer-${n}@example.com`));
    await eventually('no job is left', async () => (await jobs()) === 0, 5_000);
  });

  it('killed while the server thinks: another process frees the job and sends it, under the same Message-ID', async () => {
    server.behaviour = 'hang';
    const first = start();
    await finalize(await first.ready());
    await eventually('the mail is under way', () => server.attempts === 1);
    await first.stop('SIGKILL');
    expect(await statuses()).toEqual(['PENDING']);
    server.behaviour = null;
    await start().ready();
    // The dead worker's job is left alone for 15 s and looked for every 15 s; its queue alone would wait for four hours.
    await eventually('it is sent', async () => (await statuses())[0] === 'SENT', 45_000);
    expect(server.attempts).toBe(2);
    expect(server.mails).toHaveLength(1);
  });

  it('does not take a job from a process that lives, however slow it is', async () => {
    server.behaviour = 'hang';
    const first = start();
    await finalize(await first.ready());
    await eventually('the mail is under way', () => server.attempts === 1);
    await database.sql(`UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '1 hour'`);
    await start().ready();
    const [{ locked_by: worker }] = await database.sql<{ locked_by: string }>('SELECT locked_by FROM graphile_worker.jobs');
    await sleep(17_000);
    expect(await database.sql('SELECT locked_by FROM graphile_worker.jobs')).toEqual([{ locked_by: worker }]);
    expect(server.attempts).toBe(1);
  });

  it('asked to stop while the server thinks: ends in time, and the mail waits for the next start', async () => {
    server.behaviour = 'hang';
    const first = start();
    await finalize(await first.ready());
    await eventually('the mail is under way', () => server.attempts === 1);
    const began = performance.now();
    expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(first.stderr).toEqual([]);
    expect(await database.sql('SELECT status, attempts FROM emails')).toEqual([{ status: 'PENDING', attempts: 1 }]);
    expect(await database.sql('SELECT locked_by FROM graphile_worker.jobs')).toEqual([{ locked_by: null }]);
  });

  it('works on without its database for a while', async () => {
    const fluxrate = start();
    const url = await fluxrate.ready();
    for (let round = 0; round < 3; round += 1) {
      await database.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      await sleep(300);
    }
    await finalize(url);
    await eventually('it is sent', async () => (await statuses())[0] === 'SENT');
    expect(server.mails).toHaveLength(1);
  });

  it('OUTBOX_ENABLED=false: the mail waits for a process that sends', async () => {
    const silent = start({ OUTBOX_ENABLED: 'false' });
    await finalize(await silent.ready());
    await sleep(3_000);
    expect([await statuses(), server.attempts]).toEqual([['PENDING'], 0]);
    await start().ready();
    await eventually('it is sent', async () => (await statuses())[0] === 'SENT');
  });
});
