import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/migrate.js';
import { openPortal } from '../support/access.js';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { TestDatabase } from '../support/worker-database.js';

/** An account that owns its database and nothing else: it may not make roles, nor take on those that others made. */
describe('a database account without rights on roles', () => {
  const name = `plain_${randomBytes(6).toString('hex')}`;
  let admin: pg.Client;
  let pool: pg.Pool;
  let app: TestApp;
  beforeAll(async () => {
    admin = new pg.Client({ connectionString: process.env.TEST_POSTGRES_URL });
    await admin.connect();
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'plain'`);
    await admin.query(`CREATE DATABASE ${name} OWNER ${name}`);
    const url = new URL(process.env.TEST_POSTGRES_URL ?? '');
    Object.assign(url, { username: name, password: 'plain', pathname: `/${name}` });
    await migrate(url.toString());
    pool = new pg.Pool({ connectionString: url.toString(), max: 1 });
    const database: TestDatabase = {
      name,
      url: url.toString(),
      sql: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
        (await pool.query<Row>(text, values)).rows,
      disconnect: async () => undefined,
      drop: async () => undefined,
    };
    app = await startTestApp(undefined, database);
  });
  afterAll(async () => {
    await app.close();
    await pool.end();
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.query(`DROP ROLE ${name}`);
    await admin.end();
  });

  it('starts again, bills and keeps its log', async () => {
    await migrate(app.database.url);
    const world = new BillingWorld(app.api);
    await world.plan({
      lookupKey: 'fee',
      type: 'FIXED',
      charges: [{ displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '10' }],
    });
    await world.customer('ada');
    const subscription = await world.subscribe('ada', 'fee', { startAt: '2025-12-01T00:00:00Z' });
    const [draft] = await world.invoices(subscription);
    await world.finalize(draft.id);
    expect((await world.invoices(subscription)).map(({ status, total }) => [status, total])).toEqual([['OPEN', '10']]);
    const { verifyAuditLog } = await app.api.query<{ verifyAuditLog: unknown }>('{ verifyAuditLog { entries brokenAt } }');
    // A plan, a customer, a subscription, a finalization.
    expect(verifyAuditLog).toEqual({ entries: 4, brokenAt: null });
  });

  it('lets in nobody whose limits it could not keep', async () => {
    const customer = await new BillingWorld(app.api).customer('bob');
    const portal = await openPortal(app.api, customer);
    expect(await portal.failure('{ customers { totalCount } }')).toMatchObject({
      message: 'The database account cannot take on the role fluxrate_limited, which this needs.',
      extensions: { code: 'FORBIDDEN' },
    });
  });
});
