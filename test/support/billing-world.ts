import type { GraphqlClient } from './graphql-client.js';

export interface LineView {
  description: string;
  kind: string;
  quantity: string;
  amount: string;
  periodStart: string | null;
  periodEnd: string | null;
  charge: { type: string } | null;
  explanation: { text: string; exactAmount: string; billableQuantity: string | null };
}

export interface InvoiceView {
  id: string;
  number: string | null;
  status: string;
  kind: string;
  total: string;
  amountDue: string;
  creditsApplied: string;
  periodStart: string | null;
  periodEnd: string | null;
  lines: LineView[];
}

export interface ComparisonView {
  billed: string;
  simulated: string;
  difference: string;
}

export interface SimulationTotalsView extends ComparisonView {
  customers: number;
  winners: number;
  losers: number;
  unchanged: number;
  skipped: { reason: string; subscriptions: number }[];
}

interface Node {
  id: string;
}

const LINE =
  'description kind quantity amount periodStart periodEnd charge { type } explanation { text exactAmount billableQuantity }';
const INVOICE = `id number status kind total amountDue creditsApplied periodStart periodEnd lines { ${LINE} }`;

/** The words that stories are told in: travel, use, subscribe, read the invoices. All of it goes through the public API. */
export class BillingWorld {
  constructor(readonly api: GraphqlClient) {}

  async clock(now: string): Promise<string> {
    const { createTestClock } = await this.api.query<{ createTestClock: Node }>(
      `mutation ($now: DateTime!) { createTestClock(now: $now) { id } }`,
      { now },
    );
    return createTestClock.id;
  }

  async travel(clockId: string, to: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!, $to: DateTime!) { advanceTestClock(id: $id, to: $to) { now } }`, {
      id: clockId,
      to,
    });
  }

  async meter(input: Record<string, unknown>): Promise<string> {
    const { createMeter } = await this.api.query<{ createMeter: Node }>(
      `mutation ($input: CreateMeterInput!) { createMeter(input: $input) { id } }`,
      { input },
    );
    return createMeter.id;
  }

  async plan(input: Record<string, unknown>): Promise<string> {
    const defaults = { name: String(input.lookupKey), billingInterval: 'MONTH', currency: 'USD' };
    const { createPlan } = await this.api.query<{ createPlan: Node }>(
      `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { id } }`,
      { input: { ...defaults, ...input } },
    );
    return createPlan.id;
  }

  async customer(externalId: string, input: Record<string, unknown> = {}): Promise<string> {
    const { createCustomer } = await this.api.query<{ createCustomer: Node }>(
      `mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }`,
      { input: { externalId, ...input } },
    );
    return createCustomer.id;
  }

  async subscribe(customerExternalId: string, planLookupKey: string, input: Record<string, unknown> = {}): Promise<string> {
    const { createSubscription } = await this.api.query<{ createSubscription: Node }>(
      `mutation ($input: CreateSubscriptionInput!) { createSubscription(input: $input) { id } }`,
      { input: { customerExternalId, planLookupKey, ...input } },
    );
    return createSubscription.id;
  }

  async planId(lookupKey: string): Promise<string> {
    const { plan } = await this.api.query<{ plan: Node | null }>(`query ($key: String!) { plan(lookupKey: $key) { id } }`, {
      key: lookupKey,
    });
    if (!plan) throw new Error(`There is no plan ${lookupKey}.`);
    return plan.id;
  }

  async cancel(id: string, timing: 'IMMEDIATE' | 'PERIOD_END', reason?: string): Promise<void> {
    await this.api.query(
      `mutation ($id: ID!, $input: CancelSubscriptionInput!) { cancelSubscription(id: $id, input: $input) { id } }`,
      { id, input: { timing, reason } },
    );
  }

  async changePlan(
    id: string,
    input: { planId: string; timing: 'IMMEDIATE' | 'PERIOD_END'; proration?: string; previewHash?: string },
  ): Promise<void> {
    await this.api.query(
      `mutation ($id: ID!, $input: ChangePlanInput!) { changePlan(subscriptionId: $id, input: $input) { id } }`,
      { id, input },
    );
  }

  async previewPlanChange(
    id: string,
    input: Record<string, unknown>,
  ): Promise<{ lines: LineView[]; total: string; hash: string; effectiveAt: string }> {
    const { previewPlanChange } = await this.api.query<{
      previewPlanChange: { lines: LineView[]; total: string; hash: string; effectiveAt: string };
    }>(
      `query ($id: ID!, $input: ChangePlanInput!) { previewPlanChange(subscriptionId: $id, input: $input) {
         total hash effectiveAt lines { ${LINE} } } }`,
      { id, input },
    );
    return previewPlanChange;
  }

  async pause(id: string, reason?: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!, $reason: String) { pauseSubscription(id: $id, reason: $reason) { id } }`, {
      id,
      reason,
    });
  }

  async resume(id: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!) { resumeSubscription(id: $id) { id } }`, { id });
  }

  async undoCancellation(id: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!) { undoCancellation(id: $id) { id } }`, { id });
  }

  async finalize(invoiceId: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!) { finalizeInvoice(id: $id) { id } }`, { id: invoiceId });
  }

  async deleteDraft(invoiceId: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!) { deleteDraftInvoice(id: $id) }`, { id: invoiceId });
  }

  async pay(invoiceId: string, amount: string): Promise<void> {
    await this.api.query(
      `mutation ($id: ID!, $amount: Decimal!) { recordPayment(invoiceId: $id, input: { amount: $amount }) { id } }`,
      {
        id: invoiceId,
        amount,
      },
    );
  }

  async void(invoiceId: string, options: { reissue?: boolean } = {}): Promise<void> {
    await this.api.query(`mutation ($id: ID!, $reissue: Boolean) { voidInvoice(id: $id, reissue: $reissue) { id } }`, {
      id: invoiceId,
      ...options,
    });
  }

  async writeOff(invoiceId: string): Promise<void> {
    await this.api.query(`mutation ($id: ID!) { markInvoiceUncollectible(id: $id) { id } }`, { id: invoiceId });
  }

  async balance(customerExternalId: string, currency = 'USD'): Promise<string> {
    const { customer } = await this.api.query<{ customer: { balance: string } }>(
      `query ($id: String!, $currency: String!) { customer(externalId: $id) { balance(currency: $currency) } }`,
      { id: customerExternalId, currency },
    );
    return customer.balance;
  }

  /** Records one event that must be accepted. */
  async use(
    meterName: string,
    customerExternalId: string,
    timestamp: string,
    quantity: string | null,
    more: Record<string, unknown> = {},
  ): Promise<void> {
    const { recordUsage } = await this.api.query<{ recordUsage: { accepted: number; results: unknown[] } }>(
      `mutation ($events: [UsageEventInput!]!) { recordUsage(events: $events) { accepted results { verdict code message } } }`,
      { events: [{ meterName, customerExternalId, timestamp, quantity, ...more }] },
    );
    if (recordUsage.accepted !== 1) throw new Error(`Not accepted: ${JSON.stringify(recordUsage.results)}`);
  }

  /** History rated under another plan: the customers by external id, and the totals. */
  async simulate(
    planId: string,
    from: string,
    to: string,
    customerIds: string[] | null = null,
  ): Promise<{ customers: Record<string, ComparisonView>; totals: SimulationTotalsView }> {
    const { simulatePlan } = await this.api.query<{
      simulatePlan: {
        customers: { nodes: (ComparisonView & { customer: { externalId: string } })[] };
        totals: SimulationTotalsView;
      };
    }>(
      `query ($planId: ID!, $from: DateTime!, $to: DateTime!, $customerIds: [ID!]) {
         simulatePlan(planId: $planId, from: $from, to: $to, customerIds: $customerIds) {
           customers(first: 100) { nodes { customer { externalId } billed simulated difference } }
           totals { customers billed simulated difference winners losers unchanged skipped { reason subscriptions } } } }`,
      { planId, from, to, customerIds },
    );
    const { customers, totals } = simulatePlan;
    return { customers: Object.fromEntries(customers.nodes.map(({ customer, ...view }) => [customer.externalId, view])), totals };
  }

  /** The subscription's invoices, oldest first. */
  async invoices(subscriptionId: string): Promise<InvoiceView[]> {
    const { invoices } = await this.api.query<{ invoices: { nodes: InvoiceView[] } }>(
      `query ($id: ID!) { invoices(subscriptionId: $id, first: 100) { nodes { ${INVOICE} } } }`,
      { id: subscriptionId },
    );
    return invoices.nodes.reverse();
  }

  async preview(subscriptionId: string): Promise<InvoiceView> {
    const { previewInvoice } = await this.api.query<{ previewInvoice: InvoiceView }>(
      `query ($id: ID!) { previewInvoice(subscriptionId: $id) { ${INVOICE} } }`,
      { id: subscriptionId },
    );
    return previewInvoice;
  }

  async subscription<View>(id: string, fields: string): Promise<View> {
    const { subscription } = await this.api.query<{ subscription: View }>(
      `query ($id: ID!) { subscription(id: $id) { ${fields} } }`,
      { id },
    );
    return subscription;
  }
}

/** The amounts of an invoice's lines, in order. */
export const amounts = (invoice: InvoiceView): string[] => invoice.lines.map((line) => line.amount);
