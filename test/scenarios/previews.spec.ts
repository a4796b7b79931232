import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, IN_ADVANCE, invoiceText, perUnit, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('previews', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    const calls = await world.meter({ name: 'calls', aggregation: 'SUM' });
    // 31 and 62 a month: in January, one and two a day.
    const plan = (lookupKey: string, amount: string) =>
      world.plan({ lookupKey, type: 'HYBRID', charges: [flat(amount, IN_ADVANCE), perUnit(calls, '0.1')] });
    await plan('small', '31');
    await plan('large', '62');
    await world.plan({ lookupKey: 'arrears', type: 'FIXED', charges: [flat('31')] });
    await world.plan({ lookupKey: 'other-arrears', type: 'FIXED', charges: [flat('62')] });
    await world.plan({ lookupKey: 'trial', type: 'FIXED', trialDays: 14, charges: [flat('31', IN_ADVANCE)] });
  });
  afterAll(() => app.close());

  describe('of a plan change', () => {
    it('now: are the very lines of the draft that it makes', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.use('calls', '2026-01-05T00:00:00Z', '50');
      const before = [await ada.ledger(), await ada.state()];
      const { hash, ...preview } = await ada.previewPlanChange('large');
      expect(preview).toEqual({
        effectiveAt: '2026-01-11',
        total: '26',
        lines: ['CREDIT Base 2026-01-11/2026-02-01 -21', 'Calls 50 2026-01-01/2026-01-11 5', 'Base 2026-01-11/2026-02-01 42'],
      });
      expect([await ada.ledger(), await ada.state()]).toEqual(before);

      await ada.changePlan('large', 'IMMEDIATE', { previewHash: hash });
      expect((await ada.ledger()).slice(1)).toEqual([`DRAFT ${preview.total}: ${preview.lines.join(' + ')}`]);
    });

    it('at period end: are the lines of the draft that the period end will make', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      await ada.use('calls', '2026-01-05T00:00:00Z', '50');
      const { hash, ...preview } = await ada.previewPlanChange('large', 'PERIOD_END');
      expect(preview).toEqual({
        effectiveAt: '2026-02-01',
        total: '67',
        lines: ['Calls 50 2026-01-01/2026-02-01 5', 'Base 2026-02-01/2026-03-01 62'],
      });
      await ada.changePlan('large', 'PERIOD_END', { previewHash: hash });
      await ada.travel('2026-02-01T00:00:00Z');
      expect((await ada.ledger()).slice(1)).toEqual([`DRAFT ${preview.total}: ${preview.lines.join(' + ')}`]);
    });

    it('to a cheaper plan show the credit', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'large');
      await ada.travel('2026-01-11T00:00:00Z');
      expect(await ada.previewPlanChange('small')).toMatchObject({
        total: '-21',
        lines: ['CREDIT Base 2026-01-11/2026-02-01 -42', 'Calls 0 2026-01-01/2026-01-11 0', 'Base 2026-01-11/2026-02-01 21'],
      });
    });

    it('in a trial come to nothing', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'trial');
      await ada.travel('2026-01-05T00:00:00Z');
      expect(await ada.previewPlanChange('small')).toMatchObject({ effectiveAt: '2026-01-05', total: '0', lines: [] });
    });

    it('on a boundary do not show what was billed before the change', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'arrears');
      await ada.travel('2026-02-01T00:00:00Z');
      await world.finalize((await ada.latestInvoice()).id);
      const { hash, ...preview } = await ada.previewPlanChange('other-arrears');
      expect(preview).toEqual({ effectiveAt: '2026-02-01', total: '0', lines: [] });
      await ada.changePlan('other-arrears', 'IMMEDIATE', { previewHash: hash });
      expect(await ada.ledger()).toEqual(['OPEN 31: Base 2026-01-01/2026-02-01 31']);
    });

    it.each([
      ['usage has arrived', (story: Story) => story.use('calls', '2026-01-05T00:00:00Z', '1')],
      ['a day has passed', (story: Story) => story.travel('2026-01-12T00:00:00Z')],
    ])('go stale when %s, and then nothing changes', async (_, move) => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      const { hash } = await ada.previewPlanChange('large');
      await move(ada);
      const before = [await ada.ledger(), await ada.state(), await ada.transitions()];
      const input = { planId: await world.planId('large'), timing: 'IMMEDIATE', previewHash: hash };
      expect(await ada.refusal('changePlan', input, 'ChangePlanInput')).toMatchObject({
        code: 'PREVIEW_STALE',
        field: 'previewHash',
      });
      expect([await ada.ledger(), await ada.state(), await ada.transitions()]).toEqual(before);
    });

    it('hold for the change that was previewed only', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      const { hash } = await ada.previewPlanChange('large', 'PERIOD_END');
      const input = { planId: await world.planId('large'), timing: 'IMMEDIATE', previewHash: hash };
      expect(await ada.refusal('changePlan', input, 'ChangePlanInput')).toMatchObject({ code: 'PREVIEW_STALE' });
    });

    it('stay good as long as the change comes to the same', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-11T00:00:00Z');
      const { hash } = await ada.previewPlanChange('large');
      await ada.travel('2026-01-11T23:00:00Z');
      await ada.changePlan('large', 'IMMEDIATE', { previewHash: hash });
      expect((await ada.latestInvoice()).total).toBe('21');
    });
  });

  describe('of the next invoice', () => {
    it('are the draft that the period end makes', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.travel('2026-01-20T00:00:00Z');
      await ada.use('calls', '2026-01-20T00:00:00Z', '123');
      const preview = await ada.preview();
      expect(preview).toBe('DRAFT 43.3: Calls 123 2026-01-01/2026-02-01 12.3 + Base 2026-02-01/2026-03-01 31');
      await ada.travel('2026-02-01T00:00:00Z');
      expect(invoiceText(await ada.latestInvoice())).toBe(preview);
    });

    it('know what is scheduled', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.changePlan('large', 'PERIOD_END');
      expect(await ada.preview()).toBe('DRAFT 62: Calls 0 2026-01-01/2026-02-01 0 + Base 2026-02-01/2026-03-01 62');
      await ada.cancel('PERIOD_END');
      expect(await ada.preview()).toBe('DRAFT 0: Calls 0 2026-01-01/2026-02-01 0');
    });

    it('are refused when there will be none', async () => {
      const ada = await Story.subscribed(world, '2026-01-01T00:00:00Z', 'small');
      await ada.cancel();
      const { extensions } = await app.api.failure(`query ($id: ID!) { previewInvoice(subscriptionId: $id) { id } }`, {
        id: ada.subscriptionId,
      });
      expect(extensions.code).toBe('INVALID_TRANSITION');
    });
  });
});
