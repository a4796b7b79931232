import { BillingWorld } from './billing-world.js';
import type { TestApp } from './test-app.js';

export interface EmailView {
  kind: string;
  status: string;
  reason: string | null;
  recipient: string | null;
  subject: string | null;
  bodyText: string | null;
  bodyHtml: string | null;
  messageId: string | null;
  attempts: number;
  lastError: string | null;
  occurredAt: string;
  sentAt: string | null;
}

const FIELDS = 'kind status reason recipient subject bodyText bodyHtml messageId attempts lastError occurredAt sentAt';

/** All mails about an invoice, oldest first. */
export async function emailsOf(app: TestApp, invoiceId: string): Promise<EmailView[]> {
  const { emails } = await app.api.query<{ emails: { nodes: EmailView[] } }>(
    `query ($id: ID!) { emails(invoiceId: $id, first: 100) { nodes { ${FIELDS} } } }`,
    { id: invoiceId },
  );
  return emails.nodes.reverse();
}

export const summary = ({ kind, status, reason }: EmailView): string => [kind, status, reason].filter(Boolean).join(' ');

/** A customer with an OPEN invoice over 30, due 30 days from now. */
export async function openInvoice(app: TestApp, externalId: string, customer: Record<string, unknown>): Promise<string> {
  const world = new BillingWorld(app.api);
  await world.customer(externalId, { name: 'Ada', ...customer });
  const [{ id }] = await world.invoices(await world.subscribe(externalId, 'base'));
  await world.finalize(id);
  return id;
}

/** What `openInvoice` sells, by Acme. */
export async function sellBase(app: TestApp): Promise<void> {
  const charge = { displayName: 'Base', type: 'FIXED', model: 'FLAT', amount: '30', billingTiming: 'IN_ADVANCE' };
  await new BillingWorld(app.api).plan({ lookupKey: 'base', type: 'FIXED', billingInterval: 'YEAR', charges: [charge] });
  await app.database.sql(`UPDATE organizations SET name = 'Acme', email = 'help@acme.example'`);
}

/** What waits for its next attempt need not wait longer. */
export const retryNow = async (app: TestApp): Promise<void> => {
  await app.database.sql('UPDATE graphile_worker._private_jobs SET run_at = now()');
  await app.outbox.runDue();
};
