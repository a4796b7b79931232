import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { addDays } from '../../shared/calendar.js';
import { Clock } from '../../shared/clock.js';
import { decimalText, min, ZERO, type Decimal } from '../../shared/decimal.js';
import { notFound } from '../../shared/errors.js';
import { assertTransition } from '../../shared/transitions.js';
import { CustomersService } from '../customers/index.js';
import { loadPresentReadings } from '../metering/index.js';
import { BalanceEntry } from './balance-entry.entity.js';
import { BalancesService } from './balances.service.js';
import { rateLine } from './domain/expected-lines.js';
import { INVOICE_TRANSITIONS, invoiceNumber } from './domain/invoice-status.js';
import type { InvoiceTotals, Taxation } from './domain/tax.js';
import { Invoice, InvoiceLine } from './invoice.entity.js';
import { findLockedInvoice, loadBalance, lockCustomer, nextInvoiceSequence } from './queries/finalize-invoice.query.js';
import { loadBillingTerms } from './queries/load-billing-terms.query.js';
import { billedElsewhere, loadDraftUsageLines, type DraftUsageLine } from './queries/load-draft-usage-lines.query.js';
import { retaxLines, totalColumns } from './queries/retax-lines.query.js';
import { balanceLine, creditOf } from './queries/store-billing.query.js';

/** Turns a draft into an invoice: usage read once more, credit used up, numbered, due. */
@Injectable()
export class FinalizationService {
  constructor(
    private readonly clock: Clock,
    private readonly customers: CustomersService,
    private readonly balances: BalancesService,
  ) {}

  /** Locks a draft if its review window is still over by now; null when somebody else was first, or has it in hand. */
  async lockDue(tx: EntityManager, id: string, now: Date): Promise<Invoice | null> {
    const invoice = await findLockedInvoice(tx, id, true);
    return invoice?.status === 'DRAFT' && invoice.finalizeAt !== null && invoice.finalizeAt <= now ? invoice : null;
  }

  /** Finalizes the draft. The number comes last, so that the counter's row is locked for an instant only. */
  async finalize(tx: EntityManager, id: string): Promise<Invoice> {
    const invoice = await lockInvoice(tx, id);
    assertTransition('The invoice', INVOICE_TRANSITIONS, invoice.status, 'OPEN');
    const { customerId, organizationId: owner } = invoice;
    const now = await this.customers.now(tx, await this.customers.get(tx, customerId));
    const [{ taxation, paymentTermsDays, timeZone }] = await loadBillingTerms(tx, [
      { organizationId: owner, customerId, at: now },
    ]);
    await this.refreshUsage(tx, invoice);
    const totals = await this.settleTotals(tx, invoice, taxation);
    const credits = await this.useCredits(tx, invoice, totals.total);
    const isPaid = totals.total.equals(credits);
    const year = Number(now.toISOString().slice(0, 4));
    Object.assign(invoice, {
      ...totalColumns(totals, taxation),
      status: isPaid ? 'PAID' : 'OPEN',
      creditsApplied: decimalText(credits),
      issuedAt: now,
      dueAt: laterOf(invoice.dueAt ?? addDays(now, paymentTermsDays, timeZone), now),
      paidAt: isPaid ? now : null,
      finalizeAt: null,
      number: invoiceNumber(year, await nextInvoiceSequence(tx, year)),
    });
    const { organizationId, id: invoiceId, ...changes } = invoice;
    await tx.update(Invoice, { organizationId, id: invoiceId }, changes);
    return invoice;
  }

  /** Usage that arrived in the review window gets onto the draft: its usage lines are computed again. */
  private async refreshUsage(tx: EntityManager, invoice: Invoice): Promise<void> {
    const lines = await loadDraftUsageLines(tx, invoice);
    if (lines.length === 0) return;
    const { snapshot: knownSnapshot, readings } = await loadPresentReadings(
      tx,
      lines.map(({ line, charge }) => ({
        organizationId: invoice.organizationId,
        customerId: invoice.customerId,
        meterId: charge.meterId ?? '',
        from: line.periodStart as Date,
        to: line.periodEnd as Date,
      })),
    );
    const elsewhere = await billedElsewhere(tx, invoice);
    for (const [index, draftLine] of lines.entries()) {
      const rated = rateLine(draftLine.charge, readings[index], draftLine.line.explanation.proration ?? null, invoice.currency);
      const before = elsewhere.get(`${draftLine.charge.id} ${draftLine.line.keyStart?.toISOString()}`);
      const changes = refreshedLine(draftLine, rated, before);
      await tx.update(InvoiceLine, keyOf(draftLine.line), { ...changes, knownSnapshot, knownAt: this.clock.now() } as never);
    }
  }

  /** What the lines come to, with the tax of now. A credit left over goes to the customer's balance (docs/billing-rules.md §8). */
  private async settleTotals(tx: EntityManager, invoice: Invoice, taxation: Taxation): Promise<InvoiceTotals> {
    const { lines, ...totals } = await retaxLines(tx, invoice, taxation);
    if (!totals.credit.isZero()) {
      const position = Math.max(...lines.map((line) => line.position)) + 1;
      await tx.insert(InvoiceLine, balanceLine(invoice, position, totals.credit) as never);
      await tx.insert(BalanceEntry, creditOf(invoice, totals.credit, this.clock.now()));
    }
    return totals;
  }

  /** Uses up the customer's credit, as far as it and the total go. */
  private async useCredits(
    tx: EntityManager,
    { customerId, currency, id: invoiceId }: Invoice,
    total: Decimal,
  ): Promise<Decimal> {
    if (total.isZero()) return ZERO;
    await lockCustomer(tx, customerId);
    const used = min(total, await loadBalance(tx, customerId, currency));
    if (used.lte(ZERO)) return ZERO;
    await this.balances.record(tx, { customerId, currency, amount: used.negated(), reason: 'APPLIED', invoiceId });
    return used;
  }
}

const laterOf = (a: Date, b: Date): Date => (a > b ? a : b);
const keyOf = ({ organizationId, id }: InvoiceLine): { organizationId: string; id: string } => ({ organizationId, id });

/** A charge's line is replaced by the new rating; a correction by what the new rating differs from what others billed. */
function refreshedLine(
  { line }: DraftUsageLine,
  rated: ReturnType<typeof rateLine>,
  before: { amount: Decimal; quantity: Decimal } | undefined,
): Pick<InvoiceLine, 'quantity' | 'amount' | 'explanation' | 'eventsHash'> {
  const { eventsHash } = rated;
  if (line.kind === 'CHARGE' || !before) {
    return {
      quantity: decimalText(rated.quantity),
      amount: decimalText(rated.amount),
      explanation: rated.explanation,
      eventsHash,
    };
  }
  return {
    eventsHash,
    quantity: decimalText(rated.quantity.minus(before.quantity)),
    amount: decimalText(rated.amount.minus(before.amount)),
    explanation: { ...rated.explanation, kind: 'CORRECTION', billedBefore: decimalText(before.amount) },
  };
}

/** Takes the invoice's row lock, which orders everything that changes it. */
export async function lockInvoice(tx: EntityManager, id: string): Promise<Invoice> {
  const invoice = await findLockedInvoice(tx, id);
  if (!invoice) throw notFound('Invoice');
  return invoice;
}
