import { In, type EntityManager } from 'typeorm';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import { Charge } from '../../catalog/index.js';
import type { BillableCharge } from '../domain/expected-lines.js';
import { InvoiceLine, type Invoice } from '../invoice.entity.js';
import { billableCharge } from './load-billing-inputs.query.js';

export interface DraftUsageLine {
  line: InvoiceLine;
  charge: BillableCharge;
}

/** The lines of a draft that rest on a reading, but for those edited by hand, with their charges. Served by invoice_lines_position_key. */
export async function loadDraftUsageLines(
  tx: EntityManager,
  { organizationId, id: invoiceId }: Invoice,
): Promise<DraftUsageLine[]> {
  const lines = await tx.find(InvoiceLine, {
    where: { organizationId, invoiceId, kind: In(['CHARGE', 'CORRECTION']), edited: false },
    order: { position: 'ASC' },
  });
  const ids = lines.map((line) => line.chargeId).filter((id): id is string => id !== null);
  const charges = await tx.findBy(Charge, { organizationId, id: In(ids), type: 'USAGE' });
  const byId = new Map(charges.map((charge) => [charge.id, billableCharge(charge)]));
  return lines.flatMap((line) => {
    const charge = byId.get(line.chargeId ?? '');
    return charge ? [{ line, charge }] : [];
  });
}

/** What other invoices billed for the things on this one, by charge and span start. Served by invoice_lines_subscription_idx. */
export async function billedElsewhere(
  tx: EntityManager,
  invoice: Invoice,
): Promise<Map<string, { amount: Decimal; quantity: Decimal }>> {
  const rows = await tx.query<{ charge_id: string; key_start: Date; amount: string; quantity: string }[]>(
    `SELECT other.charge_id, other.key_start, sum(other.amount)::text AS amount, sum(other.quantity)::text AS quantity
       FROM (SELECT DISTINCT charge_id, key_start, subscription_id, min(period_end) OVER () AS oldest
               FROM invoice_lines WHERE organization_id = $1 AND invoice_id = $2 AND charge_id IS NOT NULL) AS own
       JOIN invoice_lines other ON other.organization_id = $1 AND other.subscription_id = own.subscription_id AND other.period_end >= own.oldest
            AND other.charge_id = own.charge_id AND other.key_start = own.key_start AND other.invoice_id <> $2
       JOIN invoices i ON i.organization_id = $1 AND i.id = other.invoice_id AND (i.status <> 'VOID' OR i.waived)
      GROUP BY other.charge_id, other.key_start`,
    [invoice.organizationId, invoice.id],
  );
  return new Map(
    rows.map((row) => [
      `${row.charge_id} ${row.key_start.toISOString()}`,
      { amount: decimal(row.amount), quantity: decimal(row.quantity) },
    ]),
  );
}
