import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { decimal, decimalText, sum, ZERO, type Decimal } from '../../shared/decimal.js';
import { Charge } from '../catalog/index.js';
import { loadArrivals, loadReadings, type Arrivals, type Reading } from '../metering/index.js';
import { netAmount } from './domain/tax.js';
import { recomputedAmount } from './domain/verify-line.js';
import { InvoiceLine, type Invoice } from './invoice.entity.js';
import { InvoicesService } from './invoices.service.js';
import { billableCharge } from './queries/load-billing-inputs.query.js';

export interface LineVerification {
  line: InvoiceLine;
  matches: boolean;
  /** Null: what makes the invoice add up. */
  recomputedAmount: string | null;
  /** Usage lines: whether the events known at the cut-off are still those that were counted. */
  eventsMatch: boolean | null;
  /** Usage lines: what the meter reads today, over the same window. */
  presentValue: string | null;
  receivedSince: number | null;
  voidedSince: number | null;
}

export interface InvoiceVerification {
  invoice: Invoice;
  matches: boolean;
  totalsMatch: boolean;
  lines: LineVerification[];
}

interface UsageEvidence {
  known: Reading;
  present: Reading;
  arrivals: Arrivals;
}

/** Computes an invoice again from the raw events as known at its cut-off, and tells what has become known since. */
@Injectable()
export class VerificationService {
  constructor(private readonly invoices: InvoicesService) {}

  async verify(tx: EntityManager, id: string): Promise<InvoiceVerification> {
    const invoice = await this.invoices.get(tx, id);
    const { organizationId } = invoice;
    const lines = await tx.find(InvoiceLine, {
      where: { organizationId, invoiceId: id, removed: false },
      order: { position: 'ASC' },
    });
    const chargeIds = lines.map(({ chargeId }) => chargeId).filter((chargeId): chargeId is string => chargeId !== null);
    const charges = new Map(
      (await tx.findBy(Charge, { organizationId, id: In(chargeIds) })).map((charge) => [charge.id, charge]),
    );
    const evidence = await loadEvidence(tx, invoice, lines);
    const verified = lines.map((line) =>
      verifyLine(line, charges.get(line.chargeId ?? '') ?? null, evidence.get(line.id) ?? null, invoice.currency),
    );
    const totalsMatch = addsUp(invoice, lines);
    return { invoice, totalsMatch, lines: verified, matches: totalsMatch && verified.every(({ matches }) => matches) };
  }
}

/** The readings behind the usage lines: at their cut-off and now. Three statements, however many lines there are. */
async function loadEvidence(tx: EntityManager, invoice: Invoice, lines: InvoiceLine[]): Promise<Map<string, UsageEvidence>> {
  const usageLines = lines.flatMap(({ id, explanation: { reading }, knownSnapshot }) =>
    reading && knownSnapshot !== null ? [{ id, reading, knownSnapshot }] : [],
  );
  const requests = usageLines.map(({ reading, knownSnapshot }) => ({
    organizationId: invoice.organizationId,
    customerId: invoice.customerId,
    meterId: reading.meterId,
    from: new Date(reading.from),
    to: new Date(reading.to),
    knownAt: knownSnapshot,
  }));
  const known = await loadReadings(tx, requests);
  const present = await loadReadings(
    tx,
    requests.map((request) => ({ ...request, knownAt: null })),
  );
  const arrivals = await loadArrivals(tx, requests);
  return new Map(
    usageLines.map(({ id }, index) => [id, { known: known[index], present: present[index], arrivals: arrivals[index] }]),
  );
}

function verifyLine(line: InvoiceLine, charge: Charge | null, usage: UsageEvidence | null, currency: string): LineVerification {
  const amount = recomputedAmount(line.explanation, charge && billableCharge(charge), usage?.known ?? null, currency);
  const eventsMatch = usage && usage.known.eventsHash === line.eventsHash && isReadingOf(line, usage.known);
  return {
    line,
    matches: (amount === null || amount.equals(line.amount)) && eventsMatch !== false,
    recomputedAmount: amount && decimalText(amount),
    eventsMatch,
    presentValue: usage && decimalText(usage.present.value),
    receivedSince: usage?.arrivals.received ?? null,
    voidedSince: usage?.arrivals.voided ?? null,
  };
}

const isReadingOf = ({ explanation: { reading } }: InvoiceLine, { value, eventCount }: Reading): boolean =>
  reading !== undefined && value.equals(reading.value) && eventCount === reading.eventCount;

/** Σ lines = subtotal, Σ their tax = tax and subtotal + tax = total; an invoice that is kept as a credit comes to 0. */
function addsUp(invoice: Invoice, lines: InvoiceLine[]): boolean {
  const total = (pick: (line: InvoiceLine) => string): Decimal => sum(lines.map((line) => decimal(pick(line))));
  const subtotal = sum(lines.map(netAmount));
  return (
    subtotal.equals(invoice.subtotal) &&
    total((line) => line.tax).equals(invoice.tax) &&
    decimal(invoice.subtotal).plus(invoice.tax).equals(invoice.total) &&
    decimal(invoice.total).gte(ZERO)
  );
}
