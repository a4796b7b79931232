import type { GraphqlClient, GraphqlFailure } from './graphql-client.js';

export interface DeskLine {
  id: string;
  kind: string;
  description: string;
  quantity: string;
  unitAmount: string | null;
  amount: string;
  netAmount: string;
  tax: string;
  taxRate: string | null;
  taxInclusive: boolean;
  edited: boolean;
  explanation: { text: string };
}

export interface DeskInvoice {
  id: string;
  number: string | null;
  status: string;
  kind: string;
  subtotal: string;
  tax: string;
  total: string;
  taxTreatment: string;
  taxes: { name: string; percentage: string; inclusive: boolean; amount: string }[];
  creditsApplied: string;
  amountPaid: string;
  amountCredited: string;
  totalCredited: string;
  amountDue: string;
  issuedAt: string | null;
  dueAt: string | null;
  finalizeAt: string | null;
  memo: string | null;
  lines: DeskLine[];
  payments: { id: string; amount: string; toBalance: string; amountRefunded: string }[];
  creditNotes: { number: string; total: string }[];
  refunds: { amount: string; paymentId: string | null }[];
}

export interface DeskCreditNote {
  id: string;
  number: string;
  subtotal: string;
  tax: string;
  total: string;
  amountApplied: string;
  amountToBalance: string;
  amountRefunded: string;
  lines: { description: string; amount: string; tax: string }[];
}

const LINE = 'id kind description quantity unitAmount amount netAmount tax taxRate taxInclusive edited explanation { text }';
export const DESK_INVOICE = `id number status kind subtotal tax total taxTreatment taxes { name percentage inclusive amount } creditsApplied amountPaid
  amountCredited totalCredited amountDue issuedAt dueAt finalizeAt memo lines { ${LINE} } payments { id amount toBalance amountRefunded }
  creditNotes { number total } refunds { amount paymentId }`;
const CREDIT_NOTE = 'id number subtotal tax total amountApplied amountToBalance amountRefunded lines { description amount tax }';

type Input = Record<string, unknown>;

const MUTATIONS: Record<string, string> = {
  createInvoice: `mutation ($input: CreateInvoiceInput!) { result: createInvoice(input: $input) { ${DESK_INVOICE} } }`,
  updateDraftInvoice: `mutation ($id: ID!, $input: UpdateDraftInvoiceInput!) { result: updateDraftInvoice(id: $id, input: $input) { ${DESK_INVOICE} } }`,
  finalizeInvoice: `mutation ($id: ID!) { result: finalizeInvoice(id: $id) { ${DESK_INVOICE} } }`,
  voidInvoice: `mutation ($id: ID!, $reissue: Boolean) { result: voidInvoice(id: $id, reissue: $reissue) { ${DESK_INVOICE} } }`,
  markInvoiceUncollectible: `mutation ($id: ID!) { result: markInvoiceUncollectible(id: $id) { ${DESK_INVOICE} } }`,
  recordPayment: `mutation ($id: ID!, $input: RecordPaymentInput!) { result: recordPayment(invoiceId: $id, input: $input) { ${DESK_INVOICE} } }`,
  createCreditNote: `mutation ($id: ID!, $input: CreateCreditNoteInput!) { result: createCreditNote(invoiceId: $id, input: $input) { ${CREDIT_NOTE} } }`,
  recordRefund: 'mutation ($input: RecordRefundInput!) { result: recordRefund(input: $input) { id amount currency paymentId } }',
  adjustBalance: `mutation ($id: ID!, $input: AdjustBalanceInput!) { result: adjustBalance(customerId: $id, input: $input) { id currency amount reason memo actor } }`,
  createTaxRate: `mutation ($input: CreateTaxRateInput!) { result: createTaxRate(input: $input) { id percentage validFrom validTo } }`,
  endTaxRate: `mutation ($id: ID!, $validTo: DateTime) { result: endTaxRate(id: $id, validTo: $validTo) { id validTo } }`,
  updateOrganization: `mutation ($input: UpdateOrganizationInput!) { result: updateOrganization(input: $input) { name timeZone currency proration
     graceMinutes paymentTermsDays lateUsage lateUsagePeriods backfillDays createsCustomersFromUsage eventsRetentionDays email
     address { line1 postalCode city country } taxId brandColor locale reminderDays } }`,
  updateCustomer: `mutation ($id: ID!, $input: UpdateCustomerInput!) { result: updateCustomer(id: $id, input: $input) { id graceMinutes paymentTermsDays
     reverseCharge taxId } }`,
};

/** What people do to invoices by hand, through the public API. */
export class InvoiceDesk {
  constructor(readonly api: GraphqlClient) {}

  async do<View>(mutation: string, variables: Input): Promise<View> {
    return (await this.api.query<{ result: View }>(MUTATIONS[mutation], variables)).result;
  }

  /** What the API refuses it with. */
  async refusal(mutation: string, variables: Input): Promise<GraphqlFailure['extensions']> {
    return (await this.api.failure(MUTATIONS[mutation], variables)).extensions;
  }

  create(customerId: string, lines: Input[], more: Input = {}): Promise<DeskInvoice> {
    return this.do('createInvoice', { input: { customerId, currency: 'USD', lines, ...more } });
  }

  edit(id: string, input: Input): Promise<DeskInvoice> {
    return this.do('updateDraftInvoice', { id, input });
  }

  finalize(id: string): Promise<DeskInvoice> {
    return this.do('finalizeInvoice', { id });
  }

  pay(id: string, amount: string): Promise<DeskInvoice> {
    return this.do('recordPayment', { id, input: { amount } });
  }

  credit(id: string, input: Input = {}): Promise<DeskCreditNote> {
    return this.do('createCreditNote', { id, input });
  }

  async invoice(id: string): Promise<DeskInvoice> {
    return (await this.api.query<{ invoice: DeskInvoice }>(`query ($id: ID!) { invoice(id: $id) { ${DESK_INVOICE} } }`, { id }))
      .invoice;
  }

  /** `OVERPAYMENT 69`, oldest first. */
  async ledger(customerId: string): Promise<string[]> {
    const { customer } = await this.api.query<{ customer: { balanceEntries: { nodes: { amount: string; reason: string }[] } } }>(
      `query ($id: ID!) { customer(id: $id) { balanceEntries(first: 100) { nodes { amount reason } } } }`,
      { id: customerId },
    );
    return customer.balanceEntries.nodes.map(({ amount, reason }) => `${reason} ${amount}`).reverse();
  }
}

/** A line by hand. */
export const by = (quantity: string, unitAmount: string, description = 'Work'): Input => ({ description, quantity, unitAmount });
