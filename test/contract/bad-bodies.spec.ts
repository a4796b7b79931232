import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const GZIPPED = { ...JSON_TYPE, 'content-encoding': 'gzip' };
const EVENT = { meter_name: 'calls', customer_external_id: 'ada', quantity: 1 };

type Body = string | Uint8Array<ArrayBuffer>;
const bytes = (buffer: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(buffer);

/** Bodies that no route takes: what is sent, as what, and the status. */
const BODIES: [what: string, body: Body, headers: Record<string, string>, status: number][] = [
  ['nothing', '', JSON_TYPE, 400],
  ['half an object', '{"quantity":', JSON_TYPE, 400],
  ['a trailing comma', '{"quantity":1,}', JSON_TYPE, 400],
  ['a comment', '{/* */}', JSON_TYPE, 400],
  ['single quotes', "{'quantity':1}", JSON_TYPE, 400],
  ['NaN', '{"quantity":NaN}', JSON_TYPE, 400],
  ['a number with a leading zero', '{"quantity":01}', JSON_TYPE, 400],
  ['a number with a plus sign', '{"quantity":+1}', JSON_TYPE, 400],
  ['a hexadecimal number', '{"quantity":0x10}', JSON_TYPE, 400],
  ['a key twice', '{"quantity":1,"quantity":2}', JSON_TYPE, 400],
  ['two values', '{} {}', JSON_TYPE, 400],
  ['a byte order mark alone', '\ufeff', JSON_TYPE, 400],
  ['brackets 100,000 deep', '['.repeat(100_000), JSON_TYPE, 400],
  ['closed brackets 100,000 deep', '['.repeat(100_000) + ']'.repeat(100_000), JSON_TYPE, 400],
  ['objects 100,000 deep', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), JSON_TYPE, 400],
  ['bytes that are no UTF-8', bytes(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), JSON_TYPE, 400],
  ['an overlong encoding', bytes(Buffer.from([0x22, 0xc0, 0xaf, 0x22])), JSON_TYPE, 400],
  ['a surrogate encoded by itself', bytes(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), JSON_TYPE, 400],
  ['what is said to be gzip', JSON.stringify(EVENT), GZIPPED, 400],
  ['gzip cut short', bytes(gzipSync(JSON.stringify(EVENT)).subarray(0, 20)), GZIPPED, 400],
  ['gzip with a wrong checksum', bytes(Buffer.concat([gzipSync('{}').subarray(0, -8), Buffer.alloc(8, 1)])), GZIPPED, 400],
  ['a gzip bomb', bytes(gzipSync(Buffer.alloc(200 * MIB))), GZIPPED, 413],
  ['gzip in gzip', bytes(gzipSync(gzipSync(JSON.stringify(EVENT)))), GZIPPED, 400],
  ['17 MiB', ' '.repeat(17 * MIB), JSON_TYPE, 413],
  ['another encoding', JSON.stringify(EVENT), { ...JSON_TYPE, 'content-encoding': 'br' }, 415],
  ['two encodings', JSON.stringify(EVENT), { ...JSON_TYPE, 'content-encoding': 'gzip, gzip' }, 415],
  ['plain text', JSON.stringify(EVENT), { 'content-type': 'text/plain' }, 415],
  ['XML', '<event/>', { 'content-type': 'application/xml' }, 415],
  ['a form', 'quantity=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['a form in parts', '--x--', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
  ['a type that is none', '{}', { 'content-type': 'json' }, 415],
];
const CODES: Record<number, string> = { 400: 'MALFORMED_REQUEST', 413: 'PAYLOAD_TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' };

describe('bodies that are refused', () => {
  let app: TestApp;
  let before: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    await new BillingWorld(app.api).meter({ name: 'calls', aggregation: 'SUM' });
    before = await dump(app.database);
  });
  afterAll(() => app.close());

  const send = async (path: string, body: Body, headers: Record<string, string>): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${app.url}${path}`, { method: 'POST', headers: { 'x-api-key': app.apiKey, ...headers }, body });
    return { status: response.status, body: await response.json() };
  };

  describe.each(['/api/v1/sdk/track', '/api/v1/usage', '/api/v1/usage/batch'])('%s', (path) => {
    it.each(BODIES)('%s', async (_, body, headers, status) => {
      expect(await send(path, body, headers)).toEqual({ status, body: { detail: expect.any(String), code: CODES[status] } });
    });

    it.each(['null', '1', '"text"', 'true', '[]', '[1]'])('JSON that is no object: %s', async (body) => {
      expect(await send(path, body, JSON_TYPE)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
    });
  });

  it.each(BODIES)('GraphQL: %s', async (_, body, headers, status) => {
    const message = expect.any(String);
    expect(await send('/graphql', body, headers)).toEqual({
      status,
      body: { errors: [{ message, extensions: { code: CODES[status] } }] },
    });
  });

  it.each<[what: string, body: string]>([
    ['no object', '1'],
    ['an empty object', '{}'],
    ['a batch', '[{"query":"{ __typename }"}]'],
    ['a query that is no text', '{"query":1}'],
    ['an empty query', '{"query":""}'],
    ['a query of spaces', '{"query":"  "}'],
    ['a query that is none', '{"query":"nonsense"}'],
    ['an unknown field', '{"query":"{ nothing }"}'],
    ['an unknown argument', '{"query":"{ meters(last: 1) { totalCount } }"}'],
    ['a field of a type that is none', '{"query":"mutation { createMeter(input: { name: \\"x\\", aggregation: SUM }) }"}'],
    ['variables that are text', '{"query":"{ __typename }","variables":"{}"}'],
    ['variables that are a list', '{"query":"{ __typename }","variables":[]}'],
    ['two operations and no name', '{"query":"query A { __typename } query B { __typename }"}'],
    ['an operation that is not there', '{"query":"query A { __typename }","operationName":"B"}'],
    ['a subscription', '{"query":"subscription { __typename }"}'],
    ['a fragment that spreads itself', '{"query":"{ ...F } fragment F on Query { ...F }"}'],
    ['a persisted query', '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"aa"}}}'],
    ['a list nested 20,000 deep', `{"query":"{ customer(externalId: ${'['.repeat(20_000)}) { id } }"}`],
    ['fields nested 20,000 deep', `{"query":"${'{ a'.repeat(20_000)}${'}'.repeat(20_000)}"}`],
    ['a type nested 20,000 deep', `{"query":"query ($a: ${'['.repeat(20_000)}Int${']'.repeat(20_000)}) { __typename }"}`],
  ])('GraphQL that is refused: %s', async (_, body) => {
    const { status, body: answer } = await send('/graphql', body, JSON_TYPE);
    const { errors } = answer as { errors: { message: string; extensions: { code: string } }[] };
    expect([200, 400]).toContain(status);
    for (const { message, extensions } of errors) {
      expect(['VALIDATION_FAILED', 'QUERY_TOO_COMPLEX']).toContain(extensions.code);
      expect(message).not.toMatch(/stack|node_modules/);
    }
  });

  it('GraphQL over GET reads and does not write', async () => {
    const get = (query: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { 'x-api-key': app.apiKey, ...headers } });
    expect((await get('mutation { createMeter(input: { name: "x", aggregation: SUM }) { id } }', JSON_TYPE)).status).toBe(405);
    expect(await (await get('{ meters { totalCount } }', JSON_TYPE)).json()).toEqual({ data: { meters: { totalCount: 1 } } });
    // A page of another origin could send this one without asking first.
    expect((await get('{ meters { totalCount } }', {})).status).toBe(400);
  });

  it('what is said to be longer than it comes is refused when the connection ends, and nothing hangs', async () => {
    const { hostname, port } = new URL(app.url);
    const head = `POST /api/v1/usage HTTP/1.1\r\nHost: x\r\nX-API-Key: ${app.apiKey}\r\nContent-Type: application/json\r\n`;
    const answers = await Promise.all(
      [`${head}Content-Length: 1000\r\n\r\n{}`, `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}`, 'NONSENSE\r\n\r\n'].map(
        (request) =>
          new Promise<string>((resolve, reject) => {
            let answer = '';
            const socket = connect(Number(port), hostname, () => socket.end(request));
            socket.on('data', (chunk) => (answer += String(chunk)));
            socket.on('close', () => resolve(answer));
            socket.on('error', reject);
          }),
      ),
    );
    for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
  });

  it('and after all of it the server lives, and nothing was written', async () => {
    expect(await dump(app.database)).toEqual(before);
    expect((await send('/api/v1/usage', JSON.stringify(EVENT), JSON_TYPE)).status).toBe(201);
  });
});
