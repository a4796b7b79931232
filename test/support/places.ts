import type { Tenant } from './tenant.js';

type Arguments = Record<string, unknown>;

/** One place that takes an id or a lookup text: what belongs there, and the arguments around it, all else being our own. */
export interface Place {
  names: keyof Tenant;
  with: (value: string, own: Tenant) => Arguments;
}

export const TEXTS: readonly (keyof Tenant)[] = [
  'meterName',
  'featureKey',
  'planKey',
  'customerExternalId',
  'invoiceNumber',
  'creditNoteNumber',
];

const id = (names: keyof Tenant): Record<string, Place> => ({ id: { names, with: (value) => ({ id: value }) } });
const cancel = { input: { timing: 'IMMEDIATE' } };
const span = { from: '2025-12-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };
const planInput = ({ planKey, meter, feature }: Pick<Tenant, 'planKey' | 'meter' | 'feature'>): Arguments => ({
  lookupKey: planKey,
  name: 'Plan',
  type: 'USAGE',
  billingInterval: 'MONTH',
  currency: 'USD',
  charges: [{ displayName: 'Use', type: 'USAGE', model: 'PER_UNIT', meterId: meter, unitAmount: '2' }],
  features: [{ featureId: feature }],
});
const inPlan = (around: (own: Tenant) => Arguments): Record<string, Place> => ({
  'input.charges.0.meterId': {
    names: 'meter',
    with: (meter, own) => ({
      ...around(own),
      input: planInput({ ...own, planKey: around(own).planId ? own.planKey : 'new', meter }),
    }),
  },
  'input.features.0.featureId': {
    names: 'feature',
    with: (feature, own) => ({
      ...around(own),
      input: planInput({ ...own, planKey: around(own).planId ? own.planKey : 'new', feature }),
    }),
  },
});
const change = (): Record<string, Place> => ({
  subscriptionId: {
    names: 'subscription',
    with: (value, { plan }) => ({ subscriptionId: value, input: { planId: plan, timing: 'PERIOD_END' } }),
  },
  'input.planId': {
    names: 'plan',
    with: (value, { subscription }) => ({ subscriptionId: subscription, input: { planId: value, timing: 'PERIOD_END' } }),
  },
});
const work = { description: 'Work', quantity: '1', unitAmount: '1' };
const inPartnerApp: Record<string, Place> = {
  partnerAppId: { names: 'partnerApp', with: (partnerAppId, { customer }) => ({ partnerAppId, customerId: customer }) },
  customerId: { names: 'customer', with: (customerId, { partnerApp }) => ({ partnerAppId: partnerApp, customerId }) },
};
const ofCustomer: Record<string, Place> = { customerId: { names: 'customer', with: (customerId) => ({ customerId }) } };
const event = (own: Tenant): Arguments => ({ customerExternalId: own.customerExternalId, quantity: '1' });

/** Inputs that name a customer and a feature. */
const ofCustomerAndFeature = (more: Arguments, inInput = true): Record<string, Place> => {
  const around = (fields: Arguments): Arguments => (inInput ? { input: { ...fields, ...more } } : { ...fields, ...more });
  const path = (name: string): string => (inInput ? `input.${name}` : name);
  return {
    [path('customerId')]: { names: 'customer', with: (customerId, { feature }) => around({ customerId, featureId: feature }) },
    [path('featureId')]: { names: 'feature', with: (featureId, { customer }) => around({ customerId: customer, featureId }) },
  };
};

/** Inputs that name a customer and a feature by texts. */
const ofNames = (): Record<string, Place> => ({
  'input.customerExternalId': {
    names: 'customerExternalId',
    with: (customerExternalId, { featureKey }) => ({
      input: { customerExternalId, featureLookupKey: featureKey, quantity: '1' },
    }),
  },
  'input.featureLookupKey': {
    names: 'featureKey',
    with: (featureLookupKey, { customerExternalId }) => ({ input: { customerExternalId, featureLookupKey, quantity: '1' } }),
  },
});

/** Every place of every operation that takes an id (the test holds the schema against it), or a text to look up. */
export const PLACES: Record<string, Record<string, Place>> = {
  meter: {
    ...id('meter'),
    token: { names: 'meterToken', with: (token) => ({ token }) },
    name: { names: 'meterName', with: (name) => ({ name }) },
  },
  usage: {
    meterId: { names: 'meter', with: (meterId) => ({ meterId, ...span }) },
    customerId: { names: 'customer', with: (customerId, { meter }) => ({ meterId: meter, customerId, ...span }) },
  },
  usageEvents: {
    meterId: { names: 'meter', with: (meterId) => ({ meterId }) },
    customerId: { names: 'customer', with: (customerId) => ({ customerId }) },
  },
  feature: { ...id('feature'), lookupKey: { names: 'featureKey', with: (lookupKey) => ({ lookupKey }) } },
  plan: { ...id('plan'), lookupKey: { names: 'planKey', with: (lookupKey) => ({ lookupKey }) } },
  customer: { ...id('customer'), externalId: { names: 'customerExternalId', with: (externalId) => ({ externalId }) } },
  subscription: id('subscription'),
  subscriptions: {
    customerId: { names: 'customer', with: (customerId) => ({ customerId }) },
    planId: { names: 'plan', with: (planId) => ({ planId }) },
  },
  previewInvoice: { subscriptionId: { names: 'subscription', with: (subscriptionId) => ({ subscriptionId }) } },
  previewPlanChange: change(),
  invoice: { ...id('invoice'), number: { names: 'invoiceNumber', with: (number) => ({ number }) } },
  invoices: {
    customerId: { names: 'customer', with: (customerId) => ({ customerId }) },
    subscriptionId: { names: 'subscription', with: (subscriptionId) => ({ subscriptionId }) },
  },
  simulatePlan: {
    planId: { names: 'plan', with: (planId) => ({ planId, ...span }) },
    'customerIds.0': {
      names: 'customer',
      with: (customerId, { plan }) => ({ planId: plan, customerIds: [customerId], ...span }),
    },
  },
  creditNote: { ...id('creditNote'), number: { names: 'creditNoteNumber', with: (number) => ({ number }) } },
  creditNotes: {
    customerId: { names: 'customer', with: (customerId) => ({ customerId }) },
    invoiceId: { names: 'invoice', with: (invoiceId) => ({ invoiceId }) },
  },
  verifyInvoice: id('invoice'),
  emails: {
    invoiceId: { names: 'invoice', with: (invoiceId) => ({ invoiceId }) },
    customerId: { names: 'customer', with: (customerId) => ({ customerId }) },
  },
  sendInvoice: id('invoice'),
  billingFailures: { subscriptionId: { names: 'subscription', with: (subscriptionId) => ({ subscriptionId }) } },
  retryBilling: { subscriptionId: { names: 'subscription', with: (subscriptionId) => ({ subscriptionId }) } },
  testClock: id('testClock'),
  archiveMeter: id('meter'),
  recordUsage: {
    'events.0.meterToken': { names: 'meterToken', with: (meterToken, own) => ({ events: [{ meterToken, ...event(own) }] }) },
    'events.0.meterName': { names: 'meterName', with: (meterName, own) => ({ events: [{ meterName, ...event(own) }] }) },
  },
  voidUsageEvent: id('usageEvent'),
  createFeature: {
    'input.meterId': {
      names: 'meter',
      with: (meterId) => ({ input: { lookupKey: 'new', name: 'New', type: 'METER', meterId } }),
    },
  },
  archiveFeature: id('feature'),
  createPlan: inPlan(() => ({})),
  createPlanVersion: {
    planId: { names: 'plan', with: (planId, own) => ({ planId, input: planInput(own) }) },
    ...inPlan(({ plan }) => ({ planId: plan })),
  },
  archivePlan: id('plan'),
  createCustomer: {
    'input.testClockId': { names: 'testClock', with: (testClockId) => ({ input: { externalId: 'new', testClockId } }) },
  },
  updateCustomer: { id: { names: 'customer', with: (value) => ({ id: value, input: { name: 'Mallory' } }) } },
  archiveCustomer: id('customer'),
  createSubscription: {
    'input.customerId': { names: 'customer', with: (customerId, { plan }) => ({ input: { customerId, planId: plan } }) },
    'input.planId': { names: 'plan', with: (planId, { customer }) => ({ input: { customerId: customer, planId } }) },
    'input.customerExternalId': {
      names: 'customerExternalId',
      with: (customerExternalId, { plan }) => ({ input: { customerExternalId, planId: plan } }),
    },
    'input.planLookupKey': {
      names: 'planKey',
      with: (planLookupKey, { customer }) => ({ input: { customerId: customer, planLookupKey } }),
    },
  },
  changePlan: change(),
  pauseSubscription: id('subscription'),
  resumeSubscription: id('subscription'),
  cancelSubscription: { id: { names: 'subscription', with: (value) => ({ id: value, ...cancel }) } },
  undoCancellation: id('subscription'),
  createInvoice: {
    'input.customerId': {
      names: 'customer',
      with: (customerId) => ({ input: { customerId, currency: 'USD', lines: [work] } }),
    },
    'input.lines.0.id': {
      names: 'draftLine',
      with: (line, { customer }) => ({ input: { customerId: customer, currency: 'USD', lines: [{ ...work, id: line }] } }),
    },
  },
  updateDraftInvoice: {
    id: { names: 'draft', with: (value) => ({ id: value, input: { memo: 'new' } }) },
    'input.lines.0.id': {
      names: 'draftLine',
      with: (line, { draft }) => ({ id: draft, input: { lines: [{ ...work, id: line }] } }),
    },
  },
  createCreditNote: {
    invoiceId: { names: 'invoice', with: (invoiceId) => ({ invoiceId, input: {} }) },
    'input.lines.0.invoiceLineId': {
      names: 'invoiceLine',
      with: (invoiceLineId, { invoice }) => ({ invoiceId: invoice, input: { lines: [{ invoiceLineId }] } }),
    },
  },
  recordRefund: {
    'input.paymentId': { names: 'payment', with: (paymentId) => ({ input: { paymentId, amount: '1' } }) },
    'input.customerId': { names: 'customer', with: (customerId) => ({ input: { customerId, currency: 'USD', amount: '1' } }) },
  },
  adjustBalance: {
    customerId: { names: 'customer', with: (customerId) => ({ customerId, input: { amount: '1', currency: 'USD' } }) },
  },
  endTaxRate: id('taxRate'),
  deleteDraftInvoice: id('invoice'),
  finalizeInvoice: id('invoice'),
  recordPayment: { invoiceId: { names: 'invoice', with: (invoiceId) => ({ invoiceId, input: { amount: '6' } }) } },
  voidInvoice: id('invoice'),
  markInvoiceUncollectible: id('invoice'),
  amendUsageEvent: { id: { names: 'usageEvent', with: (value) => ({ id: value, input: { quantity: '2' } }) } },
  usageByCustomer: { meterId: { names: 'meter', with: (meterId) => ({ meterId, ...span }) } },
  setAlertThresholds: { featureId: { names: 'feature', with: (featureId) => ({ featureId, thresholds: [50] }) } },
  checkEntitlement: {
    customerExternalId: {
      names: 'customerExternalId',
      with: (customerExternalId, { featureKey }) => ({ customerExternalId, featureLookupKey: featureKey }),
    },
    featureLookupKey: {
      names: 'featureKey',
      with: (featureLookupKey, { customerExternalId }) => ({ customerExternalId, featureLookupKey }),
    },
  },
  entitlementHistory: ofCustomerAndFeature(span, false),
  setEntitlementOverride: ofCustomerAndFeature({ limit: '5' }),
  removeEntitlementOverride: ofCustomerAndFeature({}, false),
  createGrant: ofCustomerAndFeature({ amount: '5' }),
  entitlementAlerts: ofCustomer,
  voidGrant: id('grant'),
  reservation: id('reservation'),
  commitReservation: id('reservation'),
  releaseReservation: id('reservation'),
  consumeEntitlement: ofNames(),
  reserveEntitlement: ofNames(),
  rotateApiKey: id('apiKey'),
  revokeApiKey: id('apiKey'),
  createApiKey: {
    'input.partnerAppId': {
      names: 'partnerApp',
      with: (partnerAppId) => ({ input: { name: 'new', scopes: ['usage.read'], partnerAppId } }),
    },
  },
  updatePartnerApp: { id: { names: 'partnerApp', with: (value) => ({ id: value, input: { name: 'Mallory' } }) } },
  grantCustomer: inPartnerApp,
  revokeCustomer: inPartnerApp,
  archivePartnerApp: id('partnerApp'),
  createPortalSession: ofCustomer,
  endPortalSessions: ofCustomer,
  revokeInvitation: id('invitation'),
  signIn: {
    'input.organizationId': {
      names: 'organization',
      with: (organizationId) => ({ input: { email: 'owner@own.example', password: 'correct horse battery', organizationId } }),
    },
  },
  changeRole: { userId: { names: 'user', with: (userId) => ({ userId, role: 'OWNER' }) } },
  removeUser: id('user'),
  advanceTestClock: { id: { names: 'testClock', with: (value) => ({ id: value, to: '2026-02-01T00:00:00Z' }) } },
};

export const CASES = Object.entries(PLACES).flatMap(([operation, places]) =>
  Object.entries(places).map(([path, place]) => [operation, path, place] as const),
);
