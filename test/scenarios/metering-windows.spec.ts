import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { MeterStory, valuesOf, type Bucket, type EventOf } from '../support/meter-story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Usage by hour, day, week and month. The clock stands at 2026-12-01T00:00:00Z. */
describe('windows of usage', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp(new FakeClock('2026-12-01T00:00:00Z'));
    world = new BillingWorld(app.api);
  });
  afterAll(() => app.close());

  const told = (meter: Record<string, unknown>, events: EventOf[], customer = {}): Promise<MeterStory> =>
    MeterStory.told(world, meter, events, customer);
  const hours = ({ start, end }: Bucket): number => (Date.parse(end) - Date.parse(start)) / 3_600_000;

  it.each([
    // Berlin springs forward on March 29 and falls back on October 25.
    ['Europe/Berlin', '2026-03-27T23:00:00Z', '2026-03-30T22:00:00Z', [24, 23, 24]],
    ['Europe/Berlin', '2026-10-23T22:00:00Z', '2026-10-26T23:00:00Z', [24, 25, 24]],
    // Lord Howe moves by half an hour, on April 5.
    ['Australia/Lord_Howe', '2026-04-03T13:00:00Z', '2026-04-06T13:30:00Z', [24, 24.5, 24]],
    ['Asia/Kathmandu', '2026-10-23T18:15:00Z', '2026-10-25T18:15:00Z', [24, 24]],
  ])('days in %s from %s have their hours', async (timeZone, from, to, expected) => {
    const usage = await told({ aggregation: 'SUM' }, [[from, '1']], { timeZone });
    const { buckets } = await usage.report(from, to, { window: 'DAY' });
    expect(buckets.map(hours)).toEqual(expected);
    expect(buckets.map(({ value }) => value)).toEqual(['1', ...expected.slice(1).map(() => '0')]);
  });

  it('the hour that occurs twice is in its day, and a day’s last instant is not the next one’s', async () => {
    const usage = await told(
      { aggregation: 'SUM' },
      [
        ['2026-10-24T21:59:59.999999Z', '1'],
        ['2026-10-24T22:00:00Z', '2'],
        ['2026-10-25T00:30:00Z', '4'],
        ['2026-10-25T01:30:00Z', '8'],
        ['2026-10-25T22:59:59.999999Z', '16'],
        ['2026-10-25T23:00:00Z', '32'],
      ],
      { timeZone: 'Europe/Berlin' },
    );
    const daily = await usage.report('2026-10-23T22:00:00Z', '2026-10-26T23:00:00Z', { window: 'DAY' });
    expect(valuesOf(daily)).toEqual(['1', '30', '32']);
  });

  it('are cut to the span that is asked for; weeks begin on Monday, months on the 1st', async () => {
    const usage = await told({ aggregation: 'COUNT' }, []);
    const startsOf = async (window: string, from: string, to: string): Promise<string[]> =>
      (await usage.report(from, to, { window })).buckets.map(({ start }) => start.slice(0, 16));
    expect(await startsOf('MONTH', '2026-01-15T12:00:00Z', '2026-03-01T00:00:00.001Z')).toEqual([
      '2026-01-15T12:00',
      '2026-02-01T00:00',
      '2026-03-01T00:00',
    ]);
    expect(await startsOf('WEEK', '2026-11-04T00:00:00Z', '2026-11-17T00:00:00Z')).toEqual([
      '2026-11-04T00:00',
      '2026-11-09T00:00',
      '2026-11-16T00:00',
    ]);
    expect(await startsOf('HOUR', '2026-11-04T00:30:00Z', '2026-11-04T02:30:00Z')).toEqual([
      '2026-11-04T00:30',
      '2026-11-04T01:00',
      '2026-11-04T02:00',
    ]);
  });

  it('of everybody are cut in the organization’s zone', async () => {
    const usage = await told({ aggregation: 'SUM' }, [['2026-11-01T02:00:00Z', '1']], { timeZone: 'America/New_York' });
    const daily = await usage.report('2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z', { window: 'DAY', customerId: null });
    expect(daily.buckets).toMatchObject([{ start: '2026-11-01T00:00:00.000Z', end: '2026-11-02T00:00:00.000Z', value: '1' }]);
  });
});
