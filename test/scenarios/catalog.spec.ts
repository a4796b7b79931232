import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Input = Record<string, unknown>;

interface PlanView {
  id: string;
  version: number;
  archivedAt: string | null;
  charges: { unitAmount: string | null; amount: string | null }[];
}

describe('the catalog', () => {
  let app: TestApp;
  let world: BillingWorld;
  let meterId: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    meterId = await world.meter({ name: 'calls', aggregation: 'SUM' });
  });
  afterAll(() => app.close());

  const usage = (lookupKey: string, unitAmount: string): Input => ({
    lookupKey,
    name: 'Plan',
    type: 'USAGE',
    billingInterval: 'MONTH',
    currency: 'USD',
    charges: [{ displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId, unitAmount }],
  });
  const PLAN = 'id version archivedAt charges { unitAmount amount }';
  const version = async (planId: string, input: Input): Promise<PlanView> =>
    (
      await app.api.query<{ createPlanVersion: PlanView }>(
        `mutation ($planId: ID!, $input: CreatePlanInput!) { createPlanVersion(planId: $planId, input: $input) { ${PLAN} } }`,
        { planId, input },
      )
    ).createPlanVersion;
  const plan = async (args: string): Promise<PlanView | null> =>
    (await app.api.query<{ plan: PlanView | null }>(`{ plan(${args}) { ${PLAN} } }`)).plan;
  const archive = (mutation: string, id: string): Promise<{ result: { archivedAt: string } }> =>
    app.api.query(`mutation ($id: ID!) { result: ${mutation}(id: $id) { archivedAt } }`, { id });
  const feature = async (lookupKey: string, type: string, more: Input = {}): Promise<string> =>
    (
      await app.api.query<{ createFeature: { id: string } }>(
        `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id } }`,
        { input: { lookupKey, name: lookupKey, type, ...more } },
      )
    ).createFeature.id;

  describe('versions of a plan', () => {
    it('are numbered from 1; a lookup key alone means the newest', async () => {
      const first = await world.plan(usage('versions', '1'));
      const second = await version(first, usage('versions', '2'));
      const third = await version(first, usage('versions', '3'));
      expect([second.version, third.version]).toEqual([2, 3]);
      expect((await plan('lookupKey: "versions"'))?.charges[0].unitAmount).toBe('3');
      expect((await plan('lookupKey: "versions", version: 1'))?.id).toBe(first);
      expect((await plan('lookupKey: "versions", version: 2'))?.charges[0].unitAmount).toBe('2');
      for (const number of [0, -1, 4]) expect(await plan(`lookupKey: "versions", version: ${number}`)).toBeNull();
      expect((await plan(`id: "${first}"`))?.charges[0].unitAmount).toBe('1');
    });

    it('leave subscribers where they are: they pay the price they signed', async () => {
      const first = await world.plan(usage('stay', '1'));
      await world.customer('ada');
      await world.use('calls', 'ada', '2025-12-10T00:00:00Z', '7');
      const old = await world.subscribe('ada', 'stay', { startAt: '2025-12-01T00:00:00Z' });
      await version(first, usage('stay', '10'));
      await world.customer('bob');
      await world.use('calls', 'bob', '2025-12-10T00:00:00Z', '7');
      const fresh = await world.subscribe('bob', 'stay', { startAt: '2025-12-01T00:00:00Z' });
      const pinned = await world.subscribe('bob', '', { planLookupKey: null, planId: first, startAt: '2025-12-01T00:00:00Z' });
      const totals = await Promise.all(
        [old, fresh, pinned].map(async (id) => (await world.invoices(id)).map(({ total }) => total)),
      );
      expect(totals).toEqual([['7'], ['70'], ['7']]);
      const { plan: signed } = await world.subscription<{ plan: PlanView }>(old, `plan { ${PLAN} }`);
      expect([signed.version, signed.charges[0].unitAmount]).toEqual([1, '1']);
    });

    it('may differ in anything but the lookup key', async () => {
      const first = await world.plan(usage('changes', '1'));
      const second = await version(first, {
        lookupKey: 'changes',
        name: 'Flat now',
        type: 'FIXED',
        billingInterval: 'YEAR',
        currency: 'EUR',
        charges: [{ displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '100.00' }],
      });
      expect(second).toMatchObject({ version: 2, charges: [{ amount: '100', unitAmount: null }] });
    });

    it('made at once get numbers of their own, or are told of the conflict', async () => {
      const first = await world.plan(usage('race', '1'));
      const made = await Promise.allSettled(
        Array.from({ length: 5 }, (_, index) => version(first, usage('race', String(index + 2)))),
      );
      const numbers = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value.version] : []));
      expect(numbers.length).toBeGreaterThan(0);
      expect([...numbers].sort()).toEqual(numbers.map((_, index) => index + 2));
      for (const result of made) if (result.status === 'rejected') expect(String(result.reason)).toContain('"code":"CONFLICT"');
    });
  });

  describe('archived', () => {
    it('a version is closed to new subscriptions, its subscribers go on, the other versions stay open', async () => {
      const first = await world.plan(usage('closing', '1'));
      const { id: second } = await version(first, usage('closing', '2'));
      await world.customer('carl');
      const subscription = await world.subscribe('carl', 'closing');
      const { result } = await archive('archivePlan', second);
      expect(result.archivedAt).toBe('2026-01-01T00:00:00.000Z');
      expect(await archive('archivePlan', second)).toEqual({ result });
      await expect(world.subscribe('carl', 'closing')).rejects.toThrow(/"code":"CONFLICT","field":"planId"/);
      await world.subscribe('carl', '', { planLookupKey: null, planId: first });
      expect(await world.subscription(subscription, 'status')).toEqual({ status: 'ACTIVE' });
    });

    it('a meter or a feature cannot be built on, and stays where it was', async () => {
      const meter = await world.meter({ name: 'old', aggregation: 'SUM' });
      const before = await world.plan({
        ...usage('on-old', '1'),
        charges: [{ displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId: meter, unitAmount: '1' }],
      });
      await archive('archiveMeter', meter);
      await expect(feature('on-old', 'METER', { meterId: meter })).rejects.toThrow(/"field":"meterId"/);
      await expect(
        version(before, {
          ...usage('on-old', '1'),
          charges: [{ displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId: meter, unitAmount: '2' }],
        }),
      ).rejects.toThrow(/"field":"charges\[0\].meterId"/);
      const { plan: kept } = await app.api.query<{ plan: { charges: { meter: { name: string; archivedAt: string } }[] } }>(
        '{ plan(lookupKey: "on-old") { charges { meter { name archivedAt } } } }',
      );
      expect(kept.charges[0].meter).toEqual({ name: 'old', archivedAt: '2026-01-01T00:00:00.000Z' });
    });
  });

  describe('features', () => {
    it('of type METER make their meter, or take one', async () => {
      type View = { createFeature: { meter: { name: string; aggregation: string; token: string } | null } };
      const create = (input: Input): Promise<View> =>
        app.api.query(
          `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { meter { name aggregation token } } }`,
          { input },
        );
      const made = await create({
        lookupKey: 'storage',
        name: 'Storage',
        type: 'METER',
        meter: { name: 'storage', aggregation: 'LAST', carriesOver: true },
      });
      expect(made.createFeature.meter).toMatchObject({ name: 'storage', aggregation: 'LAST' });
      const taken = await create({ lookupKey: 'calls', name: 'Calls', type: 'METER', meterId });
      expect(taken.createFeature.meter).toMatchObject({ name: 'calls' });
      const none = await create({ lookupKey: 'sso', name: 'SSO', type: 'SWITCH' });
      expect(none.createFeature.meter).toBeNull();
    });

    it('are attached to plans with what their type has: a limit, a switch, a value', async () => {
      const ids = {
        metered: await feature('f-metered', 'METER', { meterId }),
        unlimited: await feature('f-unlimited', 'METER', { meterId }),
        switched: await feature('f-switch', 'SWITCH'),
        off: await feature('f-off', 'SWITCH'),
        custom: await feature('f-custom', 'CUSTOM'),
      };
      await world.plan({
        lookupKey: 'featured',
        type: 'FIXED',
        features: [
          { featureId: ids.metered, limit: '1000.50', resetPeriod: 'MONTH', softLimit: true },
          { featureId: ids.unlimited },
          { featureId: ids.switched },
          { featureId: ids.off, enabled: false },
          { featureId: ids.custom, value: 'gold\nsupport' },
        ],
      });
      const { plan: featured } = await app.api.query<{ plan: { features: object[] } }>(
        '{ plan(lookupKey: "featured") { features { feature { lookupKey } enabled limit resetPeriod softLimit value } } }',
      );
      const none = { enabled: true, limit: null, resetPeriod: null, softLimit: false, value: null };
      expect(featured.features).toEqual([
        { feature: { lookupKey: 'f-metered' }, ...none, limit: '1000.5', resetPeriod: 'MONTH', softLimit: true },
        { feature: { lookupKey: 'f-unlimited' }, ...none },
        { feature: { lookupKey: 'f-switch' }, ...none },
        { feature: { lookupKey: 'f-off' }, ...none, enabled: false },
        { feature: { lookupKey: 'f-custom' }, ...none, value: 'gold\nsupport' },
      ]);
    });
  });

  it('prices come back as they were given, to the digit', async () => {
    const charges = [
      { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '9.99', billingTiming: 'IN_ADVANCE' },
      {
        displayName: 'Unit',
        type: 'USAGE',
        model: 'PER_UNIT',
        meterId,
        unitAmount: '0.000000000001',
        includedUnits: '100',
        minimumAmount: '1',
        maximumAmount: '50',
      },
      {
        displayName: 'Pack',
        type: 'USAGE',
        model: 'PACKAGE',
        meterId,
        packageSize: '1000',
        packageAmount: '2.5',
        quantityRounding: 'UP',
        quantityPrecision: -3,
      },
      {
        displayName: 'Tiers',
        type: 'USAGE',
        model: 'GRADUATED',
        meterId,
        tiers: [{ upTo: '10.5', unitAmount: '2', flatAmount: '1' }, { unitAmount: '0' }],
      },
      { displayName: 'Volume', type: 'USAGE', model: 'VOLUME', meterId, tiers: [{ unitAmount: '3' }] },
      { displayName: 'Share', type: 'USAGE', model: 'PERCENTAGE', meterId, rate: '0.015', fixedAmountPerEvent: '0.25' },
    ];
    await world.plan({ lookupKey: 'all', type: 'HYBRID', intervalCount: 3, trialDays: 14, charges });
    const { plan: stored } = await app.api.query<{
      plan: { charges: Input[] };
    }>(`{ plan(lookupKey: "all") { intervalCount trialDays charges {
      displayName type model billingTiming amount unitAmount packageSize packageAmount rate fixedAmountPerEvent includedUnits minimumAmount
      maximumAmount quantityRounding quantityPrecision active tiers { upTo unitAmount flatAmount } meter { name } } } }`);
    expect(stored).toMatchObject({ intervalCount: 3, trialDays: 14 });
    expect(stored.charges).toEqual(
      charges.map(({ meterId: id, ...charge }: Input) => ({
        ...Object.fromEntries(
          [
            'amount',
            'unitAmount',
            'packageSize',
            'packageAmount',
            'rate',
            'fixedAmountPerEvent',
            'minimumAmount',
            'maximumAmount',
            'tiers',
          ].map((field) => [field, null]),
        ),
        ...{ billingTiming: 'IN_ARREARS', includedUnits: '0', quantityRounding: 'NONE', quantityPrecision: 0, active: true },
        ...charge,
        ...(charge.tiers ? { tiers: (charge.tiers as Input[]).map((tier) => ({ upTo: null, flatAmount: '0', ...tier })) } : {}),
        meter: id === undefined ? null : { name: 'calls' },
      })),
    );
  });
});
