import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { dump } from '../support/database-dump.js';
import type { GraphqlClient } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Input = Record<string, unknown>;
type Row = [what: string, input: Input, field: string | undefined, code?: string];

const nested = (levels: number): Input => (levels === 0 ? {} : { a: nested(levels - 1) });

describe('bad input about customers and their contracts', () => {
  let app: TestApp;
  let live: GraphqlClient;
  let ids: Ids;
  let before: Record<string, string>;
  beforeAll(async () => {
    app = await startTestApp();
    live = await app.addOrganization('sk_live_of_the_other_organization');
    ids = await fill(app);
    before = await dump(app.database);
  });
  afterAll(() => app.close());

  /** `$name` in the variables stands for an id of the world. */
  const filled = (variables: Input): Input =>
    JSON.parse(JSON.stringify(variables).replace(/"\$(\w+)"/g, (_, name: keyof Ids) => `"${ids[name]}"`)) as Input;

  async function expectRefusal(
    document: string,
    variables: Input,
    field: string | undefined,
    code = 'VALIDATION_FAILED',
    api = app.api,
  ) {
    const { extensions } = await api.failure(document, filled(variables));
    expect({ code: extensions.code, field: extensions.field }).toEqual({ code, field });
    expect(await dump(app.database)).toEqual(before);
  }

  const CUSTOMERS: Row[] = [
    ['a name of spaces', { name: '  ' }, 'name'],
    ['a name of 256 characters', { name: '🚀'.repeat(256) }, 'name'],
    ['a name with a control character', { name: 'a\u0007' }, 'name'],
    ['an e-mail without @', { email: 'ada' }, 'email'],
    ['an e-mail of two', { email: 'ada@b.com,c@d.com@e' }, 'email'],
    ['an e-mail with a line break', { email: 'ada@example.com\nBcc: b@example.com' }, 'email'],
    ['an empty e-mail', { email: '' }, 'email'],
    ['an unknown time zone', { timeZone: 'Mars/Phobos' }, 'timeZone'],
    ['an offset for a time zone', { timeZone: '+01:00' }, 'timeZone'],
    ['an abbreviation for a time zone', { timeZone: 'PST' }, 'timeZone'],
    ['a time zone in lower case', { timeZone: 'europe/berlin' }, 'timeZone'],
    ['an empty time zone', { timeZone: '' }, 'timeZone'],
    ['an unknown currency', { currency: 'XYZ' }, 'currency'],
    ['an empty currency', { currency: '' }, 'currency'],
    ['an unknown country', { billingAddress: { country: 'XX' } }, 'billingAddress.country'],
    ['a country of three letters', { billingAddress: { country: 'DEU' } }, 'billingAddress.country'],
    ['a country in lower case', { billingAddress: { country: 'de' } }, 'billingAddress.country'],
    ['a country by name', { billingAddress: { country: 'Germany' } }, 'billingAddress.country'],
    ['an address without a country', { billingAddress: { city: 'Berlin' } }, 'billingAddress.country'],
    ['a line of 256 characters', { billingAddress: { country: 'DE', line1: 'x'.repeat(256) } }, 'billingAddress.line1'],
    ['an unknown field in the address', { billingAddress: { country: 'DE', zip: '1' } }, 'billingAddress.zip'],
    ['a tax id of 65 characters', { taxId: 'x'.repeat(65) }, 'taxId'],
    ['a phone number of 65 characters', { phone: '1'.repeat(65) }, 'phone'],
    ['metadata above 16 KiB', { metadata: { a: 'x'.repeat(16_384) } }, 'metadata'],
    ['metadata nested 65 levels deep', { metadata: nested(65) }, 'metadata.a.a.a.a.a.a.a'],
    ['metadata with NUL', { metadata: { a: ['\u0000'] } }, 'metadata.a[0]'],
    ['metadata that is a list', { metadata: [] }, 'metadata'],
    ['a field that is not theirs to set', { provisional: false }, 'provisional'],
    ['an organization', { organizationId: '018f0000-0000-7000-8000-000000000000' }, 'organizationId'],
  ];
  const CREATE_CUSTOMER = 'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }';
  it.each<Row>([
    ['no external id', { externalId: null }, 'externalId'],
    ['an empty external id', { externalId: '' }, 'externalId'],
    ['an external id of spaces', { externalId: '\u2003' }, 'externalId'],
    ['an external id of 256 characters', { externalId: 'x'.repeat(256) }, 'externalId'],
    ['an external id that is taken', { externalId: 'taken' }, 'externalId', 'CONFLICT'],
    ...CUSTOMERS,
  ])('a new customer with %s', (_, input, field, code = 'VALIDATION_FAILED') =>
    expectRefusal(CREATE_CUSTOMER, { input: { externalId: 'new', ...input } }, field, code),
  );
  it.each(CUSTOMERS)('a customer changed to %s', (_, input, field) =>
    expectRefusal(
      'mutation ($id: ID!, $input: UpdateCustomerInput!) { updateCustomer(id: $id, input: $input) { id } }',
      { id: '$customer', input },
      field,
    ),
  );

  const SUBSCRIBE = 'mutation ($input: CreateSubscriptionInput!) { createSubscription(input: $input) { id } }';
  const CUSTOMER_AND_PLAN = { customerId: '$customer', planId: '$fee' };
  it.each<Row>([
    ['no customer', { customerId: null }, 'customerId'],
    ['two names of a customer', { customerExternalId: 'taken' }, 'customerId'],
    ['no plan', { planId: null }, 'planId'],
    ['two names of a plan', { planLookupKey: 'fee' }, 'planId'],
    ['an archived customer', { customerId: '$archivedCustomer' }, 'customerId', 'CONFLICT'],
    ['an archived plan', { planId: '$archivedPlan' }, 'planId', 'CONFLICT'],
    ['a start after the trial’s end', { startAt: '2026-02-01T00:00:00Z', trialEnd: '2026-01-31T23:59:59Z' }, 'trialEnd'],
    ['a trial that has ended before now', { trialEnd: '2025-12-31T00:00:00Z' }, 'trialEnd'],
    ['a start eleven years ago', { startAt: '2015-01-01T00:00:00Z' }, 'startAt'],
    ['an anchor under CALENDAR', { alignment: 'CALENDAR', billingAnchor: '2026-01-15T00:00:00Z' }, 'billingAnchor'],
    ['an unknown alignment', { alignment: 'LUNAR' }, 'alignment'],
    ['an unknown proration', { proration: 'HOUR' }, 'proration'],
    ['a status', { status: 'ACTIVE' }, 'status'],
  ])('a subscription with %s', (_, input, field, code = 'VALIDATION_FAILED') =>
    expectRefusal(SUBSCRIBE, { input: { ...CUSTOMER_AND_PLAN, ...input } }, field, code),
  );

  const change = 'mutation ($id: ID!, $input: ChangePlanInput!) { changePlan(subscriptionId: $id, input: $input) { id } }';
  const cancel = 'mutation ($id: ID!, $input: CancelSubscriptionInput!) { cancelSubscription(id: $id, input: $input) { id } }';
  const pause = 'mutation ($id: ID!, $reason: String) { pauseSubscription(id: $id, reason: $reason) { id } }';
  const resume = 'mutation ($id: ID!) { resumeSubscription(id: $id) { id } }';
  const undo = 'mutation ($id: ID!) { undoCancellation(id: $id) { id } }';
  const NOW = { timing: 'IMMEDIATE' };
  it.each<[what: string, document: string, variables: Input, field?: string, code?: string]>([
    ['pausing what has not begun', pause, { id: '$pending' }],
    ['pausing what is canceled', pause, { id: '$canceled' }],
    ['resuming what runs', resume, { id: '$active' }],
    ['resuming what is canceled', resume, { id: '$canceled' }],
    ['undoing no cancellation', undo, { id: '$active' }],
    ['undoing a cancellation that took effect', undo, { id: '$canceled' }],
    ['canceling twice', cancel, { id: '$canceled', input: NOW }],
    ['changing the plan of what is canceled', change, { id: '$canceled', input: { planId: '$other', ...NOW } }],
    ['changing to the same plan', change, { id: '$active', input: { planId: '$fee', ...NOW } }, 'planId', 'CONFLICT'],
    [
      'changing to another currency',
      change,
      { id: '$active', input: { planId: '$euros', ...NOW } },
      'planId',
      'VALIDATION_FAILED',
    ],
    ['changing to an archived plan', change, { id: '$active', input: { planId: '$archivedPlan', ...NOW } }, 'planId', 'CONFLICT'],
    [
      'a stale preview',
      change,
      { id: '$active', input: { planId: '$other', ...NOW, previewHash: 'x' } },
      'previewHash',
      'PREVIEW_STALE',
    ],
    ['an unknown timing', cancel, { id: '$active', input: { timing: 'LATER' } }, 'timing', 'VALIDATION_FAILED'],
    [
      'a reason of 1,001 characters',
      cancel,
      { id: '$active', input: { ...NOW, reason: 'x'.repeat(1_001) } },
      'reason',
      'VALIDATION_FAILED',
    ],
    ['such a reason to pause', pause, { id: '$active', reason: 'x'.repeat(1_001) }, 'reason', 'VALIDATION_FAILED'],
  ])('%s', (...[, document, variables, field, code = 'INVALID_TRANSITION']) => expectRefusal(document, variables, field, code));

  const pay = 'mutation ($id: ID!, $input: RecordPaymentInput!) { recordPayment(invoiceId: $id, input: $input) { id } }';
  const byId = (mutation: string): string => `mutation ($id: ID!) { ${mutation}(id: $id) { id } }`;
  it.each<[what: string, document: string, variables: Input, field?: string, code?: string]>([
    ['a payment of 0', pay, { id: '$open', input: { amount: '0' } }, 'amount', 'VALIDATION_FAILED'],
    ['a negative payment', pay, { id: '$open', input: { amount: '-1' } }, 'amount', 'VALIDATION_FAILED'],
    ['a payment of a tenth of a cent', pay, { id: '$open', input: { amount: '1.001' } }, 'amount', 'VALIDATION_FAILED'],
    [
      'a method of 256 characters',
      pay,
      { id: '$open', input: { amount: '1', method: 'x'.repeat(256) } },
      'method',
      'VALIDATION_FAILED',
    ],
    ['a payment on a draft', pay, { id: '$draft', input: { amount: '1' } }],
    ['a payment on what is paid', pay, { id: '$paid', input: { amount: '1' } }],
    ['finalizing twice', byId('finalizeInvoice'), { id: '$open' }],
    ['deleting what is open', 'mutation ($id: ID!) { deleteDraftInvoice(id: $id) }', { id: '$open' }],
    ['voiding what is paid', byId('voidInvoice'), { id: '$paid' }],
    ['writing off a draft', byId('markInvoiceUncollectible'), { id: '$draft' }],
    ['writing off what is paid', byId('markInvoiceUncollectible'), { id: '$paid' }],
    ['previewing what is canceled', 'query ($id: ID!) { previewInvoice(subscriptionId: $id) { id } }', { id: '$canceled' }],
    [
      'a balance in no currency',
      'query ($id: ID!) { customer(id: $id) { balance(currency: "usd") } }',
      { id: '$customer' },
      'currency',
      'VALIDATION_FAILED',
    ],
  ])('%s', (...[, document, variables, field, code = 'INVALID_TRANSITION']) => expectRefusal(document, variables, field, code));

  const createKey = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }';
  const createClock = 'mutation ($now: DateTime!, $name: String) { createTestClock(now: $now, name: $name) { id } }';
  const advance = 'mutation ($id: ID!, $to: DateTime!) { advanceTestClock(id: $id, to: $to) { id } }';
  const KEY = { name: 'key', scopes: ['usage.read'] };
  it.each<[what: string, document: string, variables: Input, field: string]>([
    ['a key without a name', createKey, { input: { ...KEY, name: ' ' } }, 'name'],
    ['a key without scopes', createKey, { input: { ...KEY, scopes: [] } }, 'scopes'],
    ['a key with an unknown scope', createKey, { input: { ...KEY, scopes: ['usage.read', 'root'] } }, 'scopes'],
    ['a key with endless scopes', createKey, { input: { ...KEY, scopes: Array(1_000).fill('usage.read') } }, 'scopes'],
    ['a key that has expired', createKey, { input: { ...KEY, expiresAt: '2026-01-01T00:00:00Z' } }, 'expiresAt'],
    ['a clock with a name of spaces', createClock, { now: '2026-01-01T00:00:00Z', name: ' ' }, 'name'],
    ['a clock turned back', advance, { id: '$clock', to: '2025-12-31T23:59:59Z' }, 'to'],
    ['a clock advanced by 21 years', advance, { id: '$clock', to: '2047-01-01T00:00:00Z' }, 'to'],
  ])('%s', (_, document, variables, field) => expectRefusal(document, variables, field));

  it('a test clock in a live organization', () =>
    expectRefusal(createClock, { now: '2026-01-01T00:00:00Z' }, undefined, 'FORBIDDEN', live));
});

type Ids = Record<
  | 'customer'
  | 'archivedCustomer'
  | 'fee'
  | 'other'
  | 'euros'
  | 'archivedPlan'
  | 'pending'
  | 'active'
  | 'canceled'
  | 'draft'
  | 'open'
  | 'paid'
  | 'clock',
  string
>;

async function fill(app: TestApp): Promise<Ids> {
  const world = new BillingWorld(app.api);
  const plan = (lookupKey: string, currency = 'USD'): Promise<string> =>
    world.plan({
      lookupKey,
      currency,
      type: 'FIXED',
      charges: [{ displayName: 'Fee', type: 'FIXED', model: 'FLAT', amount: '10' }],
    });
  const customer = await world.customer('taken');
  const archivedCustomer = await world.customer('archived');
  const [fee, other, euros, archivedPlan] = [
    await plan('fee'),
    await plan('other'),
    await plan('euros', 'EUR'),
    await plan('old'),
  ];
  const since = (startAt: string): Promise<string> => world.subscribe('taken', 'fee', { startAt });
  const pending = await since('2026-02-01T00:00:00Z');
  const active = await since('2025-10-01T00:00:00Z');
  const canceled = await since('2025-12-15T00:00:00Z');
  await world.cancel(canceled, 'IMMEDIATE');
  const [paid, open, draft] = (await world.invoices(active)).map(({ id }) => id);
  await app.api.query(
    `mutation ($customer: ID!, $plan: ID!, $open: ID!, $paid: ID!) {
       archiveCustomer(id: $customer) { id } archivePlan(id: $plan) { id } first: finalizeInvoice(id: $open) { id }
       second: finalizeInvoice(id: $paid) { id } recordPayment(invoiceId: $paid, input: { amount: "10" }) { id } }`,
    { customer: archivedCustomer, plan: archivedPlan, open, paid },
  );
  const clock = await world.clock('2026-01-01T00:00:00Z');
  return { customer, archivedCustomer, fee, other, euros, archivedPlan, pending, active, canceled, draft, open, paid, clock };
}
