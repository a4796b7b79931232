import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GraphQLSchema } from 'graphql';
import { dump } from '../support/database-dump.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { CASES, TEXTS, type Place } from '../support/places.js';
import { documentOf, loadSchema, operationsOf, pathsOf } from '../support/schema.js';
import { fillTenant, type Tenant } from '../support/tenant.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** An id that nobody has, and what is no id at all. */
const UNKNOWN_IDS = ['018f0000-0000-7000-8000-000000000000', 'nope'];

describe('a stranger’s ids', () => {
  let app: TestApp;
  let schema: GraphQLSchema;
  let stranger: GraphqlClient;
  let own: Tenant;
  let foreign: Tenant;
  let before: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    stranger = await app.addOrganization('sk_test_of_the_other_organization');
    own = await fillTenant(app.api, 'own', '2025-12-01T00:00:00Z');
    foreign = await fillTenant(stranger, 'foreign', '2025-10-01T00:00:00Z');
    schema = await loadSchema(app.api);
    before = await dump(app.database);
  });
  afterAll(() => app.close());

  it('every place that takes an id is in the list', () => {
    const declared = operationsOf(schema).flatMap((operation) =>
      pathsOf(operation, ['ID']).map((path) => `${operation.field.name} ${path}`),
    );
    const listed = CASES.filter(([, , { names }]) => !TEXTS.includes(names)).map(([operation, path]) => `${operation} ${path}`);
    expect(listed.sort()).toEqual(declared.sort());
  });

  const answerTo = async (name: string, value: string, place: Place): Promise<string> => {
    const operation = operationsOf(schema).find(({ field }) => field.name === name)!;
    const selection = name === 'recordUsage' ? 'accepted results { verdict code message }' : undefined;
    const answer = await app.api.send(documentOf(operation, selection), place.with(value, own));
    return JSON.stringify(answer).replaceAll(value || '<nothing>', '<value>');
  };

  it.each(CASES)('%s %s', async (operation, path, place) => {
    const toForeign = await answerTo(operation, foreign[place.names], place);
    for (const unknown of TEXTS.includes(place.names) ? ['unknown'] : UNKNOWN_IDS)
      expect(await answerTo(operation, unknown, place)).toBe(toForeign);
    expect(await answerTo(operation, '', place)).toMatch(
      /"result":null|"NOT_FOUND"|"VALIDATION_FAILED"|"METER_NOT_FOUND"|"UNAUTHENTICATED"/,
    );
    // What does not fit together lets nobody in, whatever of it is wrong.
    const refused =
      (operation === 'signIn' && toForeign.includes('"code":"UNAUTHENTICATED"')) ||
      toForeign.includes('"code":"NOT_FOUND"') ||
      toForeign.includes('"code":"METER_NOT_FOUND"');
    const isNullable = ['meter', 'feature', 'plan', 'customer', 'subscription', 'invoice', 'creditNote', 'reservation'].includes(
      operation,
    );
    if (isNullable) expect(toForeign).toBe('{"data":{"result":null}}');
    else expect({ refused, path, toForeign }).toEqual({ refused: true, path, toForeign });
    expect(await dump(app.database)).toEqual(before);
  });

  it('the same arguments with our own ids are understood', async () => {
    // A new invoice has no lines yet that could be named.
    for (const [operation, , place] of CASES.filter(([name, path]) => name !== 'createInvoice' || path !== 'input.lines.0.id'))
      expect(await answerTo(operation, own[place.names], place)).not.toContain('NOT_FOUND');
  });
});
