import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('a change that is undone on its own instant, after what it billed was finalized', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
  });
  afterAll(() => app.close());

  const inAdvance = (lookupKey: string, amount: string): Promise<string> =>
    world.plan({
      lookupKey,
      type: 'FIXED',
      charges: [{ displayName: lookupKey, type: 'FIXED', model: 'FLAT', amount, billingTiming: 'IN_ADVANCE' }],
    });
  const finalizeDraft = async (subscription: string): Promise<void> => {
    const draft = (await world.invoices(subscription)).find(({ status }) => status === 'DRAFT');
    await app.api.query('mutation ($id: ID!) { finalizeInvoice(id: $id) { id } }', { id: draft?.id });
  };

  it('costs nothing: the plan that was left again is credited whole', async () => {
    const small = await inAdvance('small', '10');
    const big = await inAdvance('big', '100');
    const clock = await world.clock('2026-01-01T00:00:00Z');
    await world.customer('ada', { testClockId: clock });
    const subscription = await world.subscribe('ada', 'small');
    await world.travel(clock, '2026-01-16T00:00:00Z');
    await world.changePlan(subscription, { planId: big, timing: 'IMMEDIATE' });
    await finalizeDraft(subscription);
    await world.changePlan(subscription, { planId: small, timing: 'IMMEDIATE' });

    const [january, upgrade, undo] = await world.invoices(subscription);
    expect(january.total).toBe('10');
    // Sixteen of January's 31 days are left: 10 × 16/31 = 5.161… is credited, 100 × 16/31 = 51.612… billed.
    expect(upgrade.lines.map(({ description, amount }) => [description, amount])).toEqual([
      ['small', '-5.16'],
      ['big', '51.61'],
    ]);
    // All of it is taken back: 5.16 − 51.61 = −46.45, which the customer keeps as balance.
    expect(undo).toMatchObject({ kind: 'CREDIT', status: 'PAID', total: '0' });
    expect(undo.lines.map(({ kind, description, amount }) => [kind, description, amount])).toEqual([
      ['CORRECTION', 'small', '5.16'],
      ['CREDIT', 'big', '-51.61'],
      ['BALANCE', 'Kept as customer balance', '46.45'],
    ]);
    await world.travel(clock, '2026-03-01T02:00:00Z');
    const later = (await world.invoices(subscription)).slice(3);
    expect(later.map(({ total }) => total)).toEqual(['10', '10']);
  });

  it('a subscription that is canceled as it starts is credited whole', async () => {
    const clock = await world.clock('2026-01-01T00:00:00Z');
    await inAdvance('month', '31');
    await world.customer('bob', { testClockId: clock });
    const subscription = await world.subscribe('bob', 'month');
    await finalizeDraft(subscription);
    await world.cancel(subscription, 'IMMEDIATE');
    const [first, credit] = await world.invoices(subscription);
    expect(first.total).toBe('31');
    expect(credit.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['CREDIT', '-31'],
      ['BALANCE', '31'],
    ]);
    expect(await world.balance('bob')).toBe('31');
  });
});
