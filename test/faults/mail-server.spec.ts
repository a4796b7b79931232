import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { emailsOf, openInvoice, retryNow, sellBase, summary } from '../support/emails.js';
import { FakeClock } from '../support/fake-clock.js';
import { MailServer } from '../support/mail-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'canary-of-the-password';

describe('mail and a server that fails', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  const logged: string[] = [];
  let app: TestApp;
  let server: MailServer;
  let customers = 0;
  beforeAll(async () => {
    server = await MailServer.start();
    app = await startTestApp(clock, undefined, {
      mail: { smtpUrl: `smtp://acme:${PASSWORD}@127.0.0.1:${server.port}?socketTimeout=1000`, from: 'billing@acme.example' },
      logger: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
    });
    await sellBase(app);
  });
  beforeEach(() => {
    server.mails.length = 0;
    server.attempts = 0;
    server.behaviour = null;
    clock.set('2026-01-01T00:00:00Z');
  });
  afterEach(() => expect([...logged].join('')).not.toContain(PASSWORD));
  afterAll(async () => {
    await app.close();
    await server.close();
  });

  const open = (customer: Record<string, unknown> = {}): Promise<string> =>
    openInvoice(app, `customer-${(customers += 1)}`, { email: 'ada@example.com', ...customer });

  it.each([
    ['hangs', 'hang' as const],
    ['hangs up before it has answered', 'drop' as const],
    ['has no room now', { stage: 'recipient' as const, code: 452 }],
    ['is busy', { stage: 'message' as const, code: 451 }],
  ])('%s: the mail waits, is tried again and delivered once', async (_, behaviour) => {
    const id = await open();
    server.behaviour = behaviour;
    await app.outbox.runDue();
    const [first] = await emailsOf(app, id);
    expect(first).toMatchObject({ status: 'PENDING', attempts: 1, lastError: expect.stringMatching(/./), sentAt: null });
    await app.outbox.runDue();
    expect((await emailsOf(app, id))[0].attempts).toBe(1);
    server.behaviour = null;
    await retryNow(app);
    await retryNow(app);
    const [second] = await emailsOf(app, id);
    expect(second).toMatchObject({ status: 'SENT', attempts: 2, lastError: null, messageId: first.messageId });
    expect(server.mails.map((mail) => mail.header('Message-ID'))).toEqual([first.messageId]);
  });

  it('is not there: finalizing does not notice, the mail goes out when it is back', async () => {
    const { port } = server;
    await server.close();
    const id = await open();
    await app.outbox.runDue();
    expect((await emailsOf(app, id))[0]).toMatchObject({
      status: 'PENDING',
      lastError: expect.stringContaining('ECONNREFUSED'),
    });
    await server.listen(port);
    await retryNow(app);
    expect((await emailsOf(app, id))[0].status).toBe('SENT');
    expect(server.mails).toHaveLength(1);
  });

  it('does not know the password, and repeats it: that is a setting to be corrected; it is written nowhere', async () => {
    const id = await open();
    server.behaviour = 'deny';
    await app.outbox.runDue();
    const [email] = await emailsOf(app, id);
    expect(email).toMatchObject({
      status: 'PENDING',
      attempts: 1,
      lastError: expect.stringContaining('acme may not enter with …'),
    });
    const rows = await app.database.sql<{ text: string }>(
      'SELECT e::text FROM emails e UNION ALL SELECT j::text FROM graphile_worker.jobs j',
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(JSON.stringify(rows)).not.toContain(PASSWORD);
    server.behaviour = null;
    await retryNow(app);
    expect((await emailsOf(app, id))[0].status).toBe('SENT');
  });

  it('takes the mail and hangs up: it is sent again, and can be told by its Message-ID', async () => {
    const id = await open();
    server.behaviour = 'take and drop';
    await app.outbox.runDue();
    server.behaviour = null;
    await retryNow(app);
    const [{ messageId }] = await emailsOf(app, id);
    expect(server.mails.map((mail) => mail.header('Message-ID'))).toEqual([messageId, messageId]);
  });

  it.each([
    ['recipient', 550],
    ['message', 554],
  ] as const)('refuses the %s for good: it is given up at once', async (stage, code) => {
    const id = await open();
    server.behaviour = { stage, code };
    await app.outbox.runDue();
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE FAILED REFUSED']);
    expect(await app.database.sql('SELECT id FROM graphile_worker.jobs')).toEqual([]);
  });

  it('never comes back: after 18 attempts it is given up', async () => {
    const id = await open();
    await app.database.sql(`UPDATE emails SET attempts = 17 WHERE invoice_id = $1`, [id]);
    server.behaviour = { stage: 'message', code: 451 };
    await app.outbox.runDue();
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE FAILED UNREACHABLE']);
    expect(await app.database.sql('SELECT id FROM graphile_worker.jobs')).toEqual([]);
  });

  it('holds the mail while it is sent: a second worker with the same job keeps off', async () => {
    const id = await open();
    server.behaviour = 'hang';
    const first = app.outbox.runDue();
    while (server.attempts === 0) await sleep(5);
    // As if the first worker had been taken for dead: its job is free again while it is still sending.
    await app.database.sql('UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL, run_at = now()');
    await app.outbox.runDue();
    await first;
    expect(server.attempts).toBe(1);
    server.behaviour = null;
    await retryNow(app);
    expect((await emailsOf(app, id))[0]).toMatchObject({ status: 'SENT', attempts: 2 });
  });
});
