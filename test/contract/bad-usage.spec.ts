import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import { eventually } from '../support/eventually.js';
import { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Event = Record<string, unknown>;

const RECORD = `mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) {
  accepted duplicates conflicts rejected results { index verdict eventId code message } } }`;

interface Recorded {
  recordUsage: {
    accepted: number;
    duplicates: number;
    conflicts: number;
    rejected: number;
    results: { index: number; verdict: string; eventId: string | null; code: string | null; message: string | null }[];
  };
}

/** JSON text with the value nested in `levels` objects. */
const nested = (levels: number): Event => (levels === 0 ? { end: 1 } : { a: nested(levels - 1) });

describe('bad usage', () => {
  let app: TestApp;
  let before: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    const world = new BillingWorld(app.api);
    await world.meter({ name: 'sum', aggregation: 'SUM' });
    await world.meter({ name: 'count', aggregation: 'COUNT' });
    await world.meter({ name: 'bytes', aggregation: 'SUM', valueProperty: 'bytes' });
    await world.meter({ name: 'users', aggregation: 'UNIQUE_COUNT', valueProperty: 'who' });
    const archived = await world.meter({ name: 'archived', aggregation: 'SUM' });
    await app.api.query('mutation ($id: ID!) { archiveMeter(id: $id) { id } }', { id: archived });
    await world.customer('ada');
    await world.use('sum', 'ada', '2025-12-31T00:00:00Z', '1', { idempotencyKey: 'taken' });
    before = await dump(app.database);
  });
  afterAll(() => app.close());

  const record = async (events: Event[], api = app.api): Promise<Recorded['recordUsage']> =>
    (await api.query<Recorded>(RECORD, { events })).recordUsage;

  const GOOD: Event = { meterName: 'sum', customerExternalId: 'ada', quantity: '1' };
  const BAD: [what: string, event: Event, code: string][] = [
    ['no meter', { meterName: null }, 'VALIDATION_FAILED'],
    ['two names of a meter', { meterToken: '018f0000-0000-7000-8000-000000000000' }, 'VALIDATION_FAILED'],
    ['an unknown meter', { meterName: 'unknown' }, 'METER_NOT_FOUND'],
    ['a token that is no UUID', { meterName: null, meterToken: 'x' }, 'METER_NOT_FOUND'],
    ['an archived meter', { meterName: 'archived' }, 'METER_ARCHIVED'],
    ['no customer', { customerExternalId: '' }, 'VALIDATION_FAILED'],
    ['a customer of spaces', { customerExternalId: ' ' }, 'VALIDATION_FAILED'],
    ['a customer of 256 characters', { customerExternalId: 'x'.repeat(256) }, 'VALIDATION_FAILED'],
    ['a customer with NUL', { customerExternalId: 'a\u0000' }, 'VALIDATION_FAILED'],
    ['an empty key', { idempotencyKey: '' }, 'VALIDATION_FAILED'],
    ['a key of 256 characters', { idempotencyKey: 'x'.repeat(256) }, 'VALIDATION_FAILED'],
    ['a key with half a surrogate pair', { idempotencyKey: '\ud83d' }, 'VALIDATION_FAILED'],
    ['no quantity', { quantity: null }, 'VALUE_MISSING'],
    ['quantity 0', { quantity: '0.000' }, 'VALUE_INVALID'],
    ['quantity -0', { quantity: '-0' }, 'VALUE_INVALID'],
    ['a negative quantity', { quantity: '-0.5' }, 'NEGATIVE_NOT_ALLOWED'],
    ['neither value property nor quantity', { meterName: 'bytes', quantity: null, properties: { other: 1 } }, 'VALUE_MISSING'],
    ['a value that is text', { meterName: 'bytes', properties: { bytes: 'many' } }, 'VALUE_INVALID'],
    ['a value that is a boolean', { meterName: 'bytes', properties: { bytes: true } }, 'VALUE_INVALID'],
    ['a value that is an object', { meterName: 'bytes', properties: { bytes: { n: 1 } } }, 'VALUE_INVALID'],
    ['a value that is no number', { meterName: 'bytes', properties: { bytes: 'NaN' } }, 'VALUE_INVALID'],
    ['a value of 40 digits', { meterName: 'bytes', properties: { bytes: '1'.repeat(40) } }, 'VALUE_INVALID'],
    ['an inherited property', { meterName: 'users', properties: { other: 1 } }, 'VALUE_MISSING'],
    ['nobody to count', { meterName: 'users', properties: { user_id: '' } }, 'VALUE_MISSING'],
    ['a list to count', { meterName: 'users', properties: { who: ['a'] } }, 'VALUE_MISSING'],
    ['a member of 1,025 characters', { meterName: 'users', properties: { who: 'x'.repeat(1_025) } }, 'VALUE_INVALID'],
    ['properties above 16 KiB', { properties: { a: 'x'.repeat(16_384) } }, 'VALIDATION_FAILED'],
    ['properties with NUL', { properties: { a: 'x\u0000' } }, 'VALIDATION_FAILED'],
    ['properties with NUL in a key', { properties: { 'a\u0000': 1 } }, 'VALIDATION_FAILED'],
    ['properties with half a surrogate pair', { properties: { a: ['\udc00'] } }, 'VALIDATION_FAILED'],
    ['properties nested 65 levels deep', { properties: nested(65) }, 'VALIDATION_FAILED'],
    ['properties nested 2,000 levels deep', { properties: nested(2_000) }, 'VALIDATION_FAILED'],
    ['a time 5 minutes and a millisecond ahead', { timestamp: '2026-01-01T00:05:00.001Z' }, 'TIMESTAMP_IN_FUTURE'],
    ['a time next year', { timestamp: '2027-01-01T00:00:00Z' }, 'TIMESTAMP_IN_FUTURE'],
  ];

  it.each(BAD)('an event with %s is rejected', async (_, event, code) => {
    const { results, ...counts } = await record([{ ...GOOD, ...event }]);
    expect(counts).toEqual({ accepted: 0, duplicates: 0, conflicts: 0, rejected: 1 });
    expect(results).toEqual([{ index: 0, verdict: 'REJECTED', eventId: null, code, message: expect.stringMatching(/\.$/) }]);
    expect(await dump(app.database)).toEqual(before);
  });

  it('a bad event among good ones takes none of them with it', async () => {
    const events = BAD.flatMap(([, event], index) => [
      { ...GOOD, ...event },
      { ...GOOD, idempotencyKey: `good-${index}` },
    ]);
    const { results, ...counts } = await record(events);
    expect(counts).toEqual({ accepted: BAD.length, duplicates: 0, conflicts: 0, rejected: BAD.length });
    expect(results.map(({ verdict, code }) => code ?? verdict)).toEqual(BAD.flatMap(([, , code]) => [code, 'ACCEPTED']));
    expect(results.map(({ index }) => index)).toEqual(events.map((_, index) => index));
    before = await dump(app.database);
  });

  it('a key that was used for something else is a conflict, whatever differs', async () => {
    const first = { ...GOOD, timestamp: '2025-12-31T00:00:00Z', idempotencyKey: 'taken' };
    const others: Event[] = [
      { quantity: '2' },
      { quantity: '1.000000000000001' },
      { customerExternalId: 'bob' },
      { meterName: 'count' },
      { timestamp: '2025-12-31T00:00:00.000001Z' },
      { properties: { a: 1 } },
    ];
    for (const other of others) {
      const { results } = await record([{ ...first, ...other }]);
      expect(results).toEqual([
        { index: 0, verdict: 'CONFLICT', eventId: null, code: 'IDEMPOTENCY_KEY_REUSED', message: expect.stringMatching(/\.$/) },
      ]);
    }
    expect(await dump(app.database)).toEqual(before);
  });

  it('events older than the window need the scope to backfill', async () => {
    const { createApiKey } = await app.api.query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "k", scopes: ["usage.write"] }) { secret } }`,
    );
    const plain = new GraphqlClient(app.url, createApiKey.secret);
    // 90 days before 2026-01-01 is 2025-10-03.
    const at = async (timestamp: string, api: GraphqlClient): Promise<string | null> =>
      (await record([{ ...GOOD, timestamp }], api)).results[0].code;
    expect(await at('2025-10-03T00:00:00Z', plain)).toBeNull();
    expect(await at('2025-10-02T23:59:59.999Z', plain)).toBe('TIMESTAMP_TOO_OLD');
    expect(await at('1999-12-31T00:00:00Z', plain)).toBe('TIMESTAMP_TOO_OLD');
    expect(await at('2025-10-02T23:59:59.999Z', app.api)).toBeNull();
    before = await dump(app.database);
  });

  it('a batch has 1 to 1,000 events', async () => {
    for (const events of [[], Array(1_001).fill(GOOD)]) {
      const refused = await app.api.failure(RECORD, { events });
      expect(refused).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'events' } });
    }
    expect(await dump(app.database)).toEqual(before);
  });

  it('an organization that knows its customers takes no unknown ones', async () => {
    const SET = 'mutation ($does: Boolean!) { updateOrganization(input: { createsCustomersFromUsage: $does }) { id } }';
    await app.api.query(SET, { does: false });
    // Processes keep what organizations set, and hear of a change a moment after it.
    let stranger = 0;
    let results: Recorded['recordUsage']['results'] = [];
    await eventually('it is heard of', async () => {
      stranger += 1;
      ({ results } = await record([{ ...GOOD, customerExternalId: `nobody-${stranger}` }, GOOD]));
      return results[0].verdict === 'REJECTED';
    });
    expect(results.map(({ verdict, code }) => [verdict, code])).toEqual([
      ['REJECTED', 'CUSTOMER_NOT_FOUND'],
      ['ACCEPTED', null],
    ]);
    expect(await app.api.query(`{ customer(externalId: "nobody-${stranger}") { id } }`)).toEqual({ customer: null });
    await app.api.query(SET, { does: true });
  });

  it.each<[what: string, args: string, field: string]>([
    ['that ends before it begins', 'from: "2026-01-01T00:00:00Z", to: "2025-12-31T00:00:00Z"', 'to'],
    ['that ends where it begins', 'from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z"', 'to'],
    [
      'by six properties',
      'from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z", groupBy: ["a","b","c","d","e","f"]',
      'groupBy',
    ],
    ['of more hours than are told', 'from: "2020-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z", window: HOUR', 'window'],
    ['in unknown windows', 'from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z", window: QUARTER', 'window'],
    [
      'by a property with NUL',
      'from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z", groupBy: ["a", "b\\u0000"]',
      'groupBy[1]',
    ],
  ])('a report %s is refused', async (_, args, field) => {
    const { meter } = await app.api.query<{ meter: { id: string } }>('{ meter(name: "sum") { id } }');
    const refused = await app.api.failure(`{ usage(meterId: "${meter.id}", ${args}) { value } }`);
    expect(refused).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field } });
  });
});
