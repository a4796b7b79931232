import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AlertsService, entitlementAlertRaised, UsageWatch } from '../../src/modules/entitlements/index.js';
import { DomainEvents } from '../../src/platform/events/domain-events.js';
import { EntitlementWorld } from '../support/entitlement-world.js';
import { FakeClock } from '../support/fake-clock.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('entitlement alerts', () => {
  const clock = new FakeClock('2026-01-10T00:00:00Z');
  let app: TestApp;
  let world: EntitlementWorld;
  let featureId: string;
  beforeAll(async () => {
    app = await startTestApp(clock);
    world = new EntitlementWorld(app.api);
    featureId = await world.meterFeature('calls', {}, { alertThresholds: [100, 80, 80, 120] });
    await world.planWith('soft', [{ featureId, limit: '10', resetPeriod: 'MONTH', softLimit: true }]);
  });
  afterAll(() => app.close());

  let customers = 0;
  const subscribed = async (): Promise<{ id: string; customer: string }> => {
    const customer = `customer-${(customers += 1)}`;
    const id = await world.customer(customer);
    await world.subscribe(customer, 'soft');
    return { id, customer };
  };
  /** `LIMIT_REACHED 100 at 10/10`, oldest first. */
  const alerts = async (id: string): Promise<string[]> => {
    const { entitlementAlerts } = await app.api.query<{
      entitlementAlerts: { nodes: { kind: string; threshold: number; used: string; limit: string }[] };
    }>('query ($id: ID!) { entitlementAlerts(customerId: $id) { nodes { kind threshold used limit } } }', { id });
    return entitlementAlerts.nodes
      .map(({ kind, threshold, used, limit }) => `${kind} ${threshold} at ${used}/${limit}`)
      .reverse();
  };
  const consume = (customer: string, quantity: string): Promise<unknown> =>
    app.api.query('mutation ($input: ConsumeEntitlementInput!) { consumeEntitlement(input: $input) { allowed } }', {
      input: { customerExternalId: customer, featureLookupKey: 'calls', quantity },
    });

  it('are raised with what is consumed, once a threshold and window', async () => {
    const { id, customer } = await subscribed();
    await consume(customer, '7.9');
    expect(await alerts(id)).toEqual([]);
    await consume(customer, '0.1');
    await consume(customer, '1');
    expect(await alerts(id)).toEqual(['THRESHOLD_REACHED 80 at 8/10']);
    await consume(customer, '4');
    expect((await alerts(id)).slice(1).sort()).toEqual([
      'LIMIT_REACHED 100 at 13/10',
      'THRESHOLD_REACHED 100 at 13/10',
      'THRESHOLD_REACHED 120 at 13/10',
    ]);
    await app.nest.get(AlertsService).sweep();
    expect(await alerts(id)).toHaveLength(4);
    clock.set('2026-02-10T00:00:00Z');
    await consume(customer, '9');
    expect((await alerts(id)).slice(4)).toEqual(['THRESHOLD_REACHED 80 at 9/10']);
    clock.set('2026-01-10T00:00:00Z');
  });

  it('follow usage that was sent without asking', async () => {
    const { id, customer } = await subscribed();
    await world.use('calls', customer, '2026-01-10T00:00:00Z', '10');
    await app.nest.get(UsageWatch).look();
    expect((await alerts(id)).sort()).toEqual([
      'LIMIT_REACHED 100 at 10/10',
      'THRESHOLD_REACHED 100 at 10/10',
      'THRESHOLD_REACHED 80 at 10/10',
    ]);
  });

  it('are found by the job when nobody noticed, and by two at once only once', async () => {
    const { id, customer } = await subscribed();
    await world.use('calls', customer, '2026-01-10T00:00:00Z', '8');
    // As if the process that stored it had ended.
    const other = await startTestApp(clock, app.database);
    try {
      await Promise.all([other.nest.get(AlertsService).sweep(), app.nest.get(AlertsService).sweep()]);
    } finally {
      await other.close();
    }
    expect(await alerts(id)).toEqual(['THRESHOLD_REACHED 80 at 8/10']);
  });

  it('leave through the outbox, each once, to whoever listens', async () => {
    const heard: string[] = [];
    const ids: string[] = [];
    let failures = 1;
    app.nest.get(DomainEvents).on(entitlementAlertRaised, async (tx, { type, alert }) => {
      if (failures-- > 0) throw new Error('The listener fails, once.');
      const [{ external_id: customer }] = await tx.query<{ external_id: string }[]>(
        'SELECT external_id FROM customers WHERE id = $1',
        [alert.customerId],
      );
      ids.push(alert.id);
      heard.push(`${customer} ${type} ${alert.threshold}`);
    });
    const { customer } = await subscribed();
    await app.outbox.runDue();
    const before = heard.length;
    await consume(customer, '10');
    await app.outbox.runDue();
    expect(heard.slice(before).sort()).toEqual([
      `${customer} entitlement.limit_reached 100`,
      `${customer} entitlement.threshold_reached 100`,
      `${customer} entitlement.threshold_reached 80`,
    ]);
    // What failed is tried again later.
    await app.database.sql('UPDATE graphile_worker._private_jobs SET run_at = now() - interval $$1 second$$');
    await app.outbox.runDue();
    expect(new Set(ids).size).toBe(ids.length);
    expect(await app.database.sql('SELECT 1 FROM entitlement_alerts WHERE published_at IS NULL')).toEqual([]);
  });

  it('have thresholds that can be changed, within reason', async () => {
    const set = (thresholds: number[]): Promise<unknown> =>
      app.api.query(
        'mutation ($id: ID!, $thresholds: [Int!]!) { setAlertThresholds(featureId: $id, thresholds: $thresholds) { alertThresholds } }',
        { id: featureId, thresholds },
      );
    expect(await set([90, 50])).toEqual({ setAlertThresholds: { alertThresholds: [50, 90] } });
    for (const bad of [[0], [1_001], [-5], Array.from({ length: 11 }, (_, index) => index + 1)])
      await expect(set(bad)).rejects.toThrow(/VALIDATION_FAILED.*alertThresholds/);
    expect(await set([])).toEqual({ setAlertThresholds: { alertThresholds: [] } });
  });
});
