import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { insertRows } from '../../platform/database/insert-rows.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { addDays } from '../../shared/calendar.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, min, ZERO, type Decimal } from '../../shared/decimal.js';
import { notFound } from '../../shared/errors.js';
import { assertTransition } from '../../shared/transitions.js';
import { loadPresentReadings, type Reading } from '../metering/index.js';
import { TestClocksService } from '../organizations/index.js';
import { BalanceEntry } from './balance-entry.entity.js';
import type { BillableCharge } from './domain/expected-lines.js';
import { INVOICE_TRANSITIONS, invoiceNumber } from './domain/invoice-status.js';
import { refreshedLine, type DraftLine, type RefreshedLine } from './domain/refresh-line.js';
import { totalsOf, type InvoiceTotals } from './domain/tax.js';
import { Invoice, InvoiceLine } from './invoice.entity.js';
import { invoicesFinalized, invoicesPaid } from './invoice.events.js';
import { consolidateDrafts } from './queries/consolidate-drafts.query.js';
import {
  findLockedInvoice,
  lockBalances,
  lockDueDrafts,
  storeFinalized,
  storeLineChanges,
  takeInvoiceSequences,
  type LineChange,
} from './queries/finalize-invoice.query.js';
import { loadBillingTerms, type BillingTerms } from './queries/load-billing-terms.query.js';
import { loadBilledElsewhere, loadDraftLines, loadUsageCharges } from './queries/load-draft-lines.query.js';
import { totalColumns } from './queries/retax-lines.query.js';
import { balanceLine, creditOf } from './queries/store-billing.query.js';

/** A draft with what it becomes. */
interface Closing {
  invoice: Invoice;
  now: Date;
  terms: BillingTerms;
  lines: DraftLine[];
  totals: InvoiceTotals;
}

interface Refreshment {
  snapshot: string;
  byLine: Map<string, RefreshedLine>;
}

/**
 * Turns drafts into invoices: usage read once more, credit used up, numbered, due. Many at once, with a number of statements that does
 * not depend on how many; by hand it is a chunk of one.
 */
@Injectable()
export class FinalizationService {
  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
    private readonly testClocks: TestClocksService,
  ) {}

  /** Finalizes one draft by hand, whether its review window is over or not. */
  async finalize(tx: EntityManager, id: string): Promise<Invoice> {
    const invoice = await lockInvoice(tx, id);
    assertTransition('The invoice', INVOICE_TRANSITIONS, invoice.status, 'OPEN');
    await this.close(tx, [invoice]);
    return invoice;
  }

  /** Finalizes those of these drafts that are still due and that nobody else has in hand; how many. They are numbered in this order. */
  async finalizeDue(tx: EntityManager, ids: readonly string[], now: Date): Promise<number> {
    const invoices = await lockDueDrafts(tx, ids, now);
    await consolidateDrafts(
      tx,
      invoices.filter(({ consolidate }) => consolidate),
    );
    if (invoices.length > 0) await this.close(tx, invoices);
    return invoices.length;
  }

  private async close(tx: EntityManager, invoices: Invoice[]): Promise<void> {
    const closings = await this.prepare(tx, invoices);
    await this.keepCredits(tx, closings);
    const credits = await this.useCredits(tx, closings);
    const dueDates = new Map<string, Date>();
    for (const [index, { invoice, now, terms, totals }] of closings.entries()) {
      const { paymentTermsDays, timeZone } = terms;
      const key = `${now.getTime()} ${paymentTermsDays} ${timeZone}`;
      const dueAt = dueDates.get(key) ?? addDays(now, paymentTermsDays, timeZone);
      dueDates.set(key, dueAt);
      const isPaid = totals.total.equals(credits[index]);
      Object.assign(invoice, {
        ...totalColumns(totals, terms.taxation),
        status: isPaid ? 'PAID' : 'OPEN',
        creditsApplied: decimalText(credits[index]),
        issuedAt: now,
        dueAt: laterOf(invoice.dueAt ?? dueAt, now),
        paidAt: isPaid ? now : null,
        finalizeAt: null,
      });
    }
    await this.number(tx, invoices);
    const organizationId = organizationOf(tx);
    const idsOf = (some: Invoice[]): string[] => some.map(({ id }) => id);
    await this.events.emit(invoicesFinalized, tx, { organizationId, invoiceIds: idsOf(invoices) });
    const paid = invoices.filter(({ status }) => status === 'PAID');
    if (paid.length > 0) await this.events.emit(invoicesPaid, tx, { organizationId, invoiceIds: idsOf(paid) });
  }

  /** Reads the usage lines again, taxes all lines as of now and writes what has changed of them. */
  private async prepare(tx: EntityManager, invoices: Invoice[]): Promise<Closing[]> {
    const presents = await this.presents(tx, invoices);
    const nows = invoices.map(({ testClockId }) => presents.get(testClockId) as Date);
    const terms = await loadBillingTerms(
      tx,
      invoices.map(({ organizationId, customerId }, index) => ({ organizationId, customerId, at: nows[index] })),
    );
    const linesOf = await loadDraftLines(
      tx,
      invoices.map(({ id }) => id),
    );
    const drafts = invoices.map((invoice) => ({ invoice, lines: linesOf.get(invoice.id) ?? [] }));
    const { snapshot, byLine } = await this.readAgain(tx, drafts);
    const changes: LineChange[] = [];
    const closings = drafts.map(({ invoice, lines }, index) => {
      const { taxation } = terms[index];
      const amounts = lines.map(({ id, amount }) => decimal(byLine.get(id)?.amount ?? amount));
      const totals = totalsOf(amounts, taxation, invoice.currency);
      const rate = { taxRate: taxation.rate?.percentage ?? null, taxInclusive: taxation.rate?.inclusive ?? false };
      for (const [position, line] of lines.entries()) {
        const change = changeOf(line, byLine.get(line.id), { ...rate, tax: totals.taxes[position] }, snapshot);
        if (change) changes.push(change);
      }
      return { invoice, now: nows[index], terms: terms[index], lines, totals };
    });
    await storeLineChanges(tx, changes, this.clock.now());
    return closings;
  }

  /** Usage that arrived in the review window gets onto the drafts: lines that rest on other events now. */
  private async readAgain(tx: EntityManager, drafts: { invoice: Invoice; lines: DraftLine[] }[]): Promise<Refreshment> {
    const candidates = drafts.flatMap(({ invoice, lines }) =>
      lines.filter(isReadAgain).map((line) => ({ invoice, line, chargeId: line.chargeId as string })),
    );
    const charges = await loadUsageCharges(tx, [...new Set(candidates.map(({ chargeId }) => chargeId))]);
    const usage = candidates.filter(({ chargeId }) => charges.has(chargeId));
    if (usage.length === 0) return { snapshot: '', byLine: new Map() };
    const { snapshot, readings } = await loadPresentReadings(
      tx,
      usage.map(({ invoice: { organizationId, customerId }, line, chargeId }) => ({
        organizationId,
        customerId,
        meterId: charges.get(chargeId)?.meterId ?? '',
        from: line.periodStart as Date,
        to: line.periodEnd as Date,
      })),
    );
    const elsewhere = await loadBilledElsewhere(
      tx,
      usage.filter(({ line }) => line.kind === 'CORRECTION').map(({ line }) => line.id),
    );
    const byLine = new Map<string, RefreshedLine>();
    for (const [index, { invoice, line, chargeId }] of usage.entries()) {
      const charge = charges.get(chargeId) as BillableCharge;
      const reading: Reading = readings[index];
      const refreshed = refreshedLine(line, charge, reading, elsewhere.get(line.id) ?? null, invoice.currency);
      if (refreshed) byLine.set(line.id, refreshed);
    }
    return { snapshot, byLine };
  }

  /** What lines that add up to a credit leave over goes to the customer's balance (docs/billing-rules.md §8). */
  private async keepCredits(tx: EntityManager, closings: Closing[]): Promise<void> {
    const negative = closings.filter(({ totals }) => !totals.credit.isZero());
    const nextPosition = (lines: DraftLine[]): number => Math.max(...lines.map((line) => line.position)) + 1;
    const lines = negative.map(({ invoice, lines, totals }) => balanceLine(invoice, nextPosition(lines), totals.credit));
    const entries = negative.map(({ invoice, totals }) => creditOf(invoice, totals.credit, this.clock.now()));
    await insertRows(tx, InvoiceLine, lines);
    await insertRows(tx, BalanceEntry, entries);
  }

  /** Uses up the customers' credit, as far as it and the totals go: of several invoices of a customer the first comes first. */
  private async useCredits(tx: EntityManager, closings: Closing[]): Promise<Decimal[]> {
    const payable = closings.filter(({ totals }) => !totals.total.isZero());
    const balances = await lockBalances(tx, [...new Set(payable.map(({ invoice }) => invoice.customerId))]);
    const entries: BalanceEntry[] = [];
    const credits = closings.map(({ invoice, totals: { total } }) => {
      const key = `${invoice.customerId} ${invoice.currency}`;
      const balance = balances.get(key) ?? ZERO;
      const used = min(total, balance);
      if (used.isZero()) return ZERO;
      balances.set(key, balance.minus(used));
      entries.push({ ...creditOf(invoice, used.negated(), this.clock.now()), id: newId(), reason: 'APPLIED' });
      return used;
    });
    await insertRows(tx, BalanceEntry, entries);
    return credits;
  }

  /** The last step, so that the counter's row is locked for an instant only. */
  private async number(tx: EntityManager, invoices: Invoice[]): Promise<void> {
    const years = new Set(invoices.map((invoice) => yearOf(invoice)));
    for (const year of [...years].sort()) {
      const issued = invoices.filter((invoice) => yearOf(invoice) === year);
      const first = await takeInvoiceSequences(tx, year, issued.length);
      for (const [index, invoice] of issued.entries()) invoice.number = invoiceNumber(year, first + index);
    }
    await storeFinalized(tx, invoices);
  }

  /** *Now*, by test clock (null: the real time). */
  private async presents(tx: EntityManager, invoices: Invoice[]): Promise<Map<string | null, Date>> {
    const presents = new Map<string | null, Date>();
    for (const id of new Set(invoices.map(({ testClockId }) => testClockId))) presents.set(id, await this.testClocks.now(tx, id));
    return presents;
  }
}

const yearOf = ({ issuedAt }: Invoice): number => (issuedAt as Date).getUTCFullYear();
const laterOf = (a: Date, b: Date): Date => (a > b ? a : b);
const isReadAgain = ({ kind, chargeId, edited }: DraftLine): boolean =>
  chargeId !== null && !edited && (kind === 'CHARGE' || kind === 'CORRECTION');

/** What is to be written about a line; null: nothing. */
function changeOf(
  line: DraftLine,
  refreshed: RefreshedLine | undefined,
  { tax, taxRate, taxInclusive }: { tax: Decimal; taxRate: string | null; taxInclusive: boolean },
  snapshot: string,
): LineChange | null {
  const isTaxedAlike = tax.equals(line.tax) && sameRate(taxRate, line.taxRate) && taxInclusive === line.taxInclusive;
  if (!refreshed && isTaxedAlike) return null;
  const { quantity = null, amount = null, explanation = null, eventsHash = null } = refreshed ?? {};
  const knownSnapshot = refreshed ? snapshot : null;
  return { id: line.id, tax: decimalText(tax), taxRate, taxInclusive, quantity, amount, explanation, eventsHash, knownSnapshot };
}

const sameRate = (a: string | null, b: string | null): boolean => (a === null || b === null ? a === b : decimal(a).equals(b));

/** Takes the invoice's row lock, which orders everything that changes it. */
export async function lockInvoice(tx: EntityManager, id: string): Promise<Invoice> {
  const invoice = await findLockedInvoice(tx, id);
  if (!invoice) throw notFound('Invoice');
  return invoice;
}
