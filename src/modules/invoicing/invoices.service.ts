import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, max, ZERO, type Decimal } from '../../shared/decimal.js';
import { conflict, DomainError, invalid, notFound } from '../../shared/errors.js';
import { requireMinorUnits } from '../../shared/money.js';
import { checkText } from '../../shared/text.js';
import { assertTransition } from '../../shared/transitions.js';
import { CustomersService } from '../customers/index.js';
import type { BalanceReason } from './balance-entry.entity.js';
import { BalancesService } from './balances.service.js';
import { BillingService } from './billing.service.js';
import { amountDue } from './domain/amount-due.js';
import { INVOICE_TRANSITIONS, type InvoiceStatus } from './domain/invoice-status.js';
import { lockInvoice } from './finalization.service.js';
import { Invoice, InvoiceLine, Payment } from './invoice.entity.js';
import { invoicesPaid } from './invoice.events.js';
import { loadSubscriptionIds } from './queries/load-invoices-of-subscriptions.query.js';
import { StandingService } from './standing.service.js';

export interface RecordPaymentInput {
  amount: string;
  paidAt?: Date | null;
  method?: string | null;
  reference?: string | null;
}

const REASON_LIMITS = { least: 0, most: 1_000, lines: true };

/** What is done to invoices by hand. */
@Injectable()
export class InvoicesService {
  constructor(
    private readonly clock: Clock,
    private readonly customers: CustomersService,
    private readonly balances: BalancesService,
    private readonly billing: BillingService,
    private readonly standing: StandingService,
    private readonly events: DomainEvents,
  ) {}

  async find(tx: EntityManager, by: { id?: string | null; number?: string | null }): Promise<Invoice | null> {
    const organizationId = organizationOf(tx);
    if (typeof by.id === 'string') return isId(by.id) ? tx.findOneBy(Invoice, { organizationId, id: by.id }) : null;
    if (typeof by.number === 'string') return tx.findOneBy(Invoice, { organizationId, number: by.number });
    throw invalid('id', 'Give id or number.');
  }

  async get(tx: EntityManager, id: string): Promise<Invoice> {
    const invoice = await this.find(tx, { id });
    if (!invoice) throw notFound('Invoice');
    return invoice;
  }

  /** Records a payment; what exceeds the amount due becomes customer balance. */
  async recordPayment(tx: EntityManager, id: string, input: RecordPaymentInput): Promise<Invoice> {
    checkText('method', input.method);
    checkText('reference', input.reference);
    const invoice = await lockInvoice(tx, id);
    const amount = decimal(input.amount);
    if (amount.lte(ZERO)) throw invalid('amount', 'amount must be greater than 0.');
    requireMinorUnits('amount', amount, invoice.currency);
    if (invoice.status !== 'OPEN' && invoice.status !== 'UNCOLLECTIBLE') {
      throw new DomainError('INVALID_TRANSITION', `The invoice is ${invoice.status} and takes no payment.`);
    }
    const now = await this.nowOf(tx, invoice);
    const { organizationId } = invoice;
    const excess = max(ZERO, amount.minus(amountDue(invoice)));
    await tx.insert(Payment, {
      organizationId,
      id: newId(),
      invoiceId: id,
      amount: decimalText(amount),
      paidAt: input.paidAt ?? now,
      method: input.method ?? null,
      reference: input.reference ?? null,
      toBalance: decimalText(excess),
      createdAt: this.clock.now(),
    });
    const amountPaid = decimalText(decimal(invoice.amountPaid).plus(amount));
    const isPaid = amount.gte(amountDue(invoice));
    await tx.update(Invoice, { organizationId, id }, { amountPaid });
    await this.credit(tx, invoice, excess, 'OVERPAYMENT');
    if (isPaid) await this.become(tx, invoice, 'PAID', { paidAt: now });
    return this.get(tx, id);
  }

  /** Voids an invoice. What it billed is waived, or drafted again with `reissue`. What was paid or credited goes to the balance. */
  async void(tx: EntityManager, id: string, reason: string | null, reissue: boolean): Promise<Invoice> {
    checkText('reason', reason, REASON_LIMITS);
    const invoice = await lockInvoice(tx, id);
    const subscriptionIds = (await loadSubscriptionIds(tx, [invoice])).get(id) ?? [];
    if (reissue && subscriptionIds.length === 0) throw invalid('reissue', 'Only the invoice of a subscription can be reissued.');
    if (!decimal(invoice.totalCredited).isZero())
      throw conflict('The invoice has credit notes. Credit what is left of it, instead of voiding it.');
    const now = await this.nowOf(tx, invoice);
    const from = await this.earliestSpan(tx, invoice);
    await this.become(tx, invoice, 'VOID', { voidedAt: now, statusReason: reason, waived: !reissue, finalizeAt: null });
    if (reissue) await tx.update(InvoiceLine, { organizationId: invoice.organizationId, invoiceId: id }, { reversed: true });
    await this.credit(tx, invoice, decimal(invoice.creditsApplied).plus(invoice.amountPaid), 'VOIDED');
    if (reissue) for (const subscriptionId of subscriptionIds) await this.billing.rebill(tx, subscriptionId, from);
    return this.get(tx, id);
  }

  async markUncollectible(tx: EntityManager, id: string, reason: string | null): Promise<Invoice> {
    checkText('reason', reason, REASON_LIMITS);
    const invoice = await lockInvoice(tx, id);
    await this.become(tx, invoice, 'UNCOLLECTIBLE', { uncollectibleAt: await this.nowOf(tx, invoice), statusReason: reason });
    return this.get(tx, id);
  }

  /** Changes the status, and lets the subscription's standing follow. */
  async become(tx: EntityManager, invoice: Invoice, status: InvoiceStatus, changes: Partial<Invoice>): Promise<void> {
    assertTransition('The invoice', INVOICE_TRANSITIONS, invoice.status, status);
    await tx.update(Invoice, { organizationId: invoice.organizationId, id: invoice.id }, { ...changes, status });
    await this.standing.clear(tx, invoice, await this.nowOf(tx, invoice));
    const { organizationId, id } = invoice;
    if (status === 'PAID') await this.events.emit(invoicesPaid, tx, { organizationId, invoiceIds: [id] });
  }

  private async credit(tx: EntityManager, invoice: Invoice, amount: Decimal, reason: BalanceReason): Promise<void> {
    if (amount.isZero()) return;
    const { customerId, currency, id: invoiceId } = invoice;
    await this.balances.record(tx, { customerId, currency, amount, reason, invoiceId });
  }

  /** Where what the invoice is about begins. */
  async earliestSpan(tx: EntityManager, { organizationId, id: invoiceId, periodStart, createdAt }: Invoice): Promise<Date> {
    const lines = await tx.findBy(InvoiceLine, { organizationId, invoiceId });
    const starts = lines.map((line) => line.keyStart?.getTime()).filter((start): start is number => start !== undefined);
    return starts.length > 0 ? new Date(Math.min(...starts)) : (periodStart ?? createdAt);
  }

  /** *Now* of its customer. */
  async nowOf(tx: EntityManager, invoice: Invoice): Promise<Date> {
    return this.customers.now(tx, await this.customers.get(tx, invoice.customerId));
  }
}
