import type { EntityManager } from 'typeorm';
import { newId } from '../../../platform/database/ids.js';
import { insertRows } from '../../../platform/database/insert-rows.js';
import { decimalText, type Decimal } from '../../../shared/decimal.js';
import type { Span } from '../../../shared/calendar.js';
import { Subscription, SubscriptionTransition, type Advance } from '../../subscriptions/index.js';
import type { LineToBill } from '../domain/diff-lines.js';
import { BalanceEntry } from '../balance-entry.entity.js';
import { totalsOf, type InvoiceTotals } from '../domain/tax.js';
import { Invoice, InvoiceLine } from '../invoice.entity.js';
import type { BillingTerms } from './load-billing-terms.query.js';
import { totalColumns } from './retax-lines.query.js';

/** A subscription brought to `at`: what it has become, and the lines to put on an invoice. */
export interface SettledTask {
  subscription: Subscription;
  customerId: string;
  at: Date;
  /** When the draft is made: at `at`, or now where `at` is past. The review window runs from then on. */
  draftedAt: Date;
  actor: string;
  reason: string | null;
  advanced: Advance;
  terms: BillingTerms;
  currency: string;
  lines: LineToBill[];
  /** The cut-off of the usage on the lines. */
  knownSnapshot: string;
}

const MINUTE_MS = 60_000;

/** Writes invoices, lines, states and transitions of many subscriptions in bulk, replacing drafts of the same instants. */
export async function storeBilling(tx: EntityManager, tasks: SettledTask[], realNow: Date): Promise<void> {
  const earlier = await takeEarlierInvoices(tx, tasks);
  const invoices: Invoice[] = [];
  const lines: InvoiceLine[] = [];
  const credits: BalanceEntry[] = [];
  for (const task of tasks) {
    if (task.lines.length === 0) continue;
    const draft = draftOf(task, earlier.get(task.subscription.id) ?? 0, realNow);
    if (draft.credit) credits.push(draft.credit);
    invoices.push(draft.invoice);
    lines.push(...draft.lines);
  }
  await insertRows(tx, Invoice, invoices);
  await insertRows(tx, InvoiceLine, lines);
  await insertRows(tx, BalanceEntry, credits);
  await updateSubscriptions(tx, tasks);
  await insertRows(tx, SubscriptionTransition, transitionsOf(tasks, realNow));
}

/** The invoice of a task's lines. Lines that sum to a credit are kept as customer balance (docs/billing-rules.md §8). */
export function draftOf(
  task: SettledTask,
  ordinal: number,
  realNow: Date,
): { invoice: Invoice; lines: InvoiceLine[]; credit: BalanceEntry | null } {
  const totals = totalsOf(
    task.lines.map((line) => line.amount),
    task.terms.taxation,
    task.currency,
  );
  const invoice = invoiceOf(task, ordinal, totals);
  const lines = linesOf(task, invoice, realNow, totals.taxes);
  if (totals.credit.isZero()) return { invoice, lines, credit: null };
  return {
    invoice,
    lines: [...lines, balanceLine(invoice, lines.length, totals.credit)],
    credit: creditOf(invoice, totals.credit, realNow),
  };
}

/**
 * Deletes drafts billed at the same instants, which these tasks replace, and counts what else was billed then: a subscription
 * that changes twice on one instant after the first change was finalized, or edited by hand, gets a second invoice. Served by invoices_billing_key.
 */
async function takeEarlierInvoices(tx: EntityManager, tasks: SettledTask[]): Promise<Map<string, number>> {
  const keys = [
    tasks.map(({ subscription }) => subscription.organizationId),
    tasks.map(({ subscription }) => subscription.id),
    tasks.map(({ at }) => at),
  ];
  await tx.query(
    `DELETE FROM invoices i USING unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (organization_id, subscription_id, billed_at)
      WHERE i.organization_id = w.organization_id AND i.subscription_id = w.subscription_id AND i.billed_at = w.billed_at AND i.status = 'DRAFT' AND NOT i.edited`,
    keys,
  );
  const rows = await tx.query<{ subscription_id: string; next: number }[]>(
    `SELECT i.subscription_id, max(i.ordinal) + 1 AS next FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (organization_id, subscription_id, billed_at)
       JOIN invoices i ON i.organization_id = w.organization_id AND i.subscription_id = w.subscription_id AND i.billed_at = w.billed_at
      GROUP BY i.subscription_id`,
    keys,
  );
  return new Map(rows.map((row) => [row.subscription_id, row.next]));
}

function invoiceOf(task: SettledTask, ordinal: number, totals: InvoiceTotals): Invoice {
  const { subscription, terms, at, draftedAt } = task;
  const isCredit = !totals.credit.isZero();
  const period = invoicePeriod(task);
  return {
    organizationId: subscription.organizationId,
    id: newId(),
    customerId: task.customerId,
    subscriptionId: subscription.id,
    testClockId: subscription.testClockId,
    kind: isCredit ? 'CREDIT' : 'SUBSCRIPTION',
    number: null,
    status: isCredit ? 'PAID' : 'DRAFT',
    currency: task.currency,
    billedAt: at,
    ordinal,
    periodStart: period?.start ?? null,
    periodEnd: period?.end ?? null,
    issuedAt: isCredit ? draftedAt : null,
    dueAt: null,
    finalizeAt: isCredit ? null : new Date(draftedAt.getTime() + terms.graceMinutes * MINUTE_MS),
    paidAt: isCredit ? draftedAt : null,
    voidedAt: null,
    uncollectibleAt: null,
    statusReason: null,
    waived: false,
    ...totalColumns(totals, terms.taxation),
    creditsApplied: '0',
    amountPaid: '0',
    amountCredited: '0',
    totalCredited: '0',
    edited: false,
    consolidate: terms.consolidate && !isCredit,
    memo: null,
    createdAt: draftedAt,
  };
}

/** The period an invoice is for: the one that has just ended, else the one that begins. */
function invoicePeriod({ lines, at }: SettledTask): Span | null {
  const spans = lines.map((line) => line.span);
  const ended = spans.filter((span) => span.end <= at);
  const [latest = null] = (ended.length > 0 ? ended : spans).toSorted(
    (a, b) => b.end.getTime() - a.end.getTime() || b.start.getTime() - a.start.getTime(),
  );
  return latest;
}

const linesOf = (task: SettledTask, invoice: Invoice, realNow: Date, taxes: readonly Decimal[]): InvoiceLine[] =>
  task.lines.map((line, position) => ({
    organizationId: invoice.organizationId,
    id: newId(),
    invoiceId: invoice.id,
    position,
    subscriptionId: invoice.subscriptionId,
    chargeId: line.charge.id,
    kind: line.kind,
    description: line.charge.displayName,
    quantity: decimalText(line.quantity),
    unitAmount: line.unitAmount === null ? null : decimalText(line.unitAmount),
    amount: decimalText(line.amount),
    tax: decimalText(taxes[position]),
    taxRate: task.terms.taxation.rate?.percentage ?? null,
    taxInclusive: task.terms.taxation.rate?.inclusive ?? false,
    periodStart: line.span.start,
    periodEnd: line.span.end,
    keyStart: line.keyStart,
    explanation: line.explanation,
    knownSnapshot: line.charge.type === 'USAGE' ? task.knownSnapshot : null,
    knownAt: line.charge.type === 'USAGE' ? realNow : null,
    eventsHash: line.eventsHash,
    reversed: false,
    edited: false,
    removed: false,
  }));

/** Money, not something sold: it carries no tax. */
export const balanceLine = (invoice: Invoice, position: number, amount: Decimal): InvoiceLine => ({
  organizationId: invoice.organizationId,
  id: newId(),
  invoiceId: invoice.id,
  position,
  subscriptionId: invoice.subscriptionId,
  chargeId: null,
  kind: 'BALANCE',
  description: 'Kept as customer balance',
  quantity: '1',
  unitAmount: null,
  amount: decimalText(amount),
  tax: '0',
  taxRate: null,
  taxInclusive: false,
  periodStart: null,
  periodEnd: null,
  keyStart: null,
  explanation: { kind: 'BALANCE', exactAmount: decimalText(amount) },
  knownSnapshot: null,
  knownAt: null,
  eventsHash: null,
  reversed: false,
  edited: false,
  removed: false,
});

/** What `balanceLine` leaves for the customer. */
export const creditOf = (invoice: Invoice, amount: Decimal, createdAt: Date): BalanceEntry => ({
  organizationId: invoice.organizationId,
  id: newId(),
  customerId: invoice.customerId,
  currency: invoice.currency,
  amount: decimalText(amount),
  reason: 'NEGATIVE_INVOICE',
  memo: null,
  actor: null,
  invoiceId: invoice.id,
  creditNoteId: null,
  refundId: null,
  createdAt,
});

const transitionsOf = (tasks: SettledTask[], recordedAt: Date): SubscriptionTransition[] =>
  tasks.flatMap(({ subscription, advanced, at, actor, reason }) =>
    advanced.transition === null
      ? []
      : [
          {
            organizationId: subscription.organizationId,
            id: newId(),
            subscriptionId: subscription.id,
            ...advanced.transition,
            at,
            reason,
            actor,
            recordedAt,
          },
        ],
  );

/** Served by the primary key of subscriptions. */
async function updateSubscriptions(tx: EntityManager, tasks: SettledTask[]): Promise<void> {
  const column = <T>(pick: (state: Advance['state']) => T): T[] => tasks.map(({ advanced }) => pick(advanced.state));
  await tx.query(
    `UPDATE subscriptions s
        SET status = w.status, plan_id = w.plan_id, current_period_start = w.period_start, current_period_end = w.period_end,
            cancel_at_period_end = w.cancel_at_period_end, ended_at = w.ended_at, paused_at = w.paused_at, due_at = w.due_at,
            rebill_from = NULL, billing_failures = 0, retry_at = NULL
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::boolean[], $8::timestamptz[],
                   $9::timestamptz[], $10::timestamptz[])
              AS w (organization_id, id, status, plan_id, period_start, period_end, cancel_at_period_end, ended_at, paused_at, due_at)
      WHERE s.organization_id = w.organization_id AND s.id = w.id`,
    [
      tasks.map(({ subscription }) => subscription.organizationId),
      tasks.map(({ subscription }) => subscription.id),
      column((state) => state.status),
      column((state) => state.planId),
      column((state) => state.currentPeriodStart),
      column((state) => state.currentPeriodEnd),
      column((state) => state.cancelAtPeriodEnd),
      column((state) => state.endedAt),
      column((state) => state.pausedAt),
      column((state) => state.dueAt),
    ],
  );
}
