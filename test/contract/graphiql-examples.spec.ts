import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exampleOperations } from '../../src/graphiql/examples.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Whatever the day, last month's usage must be young enough to be taken, and its invoice due. */
describe.each(['2026-03-31T23:59:59Z', '2026-01-01T00:00:00Z'])('the example operations of GraphiQL on %s', (now) => {
  const clock = new FakeClock(now);
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(clock);
  });
  afterAll(() => app.close());

  it('tell one story when they are run in order, each with the ids that those before it told', async () => {
    const known: Record<string, unknown> = {};
    const answers: unknown[] = [];
    for (const { query, variables = {}, remembers = {} } of exampleOperations(clock.now())) {
      const filled = Object.entries(variables).map(([name, value]) => [name, value === '' ? known[name] : value]);
      const data = await app.api.query<Record<string, unknown>>(query, Object.fromEntries(filled) as Record<string, unknown>);
      for (const [name, path] of Object.entries(remembers)) {
        known[name] = path.split('.').reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], data);
        expect(typeof known[name]).toBe('string');
      }
      answers.push(data);
    }
    // 12,345 and 655 calls of last month at 0.001; 42 of this month.
    expect(answers).toHaveLength(8);
    expect(answers[3]).toMatchObject({ recordUsage: { accepted: 3 } });
    expect(answers[5]).toMatchObject({ previewInvoice: { total: '0.04' } });
    expect(answers[6]).toMatchObject({ invoices: { nodes: [{ status: 'DRAFT', total: '13' }] } });
    expect(answers[7]).toMatchObject({ finalizeInvoice: { status: 'OPEN', total: '13' } });
  });
});
