import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('what is billed again', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    await world.plan({ lookupKey: 'basic', type: 'FIXED', charges: [flat('31')] });
    await world.plan({ lookupKey: 'large', type: 'FIXED', charges: [flat('62')] });
    await world.plan({ lookupKey: 'prepaid', type: 'FIXED', charges: [flat('31', IN_ADVANCE)] });
    await world.plan({ lookupKey: 'large-prepaid', type: 'FIXED', charges: [flat('62', IN_ADVANCE)] });
  });
  afterAll(() => app.close());

  const january = 'Base 2026-01-01/2026-02-01 31';
  const february = 'Base 2026-02-01/2026-03-01 31';

  it('survives what else happens on that instant', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
    await ada.travel('2026-08-11T00:00:00Z');
    const [first, second] = await ada.invoices();
    // Far older than what a run looks at of its own accord.
    await world.void(first.id, { reissue: true });
    await world.void(second.id, { reissue: true });
    expect((await ada.ledger()).slice(7)).toEqual([`DRAFT 62: ${january} + ${february}`]);
    await ada.changePlan('large');
    expect((await ada.ledger()).slice(7)).toEqual([`DRAFT 72: ${january} + ${february} + Base 2026-08-01/2026-08-11 10`]);
    await ada.changePlan('basic');
    expect((await ada.ledger()).slice(7)).toEqual([`DRAFT 62: ${january} + ${february}`]);
  });

  it('comes from a draft in review, too', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
    await ada.travel('2026-02-01T00:30:00Z');
    await world.void((await ada.latestInvoice()).id, { reissue: true });
    expect(await ada.ledger()).toEqual([`VOID 31: ${january}`, `DRAFT 31: ${january}`]);
  });

  it('comes after the end of the subscription, too', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.cancel();
    await world.deleteDraft((await ada.latestInvoice()).id);
    await ada.travel('2026-01-12T00:00:00Z');
    expect(await ada.ledger()).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10']);
    await world.void((await ada.latestInvoice()).id, { reissue: true });
    await ada.travel('2026-01-13T00:00:00Z');
    expect((await ada.ledger()).slice(1)).toEqual(['OPEN 10: Base 2026-01-01/2026-01-11 10']);
    expect(await ada.state()).toMatch(/^CANCELED/);
  });

  it('is only what was used, where the rest has been credited', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.cancel();
    await world.void((await ada.invoices())[0].id, { reissue: true });
    await ada.travel('2026-01-12T00:00:00Z');
    // 31 billed again, of which the credit of 21 pays its part: ten days are owed.
    const [, , reissued] = await ada.invoices();
    expect(reissued).toMatchObject({ status: 'OPEN', total: '31', creditsApplied: '21', amountDue: '10' });
    expect(await ada.balance()).toBe('0');
  });

  it('is not billed once more by the next run, where a change had cut it', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.changePlan('large-prepaid');
    await ada.travel('2026-01-12T00:00:00Z');
    await world.void((await ada.invoices())[0].id, { reissue: true });
    await ada.travel('2026-03-01T02:00:00Z');
    // January: 10 days at 1 and 21 at 2 are 52 = 21 + 31.
    expect(await ada.ledger()).toEqual([
      `VOID 31: ${january}`,
      'OPEN 21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42',
      'OPEN 31: CORRECTION Base 2026-01-01/2026-01-11 31',
      'OPEN 62: Base 2026-02-01/2026-03-01 62',
      'OPEN 62: Base 2026-03-01/2026-04-01 62',
    ]);
  });

  it('is not billed once more by the next run, where its draft was deleted after a change', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.travel('2026-01-01T00:30:00Z');
    await ada.changePlan('large-prepaid');
    await ada.travel('2026-01-01T00:45:00Z');
    await world.deleteDraft((await ada.invoices())[0].id);
    await ada.travel('2026-03-01T02:00:00Z');
    // January at 2 a day: 62 = 31 + 31.
    expect((await ada.invoices()).map(({ total }) => total)).toEqual(['31', '31', '62', '62']);
  });

  it('of a change is the change once more', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.changePlan('large-prepaid');
    await ada.travel('2026-01-12T00:00:00Z');
    await world.void((await ada.invoices())[1].id, { reissue: true });
    await ada.travel('2026-02-01T02:00:00Z');
    const change = '21: CREDIT Base 2026-01-11/2026-02-01 -21 + Base 2026-01-11/2026-02-01 42';
    expect(await ada.ledger()).toEqual([
      `OPEN 31: ${january}`,
      `VOID ${change}`,
      `OPEN ${change}`,
      'OPEN 62: Base 2026-02-01/2026-03-01 62',
    ]);
  });

  it('is the credit, too, where the line that it was for has been billed again', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'prepaid');
    await ada.travel('2026-01-11T00:00:00Z');
    await ada.changePlan('large-prepaid');
    await ada.travel('2026-01-12T00:00:00Z');
    const [first, change] = await ada.invoices();
    await world.void(first.id, { reissue: true });
    await ada.travel('2026-01-13T00:00:00Z');
    await world.void(change.id, { reissue: true });
    await ada.travel('2026-02-01T02:00:00Z');
    // January is 52 still: the 31 that made good for the credit, too, less 21, and 42.
    expect((await ada.ledger()).slice(2)).toEqual([
      'OPEN 31: CORRECTION Base 2026-01-01/2026-01-11 31',
      'OPEN 21: CREDIT Base 2026-01-01/2026-01-11 -21 + Base 2026-01-11/2026-02-01 42',
      'OPEN 62: Base 2026-02-01/2026-03-01 62',
    ]);
  });

  it('gives the credit back that the voided invoice had used', async () => {
    const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'basic');
    await ada.travel('2026-02-01T02:00:00Z');
    await world.pay((await ada.latestInvoice()).id, '41');
    await ada.travel('2026-03-01T02:00:00Z');
    expect(await ada.latestInvoice()).toMatchObject({ total: '31', creditsApplied: '10', amountDue: '21' });
    await world.void((await ada.latestInvoice()).id, { reissue: true });
    expect(await ada.balance()).toBe('10');
    await ada.travel('2026-03-02T00:00:00Z');
    expect((await ada.ledger()).slice(1)).toEqual([`VOID 31 less 10: ${february}`, `OPEN 31 less 10: ${february}`]);
    expect(await ada.balance()).toBe('0');
  });
});
