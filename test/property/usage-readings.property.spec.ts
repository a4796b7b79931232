import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource, type EntityManager } from 'typeorm';
import { dataSourceOptions } from '../../src/data-source.js';
import { loadPresentReadings, loadReadings } from '../../src/modules/metering/index.js';
import { decimalText } from '../../src/shared/decimal.js';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { modelReading, type ModelAggregation, type ModelEvent } from './usage-readings.oracle.js';
import { randomRuns } from '../support/random-runs.js';

const METERS: { name: string; aggregation: ModelAggregation; carriesOver: boolean }[] = [
  { name: 'sum', aggregation: 'SUM', carriesOver: false },
  { name: 'count', aggregation: 'COUNT', carriesOver: false },
  { name: 'max', aggregation: 'MAX', carriesOver: false },
  { name: 'unique', aggregation: 'UNIQUE_COUNT', carriesOver: false },
  { name: 'last', aggregation: 'LAST', carriesOver: false },
  { name: 'last-carried', aggregation: 'LAST', carriesOver: true },
  { name: 'max-carried', aggregation: 'MAX', carriesOver: true },
];
const CUSTOMERS = ['ada', 'bob'];
const START = BigInt(Date.UTC(2025, 11, 28)) * 1_000n;
const HOUR = 3_600_000_000n;
const SPAN_HOURS = 26 * 4;

/** Instants crowd at midnights and full hours, and one microsecond beside them. */
const instant = fc
  .tuple(fc.integer({ min: 0, max: SPAN_HOURS }), fc.constantFrom(0n, 0n, 1n, -1n, 1_234_567n, HOUR / 2n), fc.boolean())
  .map(([hour, micros, midnight]) => START + (midnight ? BigInt(Math.floor(hour / 24) * 24) : BigInt(hour)) * HOUR + micros);
const iso = (micros: bigint): string =>
  `${new Date(Number(micros / 1_000n)).toISOString().slice(0, 23)}${String(micros % 1_000n).padStart(3, '0')}Z`;

const batch = fc.array(
  fc.record({
    meter: fc.constantFrom(...METERS.map(({ name }) => name)),
    customer: fc.constantFrom(...CUSTOMERS),
    at: instant,
    tenths: fc.bigInt({ min: -50n, max: 400n }).filter((value) => value !== 0n),
    member: fc.constantFrom('x', 'y', 'z', 'é"\\'),
  }),
  { minLength: 1, maxLength: 30 },
);

describe('readings, from counters and from raw events, against a plain model', () => {
  const clock = new FakeClock('2026-01-02T00:00:00Z');
  let app: TestApp;
  let dataSource: DataSource;
  const meterIds = new Map<string, string>();
  const customerIds = new Map<string, string>();
  let organizationId: string;
  const model: ModelEvent[] = [];
  let received = 0;

  beforeAll(async () => {
    app = await startTestApp(clock);
    const world = new BillingWorld(app.api);
    for (const { name, aggregation, carriesOver } of METERS) {
      const more = {
        ...(aggregation === 'UNIQUE_COUNT' ? { valueProperty: 'member' } : {}),
        allowsNegative: aggregation === 'SUM',
      };
      meterIds.set(name, await world.meter({ name, aggregation, carriesOver, ...more }));
    }
    for (const customer of CUSTOMERS) customerIds.set(customer, await world.customer(customer, { timeZone: 'Asia/Kathmandu' }));
    [{ organizationId }] = await app.database.sql<{ organizationId: string }>(
      'SELECT organization_id AS "organizationId" FROM customers LIMIT 1',
    );
    dataSource = await new DataSource(dataSourceOptions(app.database.url, 2)).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await app.close();
  });

  async function record(events: typeof batch extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    const { body } = await app.rest('POST', '/api/v1/usage/batch', {
      events: events.map(({ meter, customer, at, tenths, member }) => ({
        meter_name: meter,
        customer_external_id: customer,
        timestamp: iso(at),
        quantity: `${Number(tenths) / 10}`,
        properties: { member },
      })),
    });
    const results = body.results as { id: string; verdict: string }[];
    expect(results.map(({ verdict }) => verdict)).toEqual(events.map(() => 'ACCEPTED'));
    events.forEach((event, index) => model.push({ ...event, id: results[index].id, received: received++, voided: false }));
  }

  async function voidSome(picks: readonly number[]): Promise<void> {
    for (const pick of picks) {
      const event = model[pick % model.length];
      await app.api.query('mutation ($id: ID!) { voidUsageEvent(id: $id) { voidedAt } }', { id: event.id });
      event.voided = true;
    }
  }

  /** Windows of whole milliseconds, as billing has them. */
  const requestsOf = (windows: readonly (readonly [bigint, bigint])[]) =>
    windows.flatMap(([a, b]) =>
      METERS.flatMap((meter) =>
        CUSTOMERS.map((customer) => ({
          meter,
          customer,
          organizationId,
          meterId: meterIds.get(meter.name) as string,
          customerId: customerIds.get(customer) as string,
          from: new Date(Number((a < b ? a : b) / 1_000n)),
          to: new Date(Number((a < b ? b : a) / 1_000n)),
        })),
      ),
    );

  it('agree after every batch of late, shuffled and voided events', async () => {
    const manager: EntityManager = dataSource.manager;
    await fc.assert(
      fc.asyncProperty(
        batch,
        fc.array(fc.nat(), { maxLength: 3 }),
        fc.array(fc.tuple(instant, instant), { minLength: 1, maxLength: 6 }),
        async (events, voids, windows) => {
          await record(events);
          await voidSome(voids);
          const requests = requestsOf(windows);
          const { snapshot, readings } = await loadPresentReadings(manager, requests);
          const raw = await loadReadings(
            manager,
            requests.map((request) => ({ ...request, knownAt: snapshot })),
          );
          requests.forEach(({ meter, customer, from, to }, index) => {
            const expected = modelReading(model, meter, customer, BigInt(from.getTime()) * 1_000n, BigInt(to.getTime()) * 1_000n);
            const { value, eventCount, eventsHash } = readings[index];
            expect({ meter, from, to, value: decimalText(value), eventCount }).toEqual({ meter, from, to, ...expected });
            expect([decimalText(raw[index].value), raw[index].eventCount, raw[index].eventsHash]).toEqual([
              expected.value,
              eventCount,
              eventsHash,
            ]);
          });
        },
      ),
      randomRuns(25),
    );
  });

  it('agree in reports, whole and cut into windows, of a customer and of all', async () => {
    const query = `query ($meterId: ID!, $customerId: ID, $from: DateTime!, $to: DateTime!, $window: UsageWindow) {
      usage(meterId: $meterId, customerId: $customerId, from: $from, to: $to, window: $window) { value eventCount buckets { start end value eventCount } } }`;
    const micros = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n + BigInt(/\.\d{3}(\d{3})Z$/.exec(text)?.[1] ?? 0);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METERS),
        fc.constantFrom(null, ...CUSTOMERS),
        fc.tuple(instant, instant).filter(([a, b]) => a !== b),
        fc.constantFrom(null, 'HOUR', 'DAY', 'WEEK', 'MONTH'),
        async (meter, customer, [a, b], window) => {
          const [from, to] = a < b ? [a, b] : [b, a];
          const variables = {
            meterId: meterIds.get(meter.name),
            customerId: customer && customerIds.get(customer),
            from: iso(from),
            to: iso(to),
            window,
          };
          const { usage } = await app.api.query<{
            usage: {
              value: string;
              eventCount: number;
              buckets: { start: string; end: string; value: string; eventCount: number }[];
            };
          }>(query, variables);
          expect(usage).toMatchObject(modelReading(model, meter, customer, from, to));
          for (const { start, end, ...bucket } of usage.buckets) {
            expect({ start, end, ...bucket }).toEqual({
              start,
              end,
              ...modelReading(model, meter, customer, micros(start), micros(end)),
            });
          }
        },
      ),
      randomRuns(150),
    );
  });

  it('agree by customer, over whole days and over parts of them', async () => {
    const query = `query ($meterId: ID!, $from: DateTime!, $to: DateTime!) {
      usageByCustomer(meterId: $meterId, from: $from, to: $to) { customer { externalId } value eventCount } }`;
    const midnight = fc.integer({ min: 0, max: 5 }).map((day) => START + BigInt(day) * 24n * HOUR);
    const end = fc.oneof(instant, midnight);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METERS),
        fc.tuple(end, end).filter(([a, b]) => a !== b),
        async (meter, [a, b]) => {
          const [from, to] = a < b ? [a, b] : [b, a];
          const variables = { meterId: meterIds.get(meter.name), from: iso(from), to: iso(to) };
          const { usageByCustomer } = await app.api.query<{
            usageByCustomer: { customer: { externalId: string }; value: string; eventCount: number }[];
          }>(query, variables);
          const expected = CUSTOMERS.map((externalId) => ({
            customer: { externalId },
            ...modelReading(model, meter, externalId, from, to),
          })).filter(
            ({ customer: { externalId }, eventCount }) =>
              eventCount > 0 || (meter.carriesOver && modelReading(model, meter, externalId, 0n, from).eventCount > 0),
          );
          expect([...usageByCustomer].sort((x, y) => (x.customer.externalId < y.customer.externalId ? -1 : 1))).toEqual(expected);
          const ranked = usageByCustomer.map(({ value }) => Number(value));
          expect(ranked).toEqual([...ranked].sort((x, y) => y - x));
        },
      ),
      { numRuns: 150 },
    );
  });
});
