import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the database', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    await world.plan({ lookupKey: 'base', type: 'FIXED', charges: [flat('31')] });
  });
  afterAll(() => app.close());

  const billAgain = (subscriptionId: string) =>
    app.database.sql(
      `INSERT INTO invoice_lines SELECT (jsonb_populate_record(l, jsonb_build_object('id', uuidv7(), 'position', 9))).*
         FROM invoice_lines l WHERE l.subscription_id = $1`,
      [subscriptionId],
    );

  it('refuses a second charge for a span, whoever asks for it', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'base');
    await ada.travel('2026-02-01T01:00:00Z');
    await expect(billAgain(ada.subscriptionId)).rejects.toThrow('invoice_lines_billed_once_key');
  });

  it('lets what was voided to be drafted again be charged once more, and once only', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'base');
    await ada.travel('2026-02-01T01:00:00Z');
    const { id } = await ada.latestInvoice();
    await app.api.query('mutation ($id: ID!) { voidInvoice(id: $id, reissue: true) { id } }', { id });
    expect(await ada.ledger()).toEqual(['VOID 31: Base 2026-01-01/2026-02-01 31', 'DRAFT 31: Base 2026-01-01/2026-02-01 31']);
    await expect(billAgain(ada.subscriptionId)).rejects.toThrow('invoice_lines_billed_once_key');
  });
});
