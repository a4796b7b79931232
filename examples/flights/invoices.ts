import { Decimal } from 'decimal.js';
import { graphql, type Server } from './api.js';

export interface InvoiceSummary {
  id: string;
  number: string;
  status: string;
  total: string;
  amountPaid: string;
  amountDue: string;
  periodStart: string;
  periodEnd: string;
  customer: { externalId: string };
  subscription: { plan: { lookupKey: string; name: string } };
}

/** All invoices (of these states), newest first, page by page. */
export async function listInvoices(server: Server, status: string[] | null = null): Promise<InvoiceSummary[]> {
  const invoices: InvoiceSummary[] = [];
  for (let after: string | null = null; ;) {
    const page: InvoicePage = await graphql(server, INVOICE_PAGE, { status, after });
    invoices.push(...page.invoices.nodes);
    if (!page.invoices.pageInfo.hasNextPage) return invoices;
    after = page.invoices.pageInfo.endCursor;
  }
}

interface InvoicePage {
  invoices: { nodes: InvoiceSummary[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

const SUMMARY = `id number status total amountPaid amountDue periodStart periodEnd customer { externalId }
  subscription { plan { lookupKey name } }`;

const INVOICE_PAGE = `query ($status: [InvoiceStatus!], $after: String) {
  invoices(status: $status, first: 100, after: $after) {
    nodes { ${SUMMARY} }
    pageInfo { hasNextPage endCursor }
  }
}`;

export interface ExplainedInvoice extends InvoiceSummary {
  lines: { description: string; amount: string; explanation: { text: string } }[];
}

/** An invoice with its lines and how each came about. */
export async function explainedInvoice(server: Server, id: string): Promise<ExplainedInvoice> {
  const { invoice } = await graphql<{ invoice: ExplainedInvoice }>(
    server,
    `query ($id: ID!) { invoice(id: $id) { ${SUMMARY}
       lines { description amount explanation { text } } } }`,
    { id },
  );
  return invoice;
}

export const largestFirst = (invoices: readonly InvoiceSummary[]): InvoiceSummary[] =>
  [...invoices].sort((a, b) => new Decimal(b.total).comparedTo(a.total));
