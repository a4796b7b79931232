import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type RestAnswer, type TestApp } from '../support/test-app.js';

/** `GET /meters/{id}/usage`. The clock stands at 2026-01-05T12:00:00Z, a Monday. */
describe('usage of a meter over REST', () => {
  let app: TestApp;
  let stranger: GraphqlClient;
  let meter: string;
  let ada: string;
  let foreign: { meter: string; customer: string };
  beforeAll(async () => {
    app = await startTestApp(new FakeClock('2026-01-05T12:00:00Z'));
    const world = new BillingWorld(app.api);
    meter = await world.meter({ name: 'calls', aggregation: 'SUM' });
    ada = await world.customer('ada', { timeZone: 'Asia/Tokyo' });
    for (const [customer, timestamp, quantity] of [
      ['ada', '2025-12-05T11:59:59.999999Z', '1000'],
      ['ada', '2025-12-31T14:59:59Z', '1.5'],
      ['ada', '2025-12-31T15:00:00Z', '2'],
      ['bob', '2026-01-01T00:30:00Z', '4'],
      ['bob', '2026-01-05T00:00:00Z', '0.25'],
    ])
      await world.use('calls', customer, timestamp, quantity);
    stranger = await app.addOrganization('sk_test_of_the_other_organization');
    const theirs = new BillingWorld(stranger);
    foreign = { meter: await theirs.meter({ name: 'calls', aggregation: 'SUM' }), customer: await theirs.customer('ada') };
  });
  afterAll(() => app.close());

  const ask = (query: Record<string, string> = {}, id = meter): Promise<RestAnswer> =>
    app.rest('GET', `/api/v1/meters/${id}/usage?${new URLSearchParams(query).toString()}`);
  const span = { start_date: '2025-12-31T00:00:00Z', end_date: '2026-01-06T00:00:00Z' };

  it('sums up a span', async () => {
    // 1.5 + 2 + 4 + 0.25; the event of December 5 lies before it.
    expect(await ask(span)).toMatchObject({
      status: 200,
      body: {
        meter_id: meter,
        total_usage: '7.75',
        event_count: 4,
        unique_customers: 2,
        period_start: '2025-12-31T00:00:00.000Z',
        period_end: '2026-01-06T00:00:00.000Z',
        grouped_data: [],
      },
    });
  });

  it('is half open: an event at the end is not in it', async () => {
    expect((await ask({ start_date: '2025-12-31T14:59:59Z', end_date: '2025-12-31T15:00:00Z' })).body.total_usage).toBe('1.5');
    expect((await ask({ start_date: '2025-12-31T15:00:00Z', end_date: '2025-12-31T15:00:00.001Z' })).body.total_usage).toBe('2');
  });

  it('is the last 30 days unless dates are given', async () => {
    // 30 days before 2026-01-05T12:00Z is 2025-12-06T12:00Z.
    expect((await ask()).body).toMatchObject({
      total_usage: '7.75',
      period_start: '2025-12-06T12:00:00.000Z',
      period_end: '2026-01-05T12:00:00.000Z',
    });
    expect((await ask({ start_date: '2025-12-01T00:00:00Z' })).body.total_usage).toBe('1007.75');
  });

  it('takes one customer, and cuts days in his time zone', async () => {
    // Midnight in Tokyo is 15:00 of the day before in UTC: 1.5 falls on December 31, 2 on January 1.
    const { body } = await ask({
      ...span,
      customer_id: ada,
      group_by: 'day',
      start_date: '2025-12-30T15:00:00Z',
      end_date: '2026-01-02T15:00:00Z',
    });
    expect(body).toMatchObject({ total_usage: '3.5', event_count: 2, unique_customers: 1 });
    expect(body.grouped_data).toEqual([
      { period: '2025-12-30T15:00:00.000Z', usage: '1.5', event_count: 1 },
      { period: '2025-12-31T15:00:00.000Z', usage: '2', event_count: 1 },
      { period: '2026-01-01T15:00:00.000Z', usage: '0', event_count: 0 },
    ]);
  });

  it.each([
    // In UTC: 3.5 on December 31 (a Wednesday), 4 on January 1, 0.25 on Monday, January 5.
    ['day', { '2025-12-31T00:00:00.000Z': '3.5', '2026-01-01T00:00:00.000Z': '4', '2026-01-05T00:00:00.000Z': '0.25' }, 6],
    ['week', { '2025-12-31T00:00:00.000Z': '7.5', '2026-01-05T00:00:00.000Z': '0.25' }, 2],
    ['month', { '2025-12-31T00:00:00.000Z': '3.5', '2026-01-01T00:00:00.000Z': '4.25' }, 2],
    [
      'hour',
      {
        '2025-12-31T14:00:00.000Z': '1.5',
        '2025-12-31T15:00:00.000Z': '2',
        '2026-01-01T00:00:00.000Z': '4',
        '2026-01-05T00:00:00.000Z': '0.25',
      },
      144,
    ],
  ])('groups by %s', async (group_by, expected, count) => {
    const { body } = await ask({ ...span, group_by });
    const groups = body.grouped_data as { period: string; usage: string; event_count: number }[];
    expect(groups).toHaveLength(count);
    expect(Object.fromEntries(groups.filter(({ usage }) => usage !== '0').map(({ period, usage }) => [period, usage]))).toEqual(
      expected,
    );
  });

  it('takes a plus sign that was not escaped', async () => {
    const path = `/api/v1/meters/${meter}/usage?start_date=2025-12-31T01:00:00+01:00&end_date=2026-01-06T00:00:00Z`;
    expect(await app.rest('GET', path)).toMatchObject({
      status: 200,
      body: { total_usage: '7.75', period_start: span.start_date.replace('Z', '.000Z') },
    });
  });

  it('meters and customers that are not there, or are a stranger’s, are 404 alike', async () => {
    const unknown = '018f0000-0000-7000-8000-000000000000';
    for (const id of [unknown, foreign.meter, 'x', '%00'])
      expect(await ask(span, id)).toMatchObject({
        status: id === '%00' ? 422 : 404,
        body: { code: id === '%00' ? 'VALIDATION_FAILED' : 'NOT_FOUND' },
      });
    expect((await ask(span, foreign.meter)).body).toEqual((await ask(span, unknown)).body);
    for (const customer_id of [unknown, foreign.customer, 'x', ''])
      expect((await ask({ ...span, customer_id })).body).toEqual({ code: 'NOT_FOUND', detail: 'Customer not found.' });
  });

  it.each([
    ['start_date=yesterday', 'start_date'],
    ['start_date=2026-01-01', 'start_date'],
    ['start_date=2026-01-01T00:00:00', 'start_date'],
    ['end_date=2025-02-30T00:00:00Z', 'end_date'],
    ['end_date=', 'end_date'],
    ['start_date=2026-01-02T00:00:00Z&end_date=2026-01-01T00:00:00Z', 'end_date'],
    ['start_date=2026-01-06T00:00:00Z', 'end_date'],
    ['start_date=2026-01-01T00:00:00Z&start_date=2026-01-02T00:00:00Z', 'start_date'],
    ['group_by=year', 'group_by'],
    ['group_by=DAY', 'group_by'],
    ['group_by=constructor', 'group_by'],
    ['group_by=', 'group_by'],
    ['group_by=day&group_by=week', 'group_by'],
    ['customer_id=a&customer_id=b', 'customer_id'],
    ['start_date=1950-01-01T00:00:00Z&group_by=hour', 'group_by'],
  ])('?%s is refused', async (query, field) => {
    const { status, body } = await app.rest('GET', `/api/v1/meters/${meter}/usage?${query}`);
    expect([status, body.code, body.field]).toEqual([422, 'VALIDATION_FAILED', field]);
  });
});
