import { BillingWorld } from './billing-world.js';
import type { GraphqlClient } from './graphql-client.js';
import { by, InvoiceDesk } from './invoice-desk.js';

/** One of everything that a tenant can have: ids, and the texts that things are looked up by. */
export interface Tenant {
  meter: string;
  meterToken: string;
  meterName: string;
  feature: string;
  featureKey: string;
  plan: string;
  planKey: string;
  customer: string;
  customerExternalId: string;
  subscription: string;
  invoice: string;
  invoiceNumber: string;
  invoiceLine: string;
  draft: string;
  draftLine: string;
  payment: string;
  creditNote: string;
  creditNoteNumber: string;
  taxRate: string;
  usageEvent: string;
  apiKey: string;
  testClock: string;
  grant: string;
  reservation: string;
  organization: string;
  partnerApp: string;
  user: string;
  invitation: string;
}

/** Fills a tenant at 2026-01-01, with an invoice for each month since `startAt`, and a credit note for each. `prefix` keeps its texts apart from another's. */
export async function fillTenant(api: GraphqlClient, prefix: string, startAt: string): Promise<Tenant> {
  const world = new BillingWorld(api);
  const meterName = `${prefix}-meter`;
  const meter = await world.meter({ name: meterName, aggregation: 'SUM' });
  const [featureKey, planKey, customerExternalId] = [`${prefix}-feature`, `${prefix}-plan`, `${prefix}-customer`];
  const { createFeature } = await api.query<{ createFeature: { id: string } }>(
    `mutation ($input: CreateFeatureInput!) { createFeature(input: $input) { id } }`,
    { input: { lookupKey: featureKey, name: 'Feature', type: 'METER', meterId: meter } },
  );
  const plan = await world.plan({
    lookupKey: planKey,
    type: 'USAGE',
    charges: [{ displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId: meter, unitAmount: '2' }],
    features: [{ featureId: createFeature.id }],
  });
  const customer = await world.customer(customerExternalId);
  await world.use(meterName, customerExternalId, '2025-12-15T00:00:00Z', '3');
  const subscription = await world.subscribe(customerExternalId, planKey, { startAt });
  const invoices = await world.invoices(subscription);
  for (const { id } of invoices) await api.query(`mutation ($id: ID!) { finalizeInvoice(id: $id) { id } }`, { id });
  const { id: invoice, number } = (await world.invoices(subscription)).at(-1) ?? {};
  const byHand = await fillDesk(new InvoiceDesk(api), customer, invoice ?? '', invoices.length);
  const { createApiKey } = await api.query<{ createApiKey: { apiKey: { id: string } } }>(
    `mutation { createApiKey(input: { name: "second", scopes: ["usage.read"] }) { apiKey { id } } }`,
  );
  await api.query(`mutation ($input: SetEntitlementOverrideInput!) { setEntitlementOverride(input: $input) { id } }`, {
    input: { customerId: customer, featureId: createFeature.id, limit: '100', resetPeriod: 'MONTH' },
  });
  const { createGrant } = await api.query<{ createGrant: { id: string } }>(
    `mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }`,
    { input: { customerId: customer, featureId: createFeature.id, amount: '5' } },
  );
  const { reserveEntitlement } = await api.query<{ reserveEntitlement: { reservation: { id: string } } }>(
    `mutation ($input: ReserveEntitlementInput!) { reserveEntitlement(input: $input) { reservation { id } } }`,
    { input: { customerExternalId, featureLookupKey: featureKey, quantity: '1', expiresInSeconds: 86_400 } },
  );
  const access = await fillAccess(api, prefix, customer);
  const { meter: stored, usageEvents } = await api.query<{ meter: { token: string }; usageEvents: { nodes: { id: string }[] } }>(
    `query ($meter: ID!) { meter(id: $meter) { token } usageEvents { nodes { id } } }`,
    { meter },
  );
  return {
    meter,
    meterToken: stored.token,
    meterName,
    feature: createFeature.id,
    featureKey,
    plan,
    planKey,
    customer,
    customerExternalId,
    subscription,
    invoice: invoice ?? '',
    invoiceNumber: number ?? '',
    ...byHand,
    usageEvent: usageEvents.nodes[0].id,
    apiKey: createApiKey.apiKey.id,
    testClock: await world.clock('2026-01-01T00:00:00Z'),
    grant: createGrant.id,
    reservation: reserveEntitlement.reservation.id,
    ...access,
  };
}

/** A tax rate, a draft by hand, and an invoice that is paid and credited in part, a cent in each of so many notes. */
async function fillDesk(desk: InvoiceDesk, customer: string, invoice: string, notes: number) {
  const rate = { name: 'VAT', country: 'DE', percentage: '19', validFrom: '2025-01-01T00:00:00Z' };
  const { id: taxRate } = await desk.do<{ id: string }>('createTaxRate', { input: rate });
  const paid = await desk.finalize((await desk.create(customer, [by('1', '5')])).id);
  const { payments } = await desk.pay(paid.id, '5');
  const credit = { lines: [{ invoiceLineId: paid.lines[0].id, amount: '0.01' }] };
  for (let count = 1; count < notes; count += 1) await desk.credit(paid.id, credit);
  const note = await desk.credit(paid.id, credit);
  const draft = await desk.create(customer, [by('1', '5')]);
  const { lines } = await desk.invoice(invoice);
  return {
    taxRate,
    payment: payments[0].id,
    creditNote: note.id,
    creditNoteNumber: note.number,
    invoiceLine: lines[0].id,
    draft: draft.id,
    draftLine: draft.lines[0].id,
  };
}

/** Those who have access: a partner app with a key and the customer, the owner, somebody invited, the customer in their portal. */
async function fillAccess(
  api: GraphqlClient,
  prefix: string,
  customer: string,
): Promise<Pick<Tenant, 'organization' | 'partnerApp' | 'user' | 'invitation'>> {
  const owner = { email: `owner@${prefix}.example`, password: 'correct horse battery' };
  const { app, first, invited } = await api.query<{
    app: { id: string };
    first: { user: { id: string } };
    invited: { invitation: { id: string } };
  }>(
    `mutation ($owner: CreateFirstUserInput!, $email: String!) {
       app: createPartnerApp(input: { name: "Partner" }) { id } first: createFirstUser(input: $owner) { user { id } }
       invited: inviteUser(input: { email: $email, role: VIEWER }) { invitation { id } } }`,
    { owner, email: `invited@${prefix}.example` },
  );
  await api.query(
    `mutation ($app: ID!, $customer: ID!) {
       grantCustomer(partnerAppId: $app, customerId: $customer) { id } createPortalSession(customerId: $customer) { expiresAt }
       createApiKey(input: { name: "partner", scopes: ["customers.read"], partnerAppId: $app }) { secret } }`,
    { app: app.id, customer },
  );
  const { viewer } = await api.query<{ viewer: { organizationId: string } }>('{ viewer { organizationId } }');
  return { organization: viewer.organizationId, partnerApp: app.id, user: first.user.id, invitation: invited.invitation.id };
}
