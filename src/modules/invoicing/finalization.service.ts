import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { addDays } from '../../shared/calendar.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, min, sum, ZERO, type Decimal } from '../../shared/decimal.js';
import { notFound } from '../../shared/errors.js';
import { assertTransition } from '../../shared/transitions.js';
import { CustomersService } from '../customers/index.js';
import { loadPresentReadings } from '../metering/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { rateLine } from './domain/expected-lines.js';
import { INVOICE_TRANSITIONS, invoiceNumber } from './domain/invoice-status.js';
import { BalanceEntry, Invoice, InvoiceLine } from './invoice.entity.js';
import { invoicesFinalized, invoicesPaid } from './invoice.events.js';
import { findLockedInvoice, loadBalance, lockCustomer, nextInvoiceSequence } from './queries/finalize-invoice.query.js';
import { billedElsewhere, loadDraftUsageLines, type DraftUsageLine } from './queries/load-draft-usage-lines.query.js';

/** Turns a draft into an invoice: usage read once more, credit used up, numbered, due. */
@Injectable()
export class FinalizationService {
  constructor(
    private readonly clock: Clock,
    private readonly organizations: OrganizationsService,
    private readonly customers: CustomersService,
    private readonly events: DomainEvents,
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
    const organization = await this.organizations.get(tx);
    const customer = await this.customers.get(tx, invoice.customerId);
    const now = await this.customers.now(tx, customer);
    await this.refreshUsage(tx, invoice);
    const subtotal = await this.settleSubtotal(tx, invoice);
    const credits = await this.useCredits(tx, invoice, subtotal);
    const timeZone = await this.customers.timeZone(tx, customer);
    const isPaid = subtotal.equals(credits);
    const year = Number(now.toISOString().slice(0, 4));
    Object.assign(invoice, {
      status: isPaid ? 'PAID' : 'OPEN',
      subtotal: decimalText(subtotal),
      total: decimalText(subtotal),
      creditsApplied: decimalText(credits),
      issuedAt: now,
      dueAt: invoice.dueAt ?? addDays(now, organization.paymentTermsDays, timeZone),
      paidAt: isPaid ? now : null,
      finalizeAt: null,
      number: invoiceNumber(year, await nextInvoiceSequence(tx, year)),
    });
    const { organizationId, id: invoiceId, ...changes } = invoice;
    await tx.update(Invoice, { organizationId, id: invoiceId }, changes);
    await this.events.emit(invoicesFinalized, tx, { organizationId, invoiceIds: [id] });
    if (isPaid) await this.events.emit(invoicesPaid, tx, { organizationId, invoiceIds: [id] });
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

  /** The sum of the lines. A credit left over goes to the customer's balance (docs/billing-rules.md §8). */
  private async settleSubtotal(tx: EntityManager, invoice: Invoice): Promise<Decimal> {
    const lines = await tx.findBy(InvoiceLine, { organizationId: invoice.organizationId, invoiceId: invoice.id });
    const subtotal = sum(lines.map((line) => decimal(line.amount)));
    if (!subtotal.isNegative()) return subtotal;
    const amount = decimalText(subtotal.negated());
    const { organizationId, customerId, currency, id: invoiceId, subscriptionId } = invoice;
    await tx.insert(InvoiceLine, {
      organizationId,
      id: newId(),
      invoiceId,
      position: Math.max(...lines.map((line) => line.position)) + 1,
      subscriptionId,
      kind: 'BALANCE',
      description: 'Kept as customer balance',
      quantity: '1',
      amount,
      tax: '0',
      explanation: { kind: 'BALANCE', exactAmount: amount },
    });
    await tx.insert(BalanceEntry, {
      organizationId,
      id: newId(),
      customerId,
      currency,
      amount,
      invoiceId,
      createdAt: this.clock.now(),
    });
    return ZERO;
  }

  /** Uses up the customer's credit, as far as it and the total go. */
  private async useCredits(
    tx: EntityManager,
    { organizationId, customerId, currency, id: invoiceId }: Invoice,
    total: Decimal,
  ): Promise<Decimal> {
    if (total.isZero()) return ZERO;
    await lockCustomer(tx, customerId);
    const used = min(total, await loadBalance(tx, customerId, currency));
    if (used.lte(ZERO)) return ZERO;
    const amount = decimalText(used.negated());
    await tx.insert(BalanceEntry, {
      organizationId,
      id: newId(),
      customerId,
      currency,
      amount,
      invoiceId,
      createdAt: this.clock.now(),
    });
    return used;
  }
}

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
