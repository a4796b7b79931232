import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { newId } from '../../platform/database/ids.js';
import { decimalText } from '../../shared/decimal.js';
import { DomainError, invalid, notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { CustomersService } from '../customers/index.js';
import { BalancesService } from './balances.service.js';
import { BillingService } from './billing.service.js';
import {
  editLine,
  MAX_HAND_WRITTEN_LINES,
  validateLine,
  writeLine,
  type HandWrittenLine,
  type WrittenAmount,
} from './domain/hand-written-line.js';
import { totalsOf, UNTAXED } from './domain/tax.js';
import { lockInvoice } from './finalization.service.js';
import { Invoice, InvoiceLine } from './invoice.entity.js';
import { InvoicesService } from './invoices.service.js';
import { loadBillingTerms } from './queries/load-billing-terms.query.js';
import { retaxLines, totalColumns } from './queries/retax-lines.query.js';

export interface UpdateDraftInput {
  lines?: HandWrittenLine[] | null;
  dueAt?: Date | null;
  finalizeAt?: Date | null;
  memo?: string | null;
}

export interface CreateInvoiceInput extends UpdateDraftInput {
  customerId: string;
  currency?: string | null;
  lines: HandWrittenLine[];
}

/** Drafts: written by hand, edited, taken back. */
@Injectable()
export class DraftsService {
  constructor(
    private readonly customers: CustomersService,
    private readonly invoices: InvoicesService,
    private readonly balances: BalancesService,
    private readonly billing: BillingService,
  ) {}

  /** Drafts an invoice of lines that no subscription makes. It is finalized by hand, unless it says when. */
  async createOneOff(tx: EntityManager, input: CreateInvoiceInput): Promise<Invoice> {
    const customer = await this.customers.getActive(tx, { id: input.customerId });
    const now = await this.customers.now(tx, customer);
    checkDraft(input, now);
    const known = input.lines.findIndex(({ id }) => typeof id === 'string');
    if (known >= 0) throw notFound('Invoice line', `lines[${known}].id`);
    const { organizationId, testClockId } = customer;
    const invoice = tx.create(Invoice, {
      ...totalColumns(totalsOf([], UNTAXED, 'USD'), UNTAXED),
      organizationId,
      id: newId(),
      customerId: customer.id,
      subscriptionId: null,
      testClockId,
      kind: 'ONE_OFF',
      status: 'DRAFT',
      currency: await this.balances.currencyOf(tx, customer, input.currency ?? null),
      dueAt: input.dueAt ?? null,
      finalizeAt: input.finalizeAt ?? null,
      memo: input.memo ?? null,
      creditsApplied: '0',
      amountPaid: '0',
      createdAt: now,
    });
    await tx.insert(Invoice, invoice as never);
    await addLines(tx, invoice, input.lines, 0);
    await this.retotal(tx, invoice, now);
    return this.invoices.get(tx, invoice.id);
  }

  /** Changes what is given; from then on the draft is an invoice of its own. A draft whose lines were edited is not replaced when its instant is billed once more. */
  async update(tx: EntityManager, id: string, input: UpdateDraftInput): Promise<Invoice> {
    const invoice = await lockDraft(tx, id, 'edited');
    const now = await this.customers.now(tx, await this.customers.get(tx, invoice.customerId));
    checkDraft(input, now);
    if (input.lines) {
      await editLines(tx, invoice, input.lines);
      await this.retotal(tx, invoice, now);
    }
    const given = Object.fromEntries(
      Object.entries({ dueAt: input.dueAt, finalizeAt: input.finalizeAt, memo: input.memo }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const edited = invoice.edited || Boolean(input.lines);
    await tx.update(Invoice, { organizationId: invoice.organizationId, id }, { ...given, edited, consolidate: false });
    return this.invoices.get(tx, id);
  }

  /** Deletes a draft as if it had never been made: the next run drafts what is due once more. */
  async delete(tx: EntityManager, id: string): Promise<string> {
    const invoice = await lockDraft(tx, id, 'deleted');
    const from = await this.invoices.earliestSpan(tx, invoice);
    await tx.delete(Invoice, { organizationId: invoice.organizationId, id });
    if (invoice.subscriptionId) await this.billing.lookBackTo(tx, invoice.subscriptionId, from);
    return id;
  }

  /** Tax and totals of a draft's lines. */
  private async retotal(tx: EntityManager, invoice: Invoice, now: Date): Promise<void> {
    const { organizationId, id, customerId } = invoice;
    const [{ taxation }] = await loadBillingTerms(tx, [{ organizationId, customerId, at: now }]);
    const totals = await retaxLines(tx, invoice, taxation);
    if (!totals.credit.isZero()) {
      const below = `The lines come to -${decimalText(totals.credit)} ${invoice.currency}.`;
      throw invalid('lines', `${below} An invoice cannot come to less than 0: adjust the customer's balance instead.`);
    }
    await tx.update(Invoice, { organizationId, id }, totalColumns(totals, taxation) as never);
  }
}

/** Locks the draft; INVALID_TRANSITION when it is one no more. */
async function lockDraft(tx: EntityManager, id: string, deed: string): Promise<Invoice> {
  const invoice = await lockInvoice(tx, id);
  if (invoice.status === 'DRAFT') return invoice;
  throw new DomainError('INVALID_TRANSITION', `The invoice is ${invoice.status}; only a DRAFT can be ${deed}.`);
}

function checkDraft({ lines, dueAt, memo }: UpdateDraftInput, now: Date): void {
  checkText('memo', memo, { least: 0, most: 2_000, lines: true });
  if (dueAt && dueAt < now) throw invalid('dueAt', 'dueAt must not lie in the past.');
  if (!lines) return;
  if (lines.length === 0 || lines.length > MAX_HAND_WRITTEN_LINES)
    throw invalid(
      'lines',
      `An invoice has 1 to ${MAX_HAND_WRITTEN_LINES} lines. A draft that is not to be is voided or deleted.`,
    );
  lines.forEach(validateLine);
  const twice = lines.findIndex(({ id }, index) => typeof id === 'string' && lines.findIndex((line) => line.id === id) < index);
  if (twice >= 0) throw invalid(`lines[${twice}].id`, 'A line is named once.');
}

/** Makes the lines of a draft those that are given: changes, adds and takes off. */
async function editLines(tx: EntityManager, invoice: Invoice, given: HandWrittenLine[]): Promise<void> {
  const { organizationId, id: invoiceId, currency } = invoice;
  const all = await tx.find(InvoiceLine, { where: { organizationId, invoiceId }, order: { position: 'ASC' } });
  const present = new Map(all.filter(({ removed }) => !removed).map((line) => [line.id, line]));
  for (const [index, edit] of given.entries()) {
    if (typeof edit.id !== 'string') continue;
    const line = present.get(edit.id);
    if (!line) throw notFound('Invoice line', `lines[${index}].id`);
    present.delete(edit.id);
    const written = editLine(line, edit, currency, index);
    const changes = {
      ...(typeof edit.description === 'string' ? { description: edit.description } : {}),
      ...(written && byHand(written, line)),
    };
    if (Object.keys(changes).length > 0) await tx.update(InvoiceLine, { organizationId, id: line.id }, changes as never);
  }
  await takeOff(tx, organizationId, [...present.values()]);
  const added = given.filter(({ id }) => typeof id !== 'string');
  await addLines(tx, invoice, added, Math.max(-1, ...all.map(({ position }) => position)) + 1);
}

/** The line no longer rests on usage that was read. */
const byHand = (written: WrittenAmount, { chargeId }: InvoiceLine) => ({
  ...written,
  edited: chargeId !== null,
  knownSnapshot: null,
  knownAt: null,
  eventsHash: null,
});

/** A charge's line stays behind, unseen: it was billed, with 0, and is not billed again. */
async function takeOff(tx: EntityManager, organizationId: string, lines: InvoiceLine[]): Promise<void> {
  const [charged, written] = [true, false].map((isCharged) =>
    lines.filter(({ chargeId }) => (chargeId !== null) === isCharged).map(({ id }) => id),
  );
  if (written.length > 0) await tx.delete(InvoiceLine, { organizationId, id: In(written) });
  if (charged.length > 0) {
    const nothing = { quantity: '0', amount: '0', tax: '0', edited: true, removed: true };
    await tx.update(InvoiceLine, { organizationId, id: In(charged) }, nothing);
  }
}

async function addLines(tx: EntityManager, invoice: Invoice, lines: HandWrittenLine[], position: number): Promise<void> {
  const { organizationId, id: invoiceId, subscriptionId, currency } = invoice;
  const rows = lines.map((line, index) => ({
    organizationId,
    id: newId(),
    invoiceId,
    position: position + index,
    subscriptionId,
    kind: 'ONE_OFF',
    description: line.description,
    ...writeLine(line, currency),
    tax: '0',
  }));
  if (rows.length > 0) await tx.insert(InvoiceLine, rows as never);
}
