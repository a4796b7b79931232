import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { RemindersService } from '../../src/modules/notifications/index.js';
import { BillingWorld } from '../support/billing-world.js';
import { emailsOf, openInvoice, sellBase, summary } from '../support/emails.js';
import { FakeClock } from '../support/fake-clock.js';
import { MailServer } from '../support/mail-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'canary-of-the-password';
describe('mail about invoices', () => {
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

  it('sends the finalized invoice, with the PDF, after the commit and once', async () => {
    const id = await open();
    expect(server.attempts).toBe(0);
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE PENDING']);
    await app.outbox.runDue();
    await app.outbox.runDue();
    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    const [email] = await emailsOf(app, id);
    expect(email).toMatchObject({
      status: 'SENT',
      recipient: 'ada@example.com',
      subject: 'Invoice INV-2026-0001 from Acme',
      attempts: 1,
      lastError: null,
      occurredAt: '2026-01-01T00:00:00.000Z',
      sentAt: '2026-01-01T00:00:00.000Z',
    });
    expect(email.bodyText).toContain('Please pay $30.00 by Jan 31, 2026.');
    expect(mail.recipients).toEqual(['ada@example.com']);
    expect(mail.header('From')).toBe('Acme <billing@acme.example>');
    expect(mail.header('Reply-To')).toBe('help@acme.example');
    expect(mail.header('To')).toBe('Ada <ada@example.com>');
    expect(mail.header('Subject')).toBe(email.subject);
    expect(mail.header('Message-ID')).toBe(email.messageId);
    expect(mail.header('Auto-Submitted')).toBe('auto-generated');
    expect(mail.attachment()?.subarray(0, 5).toString()).toBe('%PDF-');
    expect(mail.raw).toContain('filename=INV-2026-0001.pdf');
  });

  it('thanks for the payment that settles the invoice, not for a part', async () => {
    const id = await open();
    const world = new BillingWorld(app.api);
    await world.pay(id, '10');
    await app.outbox.runDue();
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE SENT']);
    await world.pay(id, '20');
    await app.outbox.runDue();
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE SENT', 'PAYMENT_RECEIVED SENT']);
    expect(server.mails.at(-1)?.header('Subject')).toMatch(/^Payment received for invoice INV-2026-\d+ from Acme$/);
    expect(server.mails.at(-1)?.attachment()).toBeNull();
  });

  it('records, and does not send, what has no address', async () => {
    const id = await open({ email: null });
    await app.outbox.runDue();
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE SKIPPED NO_ADDRESS']);
    expect(server.attempts).toBe(0);
  });

  it('is not sent about an invoice that was voided meanwhile', async () => {
    const id = await open();
    await new BillingWorld(app.api).void(id);
    await app.outbox.runDue();
    expect((await emailsOf(app, id)).map(summary)).toEqual(['INVOICE SKIPPED OVERTAKEN']);
    expect(server.attempts).toBe(0);
  });

  it('escapes names in HTML and keeps them out of other headers', async () => {
    const id = await open({ name: '"><script>alert(1)</script>, Bcc: eve@example.com' });
    await app.outbox.runDue();
    const [{ bodyHtml }] = await emailsOf(app, id);
    expect(bodyHtml).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(bodyHtml).not.toContain('<script');
    expect(server.mails[0].recipients).toEqual(['ada@example.com']);
  });

  describe('sendInvoice', () => {
    const send = 'mutation ($id: ID!) { sendInvoice(id: $id) { id } }';

    it('sends it once more each time, PAID too', async () => {
      const id = await open();
      await app.api.query(send, { id });
      await new BillingWorld(app.api).pay(id, '30');
      await app.api.query(send, { id });
      await app.outbox.runDue();
      const emails = await emailsOf(app, id);
      expect(emails.map(summary).sort()).toEqual(['INVOICE SENT', 'INVOICE SENT', 'INVOICE SENT', 'PAYMENT_RECEIVED SENT']);
      expect(new Set(server.mails.map((mail) => mail.header('Message-ID'))).size).toBe(4);
    });

    it('refuses drafts, voided ones, and customers without an address, and changes nothing', async () => {
      const world = new BillingWorld(app.api);
      await world.customer('draft', { email: 'draft@example.com' });
      const [{ id: draft }] = await world.invoices(await world.subscribe('draft', 'base'));
      const voided = await open();
      await world.void(voided);
      const silent = await open({ email: null });
      const before = await app.database.sql('SELECT count(*) FROM emails');
      for (const [id, code] of [
        [draft, 'INVALID_TRANSITION'],
        [voided, 'INVALID_TRANSITION'],
        [silent, 'CONFLICT'],
      ])
        expect((await app.api.failure(send, { id })).extensions.code).toBe(code);
      expect(await app.database.sql('SELECT count(*) FROM emails')).toEqual(before);
      await app.outbox.runDue();
    });
  });

  describe('reminders', () => {
    const scanAt = async (instant: string): Promise<void> => {
      clock.set(instant);
      await app.nest.get(RemindersService).scan();
      await app.outbox.runDue();
    };
    const remindersOf = async (id: string): Promise<string[]> =>
      (await emailsOf(app, id))
        .filter(({ kind }) => kind === 'REMINDER')
        .map(({ occurredAt, status }) => `${occurredAt.slice(0, 10)} ${status}`);

    // Issued on January 1st, due on the 31st: 3 days before that is the 28th, 7 days after it February 7th.
    it('come on the days of the organization, once each, however often the scan runs', async () => {
      const id = await open();
      await scanAt('2026-01-27T23:59:59Z');
      expect(await remindersOf(id)).toEqual([]);
      await scanAt('2026-01-28T00:00:00Z');
      await scanAt('2026-01-28T01:00:00Z');
      expect(await remindersOf(id)).toEqual(['2026-01-28 SENT']);
      expect(server.mails.at(-1)?.header('Subject')).toMatch(/ is due on Jan 31, 2026$/);
      await scanAt('2026-02-08T00:00:00Z');
      expect(await remindersOf(id)).toEqual(['2026-01-28 SENT', '2026-02-07 SENT']);
      expect(server.mails.at(-1)?.header('Subject')).toMatch(/ is overdue$/);
    });

    it('do not come for what is paid or void, also if that happens after they were recorded', async () => {
      const world = new BillingWorld(app.api);
      const [paid, voided, late] = [await open(), await open(), await open()];
      await world.pay(paid, '30');
      await world.void(voided);
      clock.set('2026-01-28T00:00:00Z');
      await app.nest.get(RemindersService).scan();
      await world.pay(late, '30');
      await app.outbox.runDue();
      expect(await remindersOf(paid)).toEqual([]);
      expect(await remindersOf(voided)).toEqual([]);
      expect(await remindersOf(late)).toEqual(['2026-01-28 SKIPPED']);
    });

    it('that could not come when it was time: the latest of three days alone', async () => {
      await app.database.sql(`UPDATE organizations SET reminder_days = '{-3,-2,1}'`);
      const id = await open();
      await scanAt('2026-01-30T12:00:00Z');
      expect(await remindersOf(id)).toEqual(['2026-01-29 SENT']);
      await scanAt('2026-02-04T00:00:01Z');
      expect(await remindersOf(id)).toEqual(['2026-01-29 SENT']);
      await app.database.sql(`UPDATE organizations SET reminder_days = '{-3,7}'`);
    });
  });

  it('customers on a test clock: everything is written at the clock’s time, nothing is delivered', async () => {
    const world = new BillingWorld(app.api);
    const clockId = await world.clock('2027-01-01T00:00:00Z');
    const id = await openInvoice(app, 'traveller', { email: 'traveller@example.com', testClockId: clockId });
    await world.travel(clockId, '2027-02-20T00:00:00Z');
    await app.outbox.runDue();
    const emails = await emailsOf(app, id);
    expect(emails.map((email) => `${email.occurredAt.slice(0, 10)} ${summary(email)}`)).toEqual([
      '2027-01-01 INVOICE KEPT TEST_CLOCK',
      '2027-01-28 REMINDER KEPT TEST_CLOCK',
      '2027-02-07 REMINDER KEPT TEST_CLOCK',
    ]);
    expect(emails.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^Invoice INV-2027-0001 from Acme$/),
      expect.stringMatching(/ is due on Jan 31, 2027$/),
      expect.stringMatching(/ is overdue$/),
    ]);
    expect(server.attempts).toBe(0);
  });
});

describe('mail without a server', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    await sellBase(app);
  });
  afterAll(() => app.close());

  it('is written and kept, so that one sees what would be sent', async () => {
    const id = await openInvoice(app, 'ada', { email: 'ada@example.com' });
    await app.outbox.runDue();
    const [email] = await emailsOf(app, id);
    expect(email).toMatchObject({ status: 'KEPT', reason: 'NO_SERVER', attempts: 0, sentAt: null, recipient: 'ada@example.com' });
    expect(email.bodyText).toMatch(/^Hello Ada,\n\nThis is your invoice INV-2026-0001 from Acme, over \$30\.00\./);
    expect(email.bodyHtml).toContain('This is your invoice INV-2026-0001 from Acme, over $30.00.');
  });

  it('is listed by customer and by status, for nobody else', async () => {
    const stranger = await app.addOrganization('sk_test_of_the_other_organization');
    const list = '{ emails(status: [KEPT]) { totalCount nodes { invoice { number customer { externalId } } } } }';
    expect(await app.api.query(list)).toEqual({
      emails: { totalCount: 1, nodes: [{ invoice: { number: 'INV-2026-0001', customer: { externalId: 'ada' } } }] },
    });
    expect(await stranger.query(list)).toEqual({ emails: { totalCount: 0, nodes: [] } });
  });
});
