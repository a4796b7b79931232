import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { InvoiceDesk } from '../support/invoice-desk.js';
import { flat, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('settings', () => {
  let app: TestApp;
  let world: BillingWorld;
  let desk: InvoiceDesk;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    desk = new InvoiceDesk(app.api);
    await world.plan({ lookupKey: 'basic', type: 'FIXED', charges: [flat('31')] });
  });
  afterAll(() => app.close());

  const update = (input: object) => desk.do<object>('updateOrganization', { input });
  const january = async (customerInput: object = {}): Promise<Story> => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic', {}, { ...customerInput });
    await ada.travel('2026-02-01T00:00:00Z');
    return ada;
  };
  const latest = async (ada: Story) => desk.invoice((await ada.latestInvoice()).id);

  it('are read and changed one by one; what is left out stays', async () => {
    const { organization } = await app.api.query<{ organization: object }>(
      '{ organization { name mode timeZone currency proration graceMinutes paymentTermsDays lateUsage lateUsagePeriods backfillDays createsCustomersFromUsage eventsRetentionDays email address { country } taxId brandColor locale reminderDays } }',
    );
    expect(organization).toMatchObject({
      mode: 'TEST',
      timeZone: 'UTC',
      currency: null,
      proration: 'DAY',
      graceMinutes: 60,
      paymentTermsDays: 30,
      lateUsage: 'NEXT_INVOICE',
      lateUsagePeriods: 3,
      backfillDays: 90,
      createsCustomersFromUsage: true,
      eventsRetentionDays: null,
      email: null,
      address: null,
      taxId: null,
      brandColor: null,
      locale: 'en-US',
      reminderDays: [-3, 7],
    });
    const changes = { name: 'Acme', timeZone: 'Europe/Berlin', proration: 'SECOND', lateUsage: 'IGNORE', lateUsagePeriods: 1 };
    expect(await update(changes)).toMatchObject({ ...changes, graceMinutes: 60, backfillDays: 90 });
    const back = { timeZone: 'UTC', proration: 'DAY', lateUsage: 'NEXT_INVOICE', lateUsagePeriods: 3 };
    expect(await update(back)).toMatchObject({ name: 'Acme', ...back });
    expect(await update({})).toMatchObject({ name: 'Acme', ...back });
  });

  it.each([
    [{ graceMinutes: 43_201 }, 'graceMinutes'],
    [{ graceMinutes: -1 }, 'graceMinutes'],
    [{ graceMinutes: null }, 'graceMinutes'],
    [{ paymentTermsDays: 366 }, 'paymentTermsDays'],
    [{ lateUsagePeriods: 37 }, 'lateUsagePeriods'],
    [{ backfillDays: 3_651 }, 'backfillDays'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ currency: 'XYZ' }, 'currency'],
    [{ name: ' ' }, 'name'],
    [{ proration: null }, 'proration'],
    [{ createsCustomersFromUsage: null }, 'createsCustomersFromUsage'],
    [{ eventsRetentionDays: 30 }, 'eventsRetentionDays'],
    [{ eventsRetentionDays: 89 }, 'eventsRetentionDays'],
    [{ email: 'nobody' }, 'email'],
    [{ address: { country: 'XX' } }, 'address.country'],
    [{ brandColor: 'red' }, 'brandColor'],
    [{ brandColor: '#0e7490;' }, 'brandColor'],
    [{ locale: 'ar-EG' }, 'locale'],
    [{ locale: null }, 'locale'],
    [{ reminderDays: [61] }, 'reminderDays'],
    [{ reminderDays: [1, 1] }, 'reminderDays'],
    [{ reminderDays: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, 'reminderDays'],
    [{ reminderDays: null }, 'reminderDays'],
  ])('have bounds: %j is refused', async (input, field) => {
    expect(await desk.refusal('updateOrganization', { input: { name: 'Changed', ...input } })).toMatchObject({
      code: 'VALIDATION_FAILED',
      field,
    });
    expect(await update({})).not.toMatchObject({ name: 'Changed' });
  });

  it('review and payment terms are the customer’s, else the organization’s', async () => {
    await update({ graceMinutes: 1440, paymentTermsDays: 14 });
    const ada = await january();
    const bob = await january({ graceMinutes: 0, paymentTermsDays: 0 });
    await update({ graceMinutes: 60, paymentTermsDays: 30 });
    expect(await latest(ada)).toMatchObject({ status: 'DRAFT', finalizeAt: '2026-02-02T00:00:00.000Z' });
    // Without a review the invoice is issued at once; without a term it is due at once.
    expect(await latest(bob)).toMatchObject({
      status: 'OPEN',
      issuedAt: '2026-02-01T00:00:00.000Z',
      dueAt: '2026-02-01T00:00:00.000Z',
    });
    expect(await bob.state()).toBe('PAST_DUE basic 2026-02-01/2026-03-01');
    // The terms that hold are those of the day of issue.
    await ada.travel('2026-02-02T00:00:00Z');
    expect((await latest(ada)).dueAt).toBe('2026-03-04T00:00:00.000Z');
    await desk.do('updateCustomer', { id: bob.customerId, input: { graceMinutes: null, paymentTermsDays: null } });
    await bob.travel('2026-03-01T01:00:00Z');
    expect(await latest(bob)).toMatchObject({ issuedAt: '2026-03-01T01:00:00.000Z', dueAt: '2026-03-31T01:00:00.000Z' });
    expect(await desk.refusal('updateCustomer', { id: bob.customerId, input: { graceMinutes: 43_201 } })).toMatchObject({
      field: 'graceMinutes',
    });
  });

  it('say what documents show of the organization, and when mail reminds', async () => {
    const letterhead = {
      email: 'billing@acme.example',
      address: { line1: 'Unter den Linden 1', postalCode: '10117', city: 'Berlin', country: 'DE' },
      taxId: 'DE123456789',
      brandColor: '#0e7490',
      locale: 'de-DE',
      reminderDays: [3],
      eventsRetentionDays: 400,
    };
    expect(await update(letterhead)).toMatchObject(letterhead);
    expect(await update({ name: 'Acme' })).toMatchObject(letterhead);
    const cleared = { email: null, address: null, taxId: null, brandColor: null, eventsRetentionDays: null };
    expect(await update({ ...cleared, locale: 'en-US', reminderDays: [] })).toMatchObject({ ...cleared, reminderDays: [] });
  });

  it('may keep usage from making customers', async () => {
    await update({ createsCustomersFromUsage: false });
    await world.meter({ name: 'calls', aggregation: 'SUM' });
    await expect(world.use('calls', 'nobody', '2026-01-01T00:00:00Z', '1')).rejects.toThrow('CUSTOMER_NOT_FOUND');
    await update({ createsCustomersFromUsage: true });
  });

  it('need the scope admin to be changed', async () => {
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "writer", scopes: ["customers.write", "invoices.write"] }) { secret } }',
    );
    const writer = new GraphqlClient(app.api.url, createApiKey.secret);
    expect((await writer.failure('mutation { updateOrganization(input: { name: "Mine" }) { id } }')).extensions.code).toBe(
      'FORBIDDEN',
    );
  });
});
