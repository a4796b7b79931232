import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { flat } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** A clock that does what clocks of computers do: it jumps ahead, goes back, and is right again. */
describe('a clock that jumps', () => {
  const clock = new FakeClock('2027-11-30T00:00:00Z');
  let app: TestApp;
  let world: BillingWorld;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
    for (const [lookupKey, billingInterval, intervalCount] of [
      ['weekly', 'WEEK', 1],
      ['monthly', 'MONTH', 1],
      ['yearly', 'YEAR', 1],
    ] as const) {
      await world.plan({ lookupKey, billingInterval, intervalCount, type: 'FIXED', charges: [flat('10')] });
      await world.customer(lookupKey);
      ids[lookupKey] = await world.subscribe(lookupKey, lookupKey);
    }
  });
  afterAll(() => app.close());

  /** What the scheduler does at that time, twice. */
  const tickAt = async (instant: string): Promise<void> => {
    clock.set(instant);
    for (let round = 0; round < 2; round += 1) {
      await app.workers.generateInvoices();
      await app.workers.finalizeInvoices();
      await app.workers.scanOverdue();
    }
  };
  /** `2027-11-30/2027-12-30`, oldest first. */
  const periods = async (plan: string): Promise<string[]> => {
    const rows = await app.database.sql<{ start: Date; end: Date }>(
      'SELECT period_start AS start, period_end AS end FROM invoices WHERE subscription_id = $1 ORDER BY period_start, id',
      [ids[plan]],
    );
    return rows.map(({ start, end }) => `${start.toISOString().slice(0, 10)}/${end.toISOString().slice(0, 10)}`);
  };
  const numbers = async (): Promise<string[]> =>
    (
      await app.database.sql<{ number: string }>(
        'SELECT number FROM invoices WHERE number IS NOT NULL ORDER BY issued_at, number',
      )
    ).map(({ number }) => number);

  it('40 days ahead, over a year’s end: every period that was missed, in order', async () => {
    await tickAt('2028-01-09T00:00:00Z');
    expect(await periods('weekly')).toEqual([
      '2027-11-30/2027-12-07',
      '2027-12-07/2027-12-14',
      '2027-12-14/2027-12-21',
      '2027-12-21/2027-12-28',
      '2027-12-28/2028-01-04',
    ]);
    expect(await periods('monthly')).toEqual(['2027-11-30/2027-12-30']);
    expect(await periods('yearly')).toEqual([]);
    // They are issued when they are, not when they should have been.
    await tickAt('2028-01-09T01:00:00Z');
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `INV-2028-000${n}`));
  });

  it('an hour back: nothing twice, and what is due again after it comes once', async () => {
    await tickAt('2028-01-11T00:00:00Z');
    await tickAt('2028-01-10T23:00:00Z');
    await tickAt('2028-01-11T00:00:00Z');
    expect((await periods('weekly')).slice(5)).toEqual(['2028-01-04/2028-01-11']);
    // Back by more than the year has had: numbers go on where they were.
    await tickAt('2027-12-31T23:30:00Z');
    await tickAt('2028-01-11T01:00:00Z');
    expect(await numbers()).toHaveLength(7);
    expect((await periods('weekly')).slice(6)).toEqual([]);
  });

  it('over a leap day: a period of the 30th ends on the 29th, and the next one begins there', async () => {
    await tickAt('2028-02-28T23:00:00Z');
    expect(await periods('monthly')).toEqual(['2027-11-30/2027-12-30', '2027-12-30/2028-01-30']);
    await tickAt('2028-02-29T00:00:00Z');
    await tickAt('2028-02-28T23:00:00Z');
    await tickAt('2028-03-30T00:00:00Z');
    expect((await periods('monthly')).slice(1)).toEqual([
      '2027-12-30/2028-01-30',
      '2028-01-30/2028-02-29',
      '2028-02-29/2028-03-30',
    ]);
  });

  it('over two year’s ends at once', async () => {
    await tickAt('2029-12-01T00:00:00Z');
    expect(await periods('yearly')).toEqual(['2027-11-30/2028-11-30', '2028-11-30/2029-11-30']);
    const monthly = await periods('monthly');
    // 24 months from November 2027 to November 2029.
    expect(monthly).toHaveLength(24);
    for (const [index, period] of monthly.entries())
      if (index > 0) expect(period.slice(0, 10)).toBe(monthly[index - 1].slice(11));
    expect(monthly.slice(14, 16)).toEqual(['2029-01-30/2029-02-28', '2029-02-28/2029-03-30']);
    // 731 days from 2027-11-30 to 2029-11-30 are 104 weeks; the day after is not yet a week.
    expect(await periods('weekly')).toHaveLength(104);
    await tickAt('2029-12-01T01:00:00Z');
    const issued = await numbers();
    expect(issued).toHaveLength(24 + 104 + 2);
    for (const year of ['2028', '2029']) {
      const given = issued.filter((number) => number.includes(`-${year}-`));
      expect(given).toEqual(given.map((_, index) => `INV-${year}-${String(index + 1).padStart(4, '0')}`));
    }
  });
});
