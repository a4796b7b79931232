import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Facts from other billing systems' public tests and documentation; every case names its source (cases/aggregations.json). */
interface AggregationCase {
  id: string;
  title: string;
  aggregation: string;
  property: string | null;
  parameters?: { units: string; function: string; precision: number };
  events?: { id?: string; timestamp: string; properties: Record<string, string> }[];
  window?: { from: string; to: string; bounds: string; group?: string; timezone?: string };
  unit_price?: string;
  expected: { value: string; amount?: string; windows?: { from: string; to: string; value: string }[] };
  requires: string[];
  universal: boolean;
  notes: string;
}
interface UsageView {
  value: string;
  buckets: { start: string; end: string; value: string }[];
}

const AGGREGATIONS = new Set(['SUM', 'MAX', 'UNIQUE_COUNT', 'LAST', 'COUNT']);
const ROUNDINGS: Partial<Record<string, string>> = { round: 'NEAREST', ceil: 'UP', floor: 'DOWN' };
const SUPPORTED = new Set(['negative_values', 'timezone', 'windowed_query', 'unit_rounding']);

const file = JSON.parse(readFileSync(new URL('./cases/aggregations.json', import.meta.url), 'utf8')) as {
  count: number;
  cases: AggregationCase[];
};

/** Why the rules (docs/billing-rules.md §4) say nothing about a case, or null when it is run. */
function reasonNotToRun(c: AggregationCase): string | null {
  if (!c.universal) return `a policy of its source: ${c.notes}`;
  if (c.aggregation === 'UNIT_ROUNDING') return ROUNDINGS[c.parameters?.function ?? ''] ? null : 'no such rounding';
  if (!AGGREGATIONS.has(c.aggregation)) return `no aggregation ${c.aggregation}`;
  const missing = c.requires.filter((feature) => !SUPPORTED.has(feature));
  if (missing.length > 0) return `requires ${missing.join(', ')}`;
  return c.window?.bounds === '[from,to)' ? null : 'windows are half-open';
}

describe('aggregations of other billing systems', () => {
  const notRun = file.cases.flatMap((c) => {
    const reason = reasonNotToRun(c);
    return reason === null ? [] : [`not run: ${c.id} — ${reason}`];
  });
  const run = file.cases.filter((c) => reasonNotToRun(c) === null);

  const clock = new FakeClock('2023-01-01T00:00:00Z');
  let app: TestApp;
  let world: BillingWorld;
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new BillingWorld(app.api);
  });
  afterAll(async () => {
    console.log([`aggregations: ${run.length} of ${file.count} cases run`, ...notRun].join('\n'));
    await app.close();
  });

  it('are all accounted for', () => {
    expect(run.length + notRun.length).toBe(file.count);
  });

  for (const c of run) {
    it(`${c.id}: ${c.title}`, () => (c.aggregation === 'UNIT_ROUNDING' ? checkRounding(c) : checkUsage(c)));
  }

  async function checkUsage(c: AggregationCase): Promise<void> {
    const { from, to, group, timezone: timeZone = null } = c.window!;
    const allowsNegative = c.requires.includes('negative_values');
    const meterId = await world.meter({ name: c.id, aggregation: c.aggregation, valueProperty: c.property, allowsNegative });
    // The source tells its customers apart by the part of the event's id before the dash.
    const customers = [...new Set((c.events ?? []).map((event) => customerOf(c, event)))];
    if (customers.length === 0) customers.push(c.id);
    const customerIds: string[] = [];
    for (const customer of customers) customerIds.push(await world.customer(customer, { timeZone }));
    const preview = c.unit_price === undefined ? null : await subscribe(c, meterId, customers[0]);
    await recordInOrderOfArrival(c);

    const { usage } = await app.api.query<{ usage: UsageView }>(
      `query ($meterId: ID!, $customerId: ID, $from: DateTime!, $to: DateTime!, $window: UsageWindow) {
         usage(meterId: $meterId, customerId: $customerId, from: $from, to: $to, window: $window) {
           value buckets { start end value } } }`,
      { meterId, customerId: customerIds.length === 1 ? customerIds[0] : null, from, to, window: group?.toUpperCase() ?? null },
    );
    expect(usage.value).toBe(c.expected.value);
    const windows = usage.buckets.map(({ start, end, value }) => [Date.parse(start), Date.parse(end), value]);
    expect(windows).toEqual((c.expected.windows ?? []).map(({ from, to, value }) => [Date.parse(from), Date.parse(to), value]));
    if (preview) expect((await preview()).total).toBe(c.expected.amount);
  }

  /** A subscription whose first period is the case's window. */
  async function subscribe(c: AggregationCase, meterId: string, customer: string) {
    const { from, to } = c.window!;
    clock.set(from);
    const charge = { displayName: c.id, type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: c.unit_price };
    await world.plan({ lookupKey: c.id, type: 'USAGE', charges: [charge] });
    const subscription = await world.subscribe(customer, c.id, { alignment: 'CALENDAR' });
    return async () => {
      const invoice = await world.preview(subscription);
      expect([invoice.periodStart, invoice.periodEnd].map((at) => Date.parse(at!))).toEqual([Date.parse(from), Date.parse(to)]);
      return invoice;
    };
  }

  /** Each event is received a second after the one before, all of them after the last has happened. */
  async function recordInOrderOfArrival(c: AggregationCase): Promise<void> {
    const events = c.events ?? [];
    const last = Math.max(...events.map(({ timestamp }) => Date.parse(timestamp)));
    for (const [index, event] of events.entries()) {
      clock.set(new Date(last + 1000 * (index + 1)).toISOString());
      const { id, timestamp, properties } = event;
      await world.use(c.id, customerOf(c, event), timestamp, null, { properties, idempotencyKey: id && `${c.id} ${id}` });
    }
  }

  /** Rounding is a charge's: 123.456 used, and the quantity of the line that it would come to. */
  async function checkRounding(c: AggregationCase): Promise<void> {
    const { units, function: name, precision: quantityPrecision } = c.parameters!;
    const meterId = await world.meter({ name: c.id, aggregation: 'SUM' });
    const rounding = { quantityRounding: ROUNDINGS[name], quantityPrecision };
    const charge = { displayName: c.id, type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount: '1', ...rounding };
    await world.plan({ lookupKey: c.id, type: 'USAGE', charges: [charge] });
    await world.customer(c.id);
    const subscription = await world.subscribe(c.id, c.id);
    await world.use(c.id, c.id, clock.now().toISOString(), units);
    const preview = await world.preview(subscription);
    expect(preview.lines.map(({ quantity }) => quantity)).toEqual([c.expected.value]);
    expect(preview.total).toBe(c.expected.value);
  }
});

const customerOf = (c: AggregationCase, { id }: { id?: string }): string => (id ? `${c.id} ${id.split('-')[0]}` : c.id);
