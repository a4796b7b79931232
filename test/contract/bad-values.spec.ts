import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GraphQLSchema } from 'graphql';
import { HTTP_STATUS } from '../../src/shared/errors.js';
import { dump } from '../support/database-dump.js';
import type { GraphqlAnswer } from '../support/graphql-client.js';
import { argumentsOf, documentOf, loadSchema, operationsOf, pathsOf, type Operation } from '../support/schema.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Texts that no string can be, or that none of ours may be. */
const UNSTORABLE = ['a\u0000b', '\ud83d', 'x\udc00y'];
const ODD_TEXTS = ['', ' \t\n\u00a0', '🚀'.repeat(10_000), '\u202e\u0007\u001b[2J', "'; DROP TABLE customers; --\\"];
const DECIMALS: unknown[] = [
  ...['1e999', '-1e999', 'NaN', 'Infinity', '-Infinity', '1'.repeat(40), `0.${'1'.repeat(16)}`, '', ' ', ' 1', '1 ', '0x10'],
  ...['1,5', '1.2.3', '١', '１', '1e', 'e1', '+-1', '--1', '1e1.5', '.', '$1', '1%', 'null', '1\u0000'],
  ...[true, [], ['1', '2'], {}, { value: '1' }],
];
const INSTANTS: unknown[] = [
  ...['2026-02-30T00:00:00Z', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-10T00:00:00Z', '2026-01-00T00:00:00Z'],
  ...[
    '2026-01-01T00:00:00',
    '2026-01-01',
    '2026-01-01T00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
  ],
  ...[
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '-000001-01-01T00:00:00Z',
    '+012026-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ],
  ...[
    '2026-01-01T00:00:00+25:00',
    '2026-01-01T00:00:00+1:00',
    '2026-01-01T00:00:00 UTC',
    '20260101T000000Z',
    '1767225600',
    'now',
    '',
    ' ',
  ],
  ...['Thu, 01 Jan 2026 00:00:00 GMT', '2026-W01-1T00:00:00Z', '２０２６-01-01T00:00:00Z'],
  ...[1767225600, 1.5, true, [], ['a', 'b'], {}],
];
const WRONG_TYPES: Record<string, unknown[]> = {
  String: [1, 1.5, true, ['a', 'b'], {}],
  ID: [1.5, true, ['a', 'b'], {}],
  Int: ['1', 1.5, 2_147_483_648, 1e100, true, [1, 2], {}],
  Boolean: ['true', 1, 0, [true, false], {}],
  JSONObject: ['{}', 1, true, [], [1]],
};

describe('bad values, at every place of the schema that takes one', () => {
  let app: TestApp;
  let schema: GraphQLSchema;
  let before: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    schema = await loadSchema(app.api);
    before = await dump(app.database);
  });
  afterAll(() => app.close());

  /** Sends the value at each of the places; gives what was answered, having checked what holds for any answer. */
  async function answers(scalars: string[], values: readonly unknown[]): Promise<Asked[]> {
    const questions = operationsOf(schema).flatMap((operation) =>
      pathsOf(operation, scalars).flatMap((path) => values.map((value) => ({ operation, path, value }))),
    );
    expect(questions.length).toBeGreaterThan(values.length);
    const asked: Asked[] = [];
    for (let offset = 0; offset < questions.length; offset += 20)
      asked.push(...(await Promise.all(questions.slice(offset, offset + 20).map((question) => ask(question)))));
    return asked;
  }

  async function ask({ operation, path, value }: Omit<Asked, 'answer'>): Promise<Asked> {
    const selection = operation.field.name === 'recordUsage' ? 'results { verdict code message }' : undefined;
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': app.apiKey },
      body: JSON.stringify({ query: documentOf(operation, selection), variables: argumentsOf(operation, path, value) }),
    });
    const answer = (await response.json()) as GraphqlAnswer<Result>;
    const told = { operation: operation.field.name, path, value, status: response.status, answer };
    expect([200, 400]).toContain(response.status);
    for (const { message, extensions } of answer.errors ?? []) {
      expect({ ...told, code: Object.hasOwn(HTTP_STATUS, extensions.code) }).toEqual({ ...told, code: true });
      expect({ ...told, isInternal: extensions.code === 'INTERNAL_ERROR' }).toEqual({ ...told, isInternal: false });
      expect(message).not.toMatch(/\n\s+at |SELECT|INSERT|_fkey|_key\b|node_modules|QueryFailed/);
    }
    return { operation, path, value, answer };
  }

  const expectRefused = ({ operation, path, value, answer }: Asked): void => {
    const error = answer.errors?.[0];
    const told = { operation: operation.field.name, path, value };
    expect({ ...told, code: error?.extensions.code, field: error?.extensions.field }).toEqual({
      ...told,
      code: 'VALIDATION_FAILED',
      field: fieldOf(path),
    });
  };

  it('text with NUL or half a surrogate pair', async () => {
    for (const asked of await answers(['String', 'ID'], UNSTORABLE)) {
      if (asked.operation.field.name !== 'recordUsage') expectRefused(asked);
      else if (asked.path.endsWith('meterToken') || asked.path.endsWith('meterName'))
        expect(verdictOf(asked)).toMatch(/^REJECTED/);
      else expect(verdictOf(asked)).toBe('REJECTED VALIDATION_FAILED');
    }
    expect(await dump(app.database)).toEqual(before);
  });

  it('texts that are odd, where they name something', async () => {
    // What is created may be called many things: what each field takes is in the tables of the bad-… files.
    for (const asked of await answers(['String', 'ID'], ODD_TEXTS)) {
      const isCreated = /^(create|update|record)/.test(asked.operation.field.name);
      // Of many checks, each says for itself that nobody is there.
      const isTold = asked.operation.field.name === 'checkEntitlements';
      const isRefused = asked.answer.errors !== undefined || asked.answer.data?.result === null || isTold;
      const isFilter = ['search', 'after', 'reason', 'name', 'idempotencyKey', 'actor', 'operation'].some((name) =>
        asked.path.endsWith(name),
      );
      expect({ path: asked.path, value: asked.value, ok: isCreated || isRefused || isFilter }).toMatchObject({ ok: true });
    }
  });

  it.each<[string, string[], readonly unknown[]]>([
    ['malformed decimals', ['Decimal'], DECIMALS],
    ['malformed instants', ['DateTime'], INSTANTS],
    ...Object.entries(WRONG_TYPES).map(([name, values]): [string, string[], unknown[]] => [`not a ${name}`, [name], values]),
  ])('%s', async (_, scalars, values) => {
    const now = await dump(app.database);
    for (const asked of await answers(scalars, values)) expectRefused(asked);
    expect(await dump(app.database)).toEqual(now);
  });

  it('what is refused is not sent back whole', async () => {
    const query = 'mutation ($input: CreateMeterInput!) { createMeter(input: $input) { id } }';
    const refused = await app.api.failure(query, { input: { name: 'm', aggregation: 'x'.repeat(1_000_000) } });
    expect(refused).toMatchObject({ extensions: { code: 'VALIDATION_FAILED', field: 'aggregation' } });
    expect(refused.message.length).toBeLessThan(1_000);
  });

  it('numbers keep their digits up to the limits, and are refused beyond', async () => {
    const create = `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { charges { unitAmount } } }`;
    const { createMeter } = await app.api.query<{ createMeter: { id: string } }>(
      `mutation { createMeter(input: { name: "m", aggregation: SUM }) { id } }`,
    );
    const unitAmountOf = async (text: string, lookupKey: string): Promise<unknown> => {
      const charge = `{"displayName":"Use","type":"USAGE","model":"PER_UNIT","meterId":"${createMeter.id}","unitAmount":${text}}`;
      const input = `{"lookupKey":"${lookupKey}","name":"P","type":"USAGE","billingInterval":"MONTH","currency":"USD","charges":[${charge}]}`;
      const { status, body } = await app.rest(
        'POST',
        '/graphql',
        `{"query":${JSON.stringify(create)},"variables":{"input":${input}}}`,
      );
      return status === 200 ? body : (body as { errors: { extensions: object }[] }).errors[0].extensions;
    };
    const taken = (unitAmount: string): object => ({ data: { createPlan: { charges: [{ unitAmount }] } } });
    const refused = { code: 'VALIDATION_FAILED', field: 'charges[0].unitAmount' };
    // 24 digits before the point and 15 after it, as JSON numbers and as strings.
    expect(await unitAmountOf(`${'9'.repeat(24)}.${'9'.repeat(15)}`, 'a')).toEqual(taken(`${'9'.repeat(24)}.${'9'.repeat(15)}`));
    expect(await unitAmountOf(`"${'9'.repeat(24)}.${'9'.repeat(15)}"`, 'b')).toEqual(
      taken(`${'9'.repeat(24)}.${'9'.repeat(15)}`),
    );
    expect(await unitAmountOf('1.5e-14', 'c')).toEqual(taken('0.000000000000015'));
    expect(await unitAmountOf('1.50e+3', 'd')).toEqual(taken('1500'));
    expect(await unitAmountOf('-0', 'e')).toEqual(taken('0'));
    for (const text of ['1e24', '1e-16', '1e999', '-1e999', '"1e24"', '9'.repeat(25), '0.1234567890123456'])
      expect(await unitAmountOf(text, 'f')).toEqual(refused);
  });
});

interface Result {
  result: { results?: { verdict: string; code: string | null }[] } | null;
}

interface Asked {
  operation: Operation;
  path: string;
  value: unknown;
  answer: GraphqlAnswer<Result>;
}

/** As `extensions.field` writes it: `input.charges.0.amount` is `charges[0].amount`. */
const fieldOf = (path: string): string => path.replace(/^input\./, '').replace(/\.(\d+)/g, '[$1]');

function verdictOf({ answer }: Asked): string {
  const [result] = answer.data?.result?.results ?? [];
  return `${result.verdict} ${result.code}`;
}
