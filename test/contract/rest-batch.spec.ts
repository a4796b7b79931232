import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import { startTestApp, type RestAnswer, type TestApp } from '../support/test-app.js';

type Body = Record<string, unknown>;

const NDJSON = { 'content-type': 'application/x-ndjson' };
const GZIP = { 'content-encoding': 'gzip' };

interface Verdict {
  index: number;
  verdict: string;
  id?: string;
  code?: string;
  detail?: string;
}

describe('batches over REST', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
    await new BillingWorld(app.api).meter({ name: 'calls', aggregation: 'SUM', allowsNegative: true });
  });
  afterAll(() => app.close());

  const batch = (body: unknown, headers?: Record<string, string>): Promise<RestAnswer> =>
    app.rest('POST', '/api/v1/usage/batch', body, headers);
  const event = (more: Body = {}): Body => ({ meter_name: 'calls', customer_external_id: 'ada', quantity: 1, ...more });
  const lines = (...events: Body[]): string => events.map((item) => JSON.stringify(item)).join('\n');
  const zipped = (text: string): Uint8Array => new Uint8Array(gzipSync(text));
  const verdictsOf = ({ body }: RestAnswer): string[] =>
    (body.results as Verdict[]).map(({ verdict, code }) => (code === undefined ? verdict : `${verdict} ${code}`));
  const used = async (customer: string): Promise<string> => {
    const { customer: found, meter } = await app.api.query<Record<'customer' | 'meter', { id: string }>>(
      'query ($externalId: String!) { customer(externalId: $externalId) { id } meter(name: "calls") { id } }',
      { externalId: customer },
    );
    const { usage } = await app.api.query<{ usage: { value: string } }>(
      `query ($meterId: ID!, $customerId: ID) {
         usage(meterId: $meterId, customerId: $customerId, from: "2025-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z") { value } }`,
      { meterId: meter.id, customerId: found.id },
    );
    return usage.value;
  };

  it('answers each event in its place', async () => {
    const answer = await batch({
      events: [
        event({ idempotency_key: 'a', customer_external_id: 'each' }),
        event({ idempotency_key: 'a', customer_external_id: 'each' }),
        event({ idempotency_key: 'a', customer_external_id: 'each', quantity: 2 }),
        event({ meter_name: 'unknown' }),
        event({ quantity: 0 }),
        event({ customer_external_id: 5 }),
        null,
        'text',
        [event()],
        event({ customer_external_id: 'each', quantity: 0.1 }),
      ],
    });
    expect(answer.status).toBe(200);
    const { results, ...counts } = answer.body;
    expect(counts).toEqual({ accepted: 2, duplicates: 1, conflicts: 1, rejected: 6 });
    const [first] = results as Verdict[];
    const rejected = (index: number, code: string): object => ({
      index,
      verdict: 'REJECTED',
      code,
      detail: expect.stringMatching(/\.$/),
    });
    expect(results).toEqual([
      { index: 0, verdict: 'ACCEPTED', id: first.id },
      { index: 1, verdict: 'DUPLICATE', id: first.id },
      { index: 2, verdict: 'CONFLICT', code: 'IDEMPOTENCY_KEY_REUSED', detail: expect.stringMatching(/\.$/) },
      rejected(3, 'METER_NOT_FOUND'),
      rejected(4, 'VALUE_INVALID'),
      ...[5, 6, 7, 8].map((index) => rejected(index, 'VALIDATION_FAILED')),
      { index: 9, verdict: 'ACCEPTED', id: expect.any(String) },
    ]);
    // 1 of the first event and 0.1 of the last: accepted means counted.
    expect(await used('each')).toBe('1.1');
  });

  it.each<[what: string, body: (text: string) => unknown, headers: Record<string, string>]>([
    ['NDJSON', (text) => text, NDJSON],
    ['NDJSON, gzipped', zipped, { ...NDJSON, ...GZIP }],
    ['NDJSON with a charset', (text) => text, { 'content-type': 'application/x-ndjson; charset=utf-8' }],
    ['NDJSON that ends in a line break', (text) => `${text}\n`, NDJSON],
    ['NDJSON with empty lines and CRLF', (text) => `\r\n${text.replaceAll('\n', '\r\n\r\n')}\r\n \r\n`, NDJSON],
    ['JSON', (text) => ({ events: text.split('\n').map((line) => JSON.parse(line) as Body) }), {}],
    ['JSON, gzipped', (text) => zipped(`{"events":[${text.replaceAll('\n', ',')}]}`), GZIP],
  ])('takes %s', async (what, body, headers) => {
    const customer = { customer_external_id: what };
    const answer = await batch(
      body(lines(event({ ...customer, quantity: 1.5 }), event({ ...customer, quantity: 2.25 }))),
      headers,
    );
    expect(answer).toMatchObject({ status: 200, body: { accepted: 2, rejected: 0 } });
    expect(await used(what)).toBe('3.75');
  });

  it('reads numbers of NDJSON to the digit', async () => {
    const quantities = ['0.1', '0.2', '123456789012345678.123', '1e-15', '-0.1'];
    const text = quantities.map((quantity) =>
      lines(event({ customer_external_id: 'digits', quantity: '?' })).replace('"?"', quantity),
    );
    expect((await batch(text.join('\n'), NDJSON)).body.accepted).toBe(5);
    // 0.1 + 0.2 − 0.1 = 0.2; plus 123456789012345678.123, plus 0.000000000000001.
    expect(await used('digits')).toBe('123456789012345678.323000000000001');
  });

  it('a line that is no JSON is one bad event', async () => {
    const good = lines(event({ customer_external_id: 'lines' }));
    const answer = await batch(`${good}\n{"meter_name":\n${good}\nnonsense\n${'['.repeat(50_000)}\n${good}`, NDJSON);
    expect(verdictsOf(answer)).toEqual([
      'ACCEPTED',
      'REJECTED VALIDATION_FAILED',
      'ACCEPTED',
      'REJECTED VALIDATION_FAILED',
      'REJECTED VALIDATION_FAILED',
      'ACCEPTED',
    ]);
  });

  it('takes 10,000 events at once, each with its verdict, and the same again as duplicates', async () => {
    const events = Array.from({ length: 10_000 }, (_, index) =>
      event({ customer_external_id: `many-${index % 100}`, quantity: 0.001, idempotency_key: `many-${index}` }),
    );
    const first = await batch(zipped(lines(...events)), { ...NDJSON, ...GZIP });
    expect(first.body).toMatchObject({ accepted: 10_000, duplicates: 0, conflicts: 0, rejected: 0 });
    const again = await batch(zipped(lines(...[...events].reverse())), { ...NDJSON, ...GZIP });
    expect(again.body).toMatchObject({ accepted: 0, duplicates: 10_000, conflicts: 0, rejected: 0 });
    const ids = (answer: RestAnswer): (string | undefined)[] => (answer.body.results as Verdict[]).map(({ id }) => id);
    expect(ids(again).reverse()).toEqual(ids(first));
    // 100 events of 0.001 for each of the hundred customers.
    expect([await used('many-0'), await used('many-99')]).toEqual(['0.1', '0.1']);
  });

  it.each<[what: string, body: unknown, headers?: Record<string, string>]>([
    ['10,001 events', { events: Array(10_001).fill(event()) }],
    ['10,001 lines', Array(10_001).fill('{}').join('\n'), NDJSON],
    ['no events', { events: [] }],
    ['no lines', '\n\n', NDJSON],
    ['an empty body of lines', '', NDJSON],
    ['one event by itself', event()],
    ['events that are an object', { events: { 0: event() } }],
    ['events that are text', { events: lines(event()) }],
    ['a list', [event()]],
  ])('%s: refused, and nothing is written', async (...[, body, headers]) => {
    const before = await dump(app.database);
    expect(await batch(body, headers)).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED', field: 'events', detail: expect.stringMatching(/\.$/) },
    });
    expect(await dump(app.database)).toEqual(before);
  });

  it('batches that share keys, sent at once in opposite orders, count each event once', async () => {
    const events = Array.from({ length: 200 }, (_, index) =>
      event({ customer_external_id: 'race', idempotency_key: `race-${index}` }),
    );
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, round) => batch({ events: round % 2 === 0 ? events : [...events].reverse() })),
    );
    const total = (key: string): number => answers.reduce((sum, { body }) => sum + Number(body[key]), 0);
    expect([total('accepted'), total('duplicates'), total('conflicts'), total('rejected')]).toEqual([200, 1_400, 0, 0]);
    expect(await used('race')).toBe('200');
  });

  it('batches that name the same unknown customers, sent at once, create each once', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `new-${index}`);
    const events = names.map((name) => event({ customer_external_id: name }));
    const answers = await Promise.all(
      [events, [...events].reverse(), events, [...events].reverse()].map((some) => batch({ events: some })),
    );
    expect(answers.map(({ body }) => body.accepted)).toEqual([50, 50, 50, 50]);
    const rows = await app.database.sql(`SELECT FROM customers WHERE external_id LIKE 'new-%' AND provisional`);
    expect(rows).toHaveLength(50);
    expect(await used('new-7')).toBe('4');
  });
});
