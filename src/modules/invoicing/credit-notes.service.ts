import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, sum, ZERO } from '../../shared/decimal.js';
import { conflict, DomainError, invalid } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { BalancesService } from './balances.service.js';
import { CreditNote, CreditNoteLine } from './credit-note.entity.js';
import {
  creditLines,
  creditNoteNumber,
  settleCredit,
  type CreditDestination,
  type CreditedLine,
  type CreditRequest,
  type Settlement,
} from './domain/credit-note.js';
import { grossAmount, netAmount } from './domain/tax.js';
import { lockInvoice } from './finalization.service.js';
import { Invoice } from './invoice.entity.js';
import { InvoicesService } from './invoices.service.js';
import {
  loadCreditableLines,
  loadInvoiceMoney,
  nextCreditNoteSequence,
  type CreditableRow,
} from './queries/load-invoice-money.query.js';
import { RefundsService } from './refunds.service.js';

export interface CreateCreditNoteInput {
  lines?: CreditRequest[] | null;
  destination?: CreditDestination | null;
  reason?: string | null;
}

/** Takes issued invoices back, whole or in part, by documents of their own. */
@Injectable()
export class CreditNotesService {
  constructor(
    private readonly clock: Clock,
    private readonly invoices: InvoicesService,
    private readonly balances: BalancesService,
    private readonly refunds: RefundsService,
  ) {}

  async find(tx: EntityManager, by: { id?: string | null; number?: string | null }): Promise<CreditNote | null> {
    const organizationId = organizationOf(tx);
    if (typeof by.id === 'string') return isId(by.id) ? tx.findOneBy(CreditNote, { organizationId, id: by.id }) : null;
    if (typeof by.number === 'string') return tx.findOneBy(CreditNote, { organizationId, number: by.number });
    throw invalid('id', 'Give id or number.');
  }

  /** Credits an invoice. What is due falls first; the rest becomes balance, or is recorded as paid back. */
  async create(tx: EntityManager, invoiceId: string, input: CreateCreditNoteInput): Promise<CreditNote> {
    checkText('reason', input.reason, { least: 0, most: 1_000, lines: true });
    const invoice = await lockInvoice(tx, invoiceId);
    if (invoice.status !== 'OPEN' && invoice.status !== 'PAID')
      throw new DomainError('INVALID_TRANSITION', `The invoice is ${invoice.status}; only OPEN and PAID ones can be credited.`);
    const rows = await loadCreditableLines(tx, invoice);
    const requests = input.lines?.map((line) => ({ ...line, parsed: line.amount ? decimal(line.amount) : null })) ?? null;
    if (requests?.length === 0)
      throw invalid('lines', 'Name at least one line, or leave lines out to credit all of the invoice.');
    const lines = linesOf(creditLines(rows, requests, invoice.currency), rows);
    const total = sum(lines.map(grossAmount));
    const left = decimal(invoice.total).minus(invoice.totalCredited);
    if (total.lte(ZERO)) throw conflict('Nothing of the invoice is left to credit.');
    if (total.gt(left))
      throw invalid('lines', `The lines come to ${decimalText(total)}; ${decimalText(left)} is left of the invoice.`);
    const settlement = settleCredit(total, await loadInvoiceMoney(tx, invoice), input.destination ?? 'BALANCE');
    return this.issue(tx, invoice, lines, settlement, input.reason ?? null);
  }

  private async issue(
    tx: EntityManager,
    invoice: Invoice,
    lines: StatedLine[],
    { applied, toBalance, refunded, newlyRefunded }: Settlement,
    reason: string | null,
  ): Promise<CreditNote> {
    const { organizationId, id: invoiceId, customerId, currency } = invoice;
    const now = await this.invoices.nowOf(tx, invoice);
    const year = Number(now.toISOString().slice(0, 4));
    const subtotal = sum(lines.map(netAmount));
    const tax = sum(lines.map((line) => decimal(line.tax)));
    const note: CreditNote = {
      organizationId,
      id: newId(),
      invoiceId,
      customerId,
      number: creditNoteNumber(year, await nextCreditNoteSequence(tx, organizationId, year)),
      currency,
      reason,
      subtotal: decimalText(subtotal),
      tax: decimalText(tax),
      total: decimalText(subtotal.plus(tax)),
      amountApplied: decimalText(applied),
      amountToBalance: decimalText(toBalance),
      amountRefunded: decimalText(refunded),
      issuedAt: now,
      createdAt: this.clock.now(),
    };
    await tx.insert(CreditNote, note);
    const rows = lines.map((line, position) => ({ organizationId, id: newId(), creditNoteId: note.id, position, ...line }));
    await tx.insert(CreditNoteLine, rows);
    if (!toBalance.isZero()) {
      const entry = { customerId, currency, amount: toBalance, reason: 'CREDIT_NOTE' as const, invoiceId, creditNoteId: note.id };
      await this.balances.record(tx, entry);
    }
    await this.refunds.payBack(tx, invoice, newlyRefunded, note.id, now);
    await this.lower(tx, invoice, note, now);
    return note;
  }

  /** Lowers what is due of the invoice; one that has nothing left to pay is PAID. */
  private async lower(tx: EntityManager, invoice: Invoice, { total, amountApplied }: CreditNote, now: Date): Promise<void> {
    const { organizationId, id } = invoice;
    const amountCredited = decimalText(decimal(invoice.amountCredited).plus(amountApplied));
    const totalCredited = decimalText(decimal(invoice.totalCredited).plus(total));
    await tx.update(Invoice, { organizationId, id }, { amountCredited, totalCredited });
    const settled = decimal(invoice.creditsApplied).plus(invoice.amountPaid).plus(amountCredited);
    if (invoice.status === 'OPEN' && settled.gte(invoice.total)) await this.invoices.become(tx, invoice, 'PAID', { paidAt: now });
  }
}

type StatedLine = Pick<CreditNoteLine, 'invoiceLineId' | 'description' | 'amount' | 'tax' | 'taxRate' | 'taxInclusive'>;

const linesOf = (credited: CreditedLine[], rows: CreditableRow[]): StatedLine[] =>
  credited.map(({ id, amount, tax }) => {
    const { description, taxRate, taxInclusive } = rows.find((row) => row.id === id) as CreditableRow;
    return { invoiceLineId: id, description, amount: decimalText(amount), tax: decimalText(tax), taxRate, taxInclusive };
  });
