import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Input = Record<string, unknown>;
type Ids = Record<
  'meter' | 'archivedMeter' | 'meterFeature' | 'switchFeature' | 'customFeature' | 'archivedFeature' | 'plan',
  string
>;
type Row = [what: string, input: Input, field: string, code?: string];

const CREATE_METER = `mutation ($input: CreateMeterInput!) { createMeter(input: $input) { id } }`;
const CREATE_FEATURE = `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id } }`;
const CREATE_PLAN = `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { id } }`;
const CREATE_VERSION = `mutation ($planId: ID!, $input: CreatePlanInput!) { createPlanVersion(planId: $planId, input: $input) { id } }`;

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

describe('bad input to the catalog', () => {
  let app: TestApp;
  let ids: Ids;
  let before: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    ids = await fill(app);
    before = await dump(app.database);
  });
  afterAll(() => app.close());

  /** `$name` in the input stands for an id of the world. */
  const filled = (input: Input): Input =>
    JSON.parse(JSON.stringify(input).replace(/"\$(\w+)"/g, (_, name: keyof Ids) => `"${ids[name]}"`)) as Input;

  async function expectRefusal(document: string, variables: Input, field: string, code: string): Promise<void> {
    const { extensions } = await app.api.failure(document, filled(variables));
    expect(extensions).toMatchObject({ code, field });
    expect(await dump(app.database)).toEqual(before);
  }

  const METER = { name: 'new', aggregation: 'SUM' };
  it.each<Row>([
    ['no name', { name: '' }, 'name'],
    ['a name of spaces', { name: ' \t ' }, 'name'],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'name'],
    ['a name that is taken', { name: 'taken' }, 'name', 'CONFLICT'],
    ['an unknown aggregation', { aggregation: 'AVG' }, 'aggregation'],
    ['an aggregation in lower case', { aggregation: 'sum' }, 'aggregation'],
    ['a valueProperty for COUNT', { aggregation: 'COUNT', valueProperty: 'a' }, 'valueProperty'],
    ['an empty valueProperty', { valueProperty: '' }, 'valueProperty'],
    ['carriesOver for SUM', { carriesOver: true }, 'carriesOver'],
    ['carriesOver for UNIQUE_COUNT', { aggregation: 'UNIQUE_COUNT', carriesOver: true }, 'carriesOver'],
    ['allowsNegative for MAX', { aggregation: 'MAX', allowsNegative: true }, 'allowsNegative'],
    ['a unit of 10,000 characters', { unit: 'x'.repeat(10_000) }, 'unit'],
    ['a filter without values', { filters: [{ property: 'a', values: [] }] }, 'filters[0].values'],
    ['a filter without property', { filters: [{ property: ' ', values: ['x'] }] }, 'filters[0].property'],
    ['21 filters', { filters: many(21, (index) => ({ property: `p${index}`, values: ['x'] })) }, 'filters'],
    ['201 values of a filter', { filters: [{ property: 'a', values: many(201, String) }] }, 'filters[0].values'],
    ['an unknown field', { token: '018f0000-0000-7000-8000-000000000000' }, 'token'],
    ['an id of the caller’s choice', { id: '018f0000-0000-7000-8000-000000000000' }, 'id'],
    ['another organization', { organizationId: '018f0000-0000-7000-8000-000000000000' }, 'organizationId'],
  ])('a meter with %s', (_, input, field, code = 'VALIDATION_FAILED') =>
    expectRefusal(CREATE_METER, { input: { ...METER, ...input } }, field, code),
  );

  const FEATURE = { lookupKey: 'new', name: 'New', type: 'SWITCH' };
  it.each<Row>([
    ['of type METER without meter', { type: 'METER' }, 'meterId'],
    ['with a meter twice', { type: 'METER', meterId: '$meter', meter: METER }, 'meterId'],
    ['of type SWITCH with a meter', { meterId: '$meter' }, 'meterId'],
    ['of type CUSTOM that makes a meter', { type: 'CUSTOM', meter: METER }, 'meter'],
    ['on an archived meter', { type: 'METER', meterId: '$archivedMeter' }, 'meterId', 'CONFLICT'],
    ['that makes a bad meter', { type: 'METER', meter: { ...METER, name: '' } }, 'meter.name'],
    ['whose meter’s name is taken', { type: 'METER', meter: { ...METER, name: 'taken' } }, 'meter.name', 'CONFLICT'],
    ['with a lookup key that is taken', { lookupKey: 'taken' }, 'lookupKey', 'CONFLICT'],
    ['with a lookup key of spaces', { lookupKey: ' ' }, 'lookupKey'],
    ['with a lookup key that has a slash', { lookupKey: 'a/b' }, 'lookupKey'],
    ['with a lookup key of 129 characters', { lookupKey: 'x'.repeat(129) }, 'lookupKey'],
    ['with a lookup key that ends in a line break', { lookupKey: 'a\n' }, 'lookupKey'],
    ['without a name', { name: '' }, 'name'],
    ['with a description of 2,001 characters', { description: 'x'.repeat(2_001) }, 'description'],
    ['of an unknown type', { type: 'GAUGE' }, 'type'],
  ])('a feature %s', (_, input, field, code = 'VALIDATION_FAILED') =>
    expectRefusal(CREATE_FEATURE, { input: { ...FEATURE, ...input } }, field, code),
  );

  const FEE = { displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '10' };
  const USE = { displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId: '$meter', unitAmount: '1' };
  const PLAN = { lookupKey: 'new', name: 'New', type: 'USAGE', billingInterval: 'MONTH', currency: 'USD', charges: [USE] };
  const fee = (charge: Input): Input => ({ type: 'FIXED', charges: [{ ...FEE, ...charge }] });
  const use = (charge: Input): Input => ({ charges: [{ ...USE, ...charge }] });
  const tiered = (...tiers: Input[]): Input => use({ model: 'GRADUATED', unitAmount: null, tiers });
  const withFeature = (feature: Input): Input => ({ features: [feature] });
  it.each<Row>([
    ['a lookup key that is taken', { lookupKey: 'taken' }, 'lookupKey', 'CONFLICT'],
    ['a currency that is none', { currency: 'XYZ' }, 'currency'],
    ['a currency in lower case', { currency: 'usd' }, 'currency'],
    ['a currency that was given up', { currency: 'DEM' }, 'currency'],
    ['no currency', { currency: '' }, 'currency'],
    ['an unknown type', { type: 'FREE' }, 'type'],
    ['an unknown interval', { billingInterval: 'QUARTER' }, 'billingInterval'],
    ['intervalCount 0', { intervalCount: 0 }, 'intervalCount'],
    ['intervalCount -1', { intervalCount: -1 }, 'intervalCount'],
    ['a period of eleven years', { intervalCount: 132 }, 'intervalCount'],
    ['negative trialDays', { trialDays: -1 }, 'trialDays'],
    ['a trial of eleven years', { trialDays: 4_015 }, 'trialDays'],
    ['type FIXED and a usage charge', { type: 'FIXED' }, 'charges[0].type'],
    ['type USAGE and a fixed charge', { charges: [USE, FEE] }, 'charges[1].type'],
    ['type USAGE and no charge', { charges: [] }, 'type'],
    ['type HYBRID and no fixed charge', { type: 'HYBRID' }, 'type'],
    ['type HYBRID and no usage charge', { type: 'HYBRID', charges: [FEE] }, 'type'],
    ['101 charges', { charges: many(101, () => USE) }, 'charges'],
    ['201 features', { features: many(201, () => ({ featureId: '$switchFeature' })) }, 'features'],
    ['a feature twice', { features: many(2, () => ({ featureId: '$switchFeature' })) }, 'features', 'CONFLICT'],
    ['an archived feature', withFeature({ featureId: '$archivedFeature' }), 'features[0].featureId', 'CONFLICT'],
    ['a limit on a SWITCH', withFeature({ featureId: '$switchFeature', limit: '5' }), 'features[0].limit'],
    ['a limit of 0 on a SWITCH', withFeature({ featureId: '$switchFeature', limit: '0' }), 'features[0].limit'],
    ['a reset period on a SWITCH', withFeature({ featureId: '$switchFeature', resetPeriod: 'DAY' }), 'features[0].resetPeriod'],
    [
      'a soft limit on a CUSTOM',
      withFeature({ featureId: '$customFeature', value: 'x', softLimit: true }),
      'features[0].softLimit',
    ],
    ['a value on a METER', withFeature({ featureId: '$meterFeature', value: 'x' }), 'features[0].value'],
    ['a CUSTOM without value', withFeature({ featureId: '$customFeature' }), 'features[0].value'],
    ['a negative limit', withFeature({ featureId: '$meterFeature', limit: '-1' }), 'features[0].limit'],
    ['a value of 1,001 characters', withFeature({ featureId: '$customFeature', value: 'x'.repeat(1_001) }), 'features[0].value'],
    ['a negative price', use({ unitAmount: '-0.001' }), 'charges[0].unitAmount'],
    ['a negative fee', fee({ amount: '-1' }), 'charges[0].amount'],
    ['no price', use({ unitAmount: null }), 'charges[0].unitAmount'],
    ['the price of another model', use({ packageSize: '10' }), 'charges[0].packageSize'],
    ['usage without meter', use({ meterId: null }), 'charges[0].meterId'],
    ['usage on an archived meter', use({ meterId: '$archivedMeter' }), 'charges[0].meterId', 'CONFLICT'],
    ['usage billed in advance', use({ billingTiming: 'IN_ADVANCE' }), 'charges[0].billingTiming'],
    ['usage at a flat fee', use({ model: 'FLAT', unitAmount: null, amount: '1' }), 'charges[0].model'],
    ['a fee with a meter', fee({ meterId: '$meter' }), 'charges[0].meterId'],
    ['a fee per unit', fee({ model: 'PER_UNIT', amount: null, unitAmount: '1' }), 'charges[0].model'],
    [
      'packages of 0',
      use({ model: 'PACKAGE', unitAmount: null, packageSize: '0', packageAmount: '1' }),
      'charges[0].packageSize',
    ],
    ['a minimum above the maximum', use({ minimumAmount: '2', maximumAmount: '1' }), 'charges[0].minimumAmount'],
    ['negative included units', use({ includedUnits: '-1' }), 'charges[0].includedUnits'],
    ['a charge without a name', use({ displayName: ' ' }), 'charges[0].displayName'],
    ['a rounding finer than is kept', use({ quantityRounding: 'UP', quantityPrecision: 13 }), 'charges[0].quantityPrecision'],
    ['no tiers', tiered(), 'charges[0].tiers'],
    [
      'tiers out of order',
      tiered({ upTo: '10', unitAmount: '1' }, { upTo: '5', unitAmount: '1' }, { unitAmount: '1' }),
      'charges[0].tiers[1].upTo',
    ],
    [
      'overlapping tiers',
      tiered({ upTo: '10', unitAmount: '2' }, { upTo: '10', unitAmount: '1' }, { unitAmount: '1' }),
      'charges[0].tiers[1].upTo',
    ],
    [
      'tiers equal but for zeros',
      tiered({ upTo: '10', unitAmount: '2' }, { upTo: '10.00', unitAmount: '1' }, { unitAmount: '1' }),
      'charges[0].tiers[1].upTo',
    ],
    ['a first tier up to 0', tiered({ upTo: '0', unitAmount: '1' }, { unitAmount: '1' }), 'charges[0].tiers[0].upTo'],
    ['two open tiers', tiered({ unitAmount: '1' }, { unitAmount: '1' }), 'charges[0].tiers[0].upTo'],
    [
      'a last tier with a bound',
      tiered({ upTo: '10', unitAmount: '1' }, { upTo: '20', unitAmount: '1' }),
      'charges[0].tiers[1].upTo',
    ],
    ['a negative tier', tiered({ upTo: '10', unitAmount: '-1' }, { unitAmount: '1' }), 'charges[0].tiers[0].unitAmount'],
    ['a negative flat fee of a tier', tiered({ unitAmount: '1', flatAmount: '-1' }), 'charges[0].tiers[0].flatAmount'],
    [
      '101 tiers',
      tiered(...many(101, (index) => ({ upTo: index < 100 ? String(index + 1) : null, unitAmount: '1' }))),
      'charges[0].tiers',
    ],
    ['a tier without a price', tiered({ upTo: '10' }), 'charges[0].tiers[0].unitAmount'],
    ['an unknown field in a tier', tiered({ unitAmount: '1', perUnit: '1' }), 'charges[0].tiers[0].perUnit'],
  ])('a plan with %s', (_, input, field, code = 'VALIDATION_FAILED') =>
    expectRefusal(CREATE_PLAN, { input: { ...PLAN, ...input } }, field, code),
  );

  it.each<Row>([
    ['another lookup key', {}, 'lookupKey'],
    ['a bad charge', { lookupKey: 'taken', ...use({ unitAmount: '-1' }) }, 'charges[0].unitAmount'],
    ['another currency that is none', { lookupKey: 'taken', currency: 'EURO' }, 'currency'],
  ])('a version with %s', (_, input, field) =>
    expectRefusal(CREATE_VERSION, { planId: '$plan', input: { ...PLAN, ...input } }, field, 'VALIDATION_FAILED'),
  );

  it('nothing of a feature that fails is left behind, its new meter included', async () => {
    const meter = { name: 'left behind', aggregation: 'SUM' };
    await expectRefusal(
      CREATE_FEATURE,
      { input: { ...FEATURE, lookupKey: 'taken', type: 'METER', meter } },
      'lookupKey',
      'CONFLICT',
    );
    expect(await app.api.query('{ meter(name: "left behind") { id } }')).toEqual({ meter: null });
  });
});

async function fill(app: TestApp): Promise<Ids> {
  const world = new BillingWorld(app.api);
  const feature = async (input: Input): Promise<string> =>
    (await app.api.query<{ createFeature: { id: string } }>(CREATE_FEATURE, { input })).createFeature.id;
  const meter = await world.meter({ name: 'taken', aggregation: 'SUM' });
  const archivedMeter = await world.meter({ name: 'archived', aggregation: 'SUM' });
  const archivedFeature = await feature({ lookupKey: 'archived', name: 'Archived', type: 'SWITCH' });
  await app.api.query(
    `mutation ($meter: ID!, $feature: ID!) { archiveMeter(id: $meter) { id } archiveFeature(id: $feature) { id } }`,
    {
      meter: archivedMeter,
      feature: archivedFeature,
    },
  );
  return {
    meter,
    archivedMeter,
    archivedFeature,
    meterFeature: await feature({ lookupKey: 'metered', name: 'Metered', type: 'METER', meterId: meter }),
    switchFeature: await feature({ lookupKey: 'taken', name: 'Switch', type: 'SWITCH' }),
    customFeature: await feature({ lookupKey: 'custom', name: 'Custom', type: 'CUSTOM' }),
    plan: await world.plan({ lookupKey: 'taken', type: 'FIXED' }),
  };
}
