import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { MeterStory, valuesOf, type EventOf, type Report } from '../support/meter-story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What was used, as the meters tell it. The clock stands at 2026-12-01T00:00:00Z. */
describe('metering', () => {
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp(new FakeClock('2026-12-01T00:00:00Z'));
    world = new BillingWorld(app.api);
  });
  afterAll(() => app.close());

  const told = (meter: Record<string, unknown>, events: EventOf[]): Promise<MeterStory> => MeterStory.told(world, meter, events);
  const NOVEMBER = ['2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'] as const;

  describe('aggregations', () => {
    it('SUM adds exactly, corrections included where the meter takes them', async () => {
      const sum = await told({ aggregation: 'SUM', allowsNegative: true }, [
        ['2026-11-01T00:00:00Z', '0.1'],
        ['2026-11-02T00:00:00Z', '0.2'],
        ['2026-11-03T00:00:00Z', '123456789012345678.123'],
        ['2026-11-04T00:00:00Z', '-0.05'],
      ]);
      expect(await sum.report(...NOVEMBER)).toEqual({ value: '123456789012345678.373', eventCount: 4, buckets: [] });
    });

    it('MAX is the highest, also of negative ones', async () => {
      const max = await told({ aggregation: 'MAX' }, [
        ['2026-11-01T00:00:00Z', '-7'],
        ['2026-11-02T00:00:00Z', '-3'],
        ['2026-11-03T00:00:00Z', '-10'],
      ]);
      expect((await max.report(...NOVEMBER)).value).toBe('-3');
    });

    it('LAST is the latest by its time, whenever it was received; of two at one instant the one received later', async () => {
      const last = await told({ aggregation: 'LAST' }, [
        ['2026-11-20T00:00:00Z', '5'],
        ['2026-11-20T00:00:00.000001Z', '6'],
        ['2026-11-20T00:00:00.000001Z', '7'],
        ['2026-11-10T00:00:00Z', '99'],
      ]);
      expect((await last.report(...NOVEMBER)).value).toBe('7');
    });

    it('COUNT counts events, whatever they say', async () => {
      const count = await told({ aggregation: 'COUNT' }, [
        ['2026-11-01T00:00:00Z', null],
        ['2026-11-01T00:00:00Z', '5'],
        ['2026-11-02T00:00:00Z', null, { a: 1 }],
      ]);
      expect((await count.report(...NOVEMBER)).value).toBe('3');
    });

    it('UNIQUE_COUNT counts distinct texts of its property, else of user_id', async () => {
      const unique = await told({ aggregation: 'UNIQUE_COUNT', valueProperty: 'device' }, [
        ['2026-11-01T00:00:00Z', null, { device: 'a', user_id: 'ignored' }],
        ['2026-11-02T00:00:00Z', null, { device: 'a' }],
        ['2026-11-03T00:00:00Z', null, { device: 'A' }],
        ['2026-11-04T00:00:00Z', null, { device: 7 }],
        ['2026-11-05T00:00:00Z', null, { device: '7' }],
        ['2026-11-06T00:00:00Z', null, { user_id: 'a' }],
        ['2026-11-07T00:00:00Z', null, { user_id: 'u2' }],
      ]);
      // "a" (twice by device, once by user), "A", 7 as text, and "u2".
      expect((await unique.report(...NOVEMBER)).value).toBe('4');
    });

    it('the value property wins over the quantity, as a number or as text; without it the quantity counts', async () => {
      const bytes = await told({ aggregation: 'SUM', valueProperty: 'bytes' }, [
        ['2026-11-01T00:00:00Z', '1000', { bytes: 1.5 }],
        ['2026-11-02T00:00:00Z', null, { bytes: '0.25' }],
        ['2026-11-03T00:00:00Z', '3', { other: 1 }],
        ['2026-11-04T00:00:00Z', null, { bytes: 0 }],
      ]);
      expect(await bytes.report(...NOVEMBER)).toMatchObject({ value: '4.75', eventCount: 4 });
    });

    it.each(['SUM', 'MAX', 'LAST', 'COUNT', 'UNIQUE_COUNT'])('%s of no events is 0', async (aggregation) => {
      expect(await (await told({ aggregation }, [])).report(...NOVEMBER)).toEqual({ value: '0', eventCount: 0, buckets: [] });
    });

    it('without a customer it is everybody’s', async () => {
      const ada = await told({ aggregation: 'SUM' }, [['2026-11-01T00:00:00Z', '2']]);
      await world.use(ada.name, 'somebody-else', '2026-11-02T00:00:00Z', '3');
      expect((await ada.report(...NOVEMBER)).value).toBe('2');
      expect((await ada.report(...NOVEMBER, { customerId: null })).value).toBe('5');
    });
  });

  it('a meter’s filters leave out what does not match; it is stored all the same', async () => {
    const filters = [
      { property: 'region', values: ['eu', 'us'] },
      { property: 'paid', values: ['true'] },
    ];
    const filtered = await told({ aggregation: 'SUM', filters }, [
      ['2026-11-01T00:00:00Z', '1', { region: 'eu', paid: true }],
      ['2026-11-01T00:00:00Z', '2', { region: 'us', paid: 'true' }],
      ['2026-11-01T00:00:00Z', '4', { region: 'asia', paid: true }],
      ['2026-11-01T00:00:00Z', '8', { region: 'eu', paid: false }],
      ['2026-11-01T00:00:00Z', '16', { region: 'eu' }],
      ['2026-11-01T00:00:00Z', '32'],
      ['2026-11-01T00:00:00Z', null, { region: 'nowhere' }],
    ]);
    expect(await filtered.report(...NOVEMBER)).toMatchObject({ value: '3', eventCount: 2 });
    const { usageEvents } = await app.api.query<{ usageEvents: { totalCount: number } }>(
      `query ($id: ID!) { usageEvents(meterId: $id) { totalCount } }`,
      { id: filtered.meterId },
    );
    expect(usageEvents.totalCount).toBe(7);
  });

  it('groups by properties, the absent one among them', async () => {
    const grouped = await told({ aggregation: 'SUM' }, [
      ['2026-11-01T00:00:00Z', '1', { region: 'eu', tier: 1 }],
      ['2026-11-02T00:00:00Z', '2', { region: 'eu', tier: 1 }],
      ['2026-11-03T00:00:00Z', '4', { region: 'us', tier: 1 }],
      ['2026-11-04T00:00:00Z', '8', { region: 'us' }],
      ['2026-11-04T00:00:00Z', '16'],
    ]);
    const byRegion = await grouped.report(...NOVEMBER, { groupBy: ['region'] });
    const byGroup = ({ buckets }: Report): Record<string, string> =>
      Object.fromEntries(buckets.map(({ group, value }) => [`${group?.region ?? ''}/${group?.tier ?? ''}`, value]));
    expect(byRegion.value).toBe('31');
    expect(byGroup(byRegion)).toEqual({ 'eu/': '3', 'us/': '12', '/': '16' });
    expect(byGroup(await grouped.report(...NOVEMBER, { groupBy: ['region', 'tier'] }))).toEqual({
      'eu/1': '3',
      'us/1': '4',
      'us/': '8',
      '/': '16',
    });
    const daily = await grouped.report('2026-11-03T00:00:00Z', '2026-11-05T00:00:00Z', { groupBy: ['region'], window: 'DAY' });
    expect(daily.buckets.map(({ start, group, value }) => [start.slice(8, 10), group?.region, value])).toEqual([
      ['03', 'us', '4'],
      ['04', null, '16'],
      ['04', 'us', '8'],
    ]);
  });

  describe('a meter that carries over', () => {
    it('LAST starts each window with the last value known', async () => {
      const seats = await told({ aggregation: 'LAST', carriesOver: true }, [
        ['2026-10-15T00:00:00Z', '5'],
        ['2026-11-02T12:00:00Z', '8'],
      ]);
      expect(await seats.report(...NOVEMBER)).toMatchObject({ value: '8', eventCount: 1 });
      expect(await seats.report('2026-11-10T00:00:00Z', '2026-11-11T00:00:00Z')).toMatchObject({ value: '8', eventCount: 0 });
      const daily = await seats.report('2026-11-01T00:00:00Z', '2026-11-04T00:00:00Z', { window: 'DAY' });
      expect(valuesOf(daily)).toEqual(['5', '8', '8']);
      expect(daily.buckets.map(({ eventCount }) => eventCount)).toEqual([0, 1, 0]);
    });

    it('MAX starts each window with the last value, not the highest', async () => {
      const peak = await told({ aggregation: 'MAX', carriesOver: true }, [
        ['2026-10-15T00:00:00Z', '9'],
        ['2026-10-20T00:00:00Z', '4'],
        ['2026-11-02T00:00:00Z', '6'],
        ['2026-11-02T01:00:00Z', '3'],
      ]);
      // November 1: the 4 of October; the 2nd: 6; the 3rd: the last value, 3.
      expect(valuesOf(await peak.report('2026-11-01T00:00:00Z', '2026-11-04T00:00:00Z', { window: 'DAY' }))).toEqual([
        '4',
        '6',
        '3',
      ]);
    });

    it('keeps groups apart', async () => {
      const seats = await told({ aggregation: 'LAST', carriesOver: true }, [
        ['2026-10-15T00:00:00Z', '5', { team: 'a' }],
        ['2026-11-02T00:00:00Z', '2', { team: 'b' }],
      ]);
      const daily = await seats.report('2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z', { window: 'DAY', groupBy: ['team'] });
      expect(daily.buckets.map(({ start, group, value }) => `${start.slice(8, 10)} ${group?.team} ${value}`)).toEqual([
        '01 a 5',
        '02 a 5',
        '02 b 2',
      ]);
    });

    it('says what the invoice says', async () => {
      const seats = await told({ aggregation: 'LAST', carriesOver: true }, [['2026-09-15T00:00:00Z', '5']]);
      await world.plan({
        lookupKey: seats.name,
        type: 'USAGE',
        charges: [{ displayName: 'Seats', type: 'USAGE', model: 'PER_UNIT', meterId: seats.meterId, unitAmount: '1' }],
      });
      const subscription = await world.subscribe(seats.customer, seats.name, { startAt: '2026-10-01T00:00:00Z' });
      expect((await world.invoices(subscription)).map(({ total }) => total)).toEqual(['5', '5']);
      expect(valuesOf(await seats.report('2026-10-01T00:00:00Z', '2026-12-01T00:00:00Z', { window: 'MONTH' }))).toEqual([
        '5',
        '5',
      ]);
    });
  });

  it('an archived meter takes no more and keeps what it counted', async () => {
    const usage = await told({ aggregation: 'SUM' }, [['2026-11-01T00:00:00Z', '3']]);
    await app.api.query('mutation ($id: ID!) { archiveMeter(id: $id) { archivedAt } }', { id: usage.meterId });
    await expect(world.use(usage.name, usage.customer, '2026-11-02T00:00:00Z', '1')).rejects.toThrow(/METER_ARCHIVED/);
    expect((await usage.report(...NOVEMBER)).value).toBe('3');
  });
});
