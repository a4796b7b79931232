import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../../platform/database/database.js';
import { groupBy } from '../../../platform/graphql/loader.js';
import { decimal } from '../../../shared/decimal.js';
import { Charge } from '../../catalog/index.js';
import type { BillableCharge } from '../domain/expected-lines.js';
import type { BilledElsewhere, DraftLine } from '../domain/refresh-line.js';
import { billableCharge } from './load-billing-inputs.query.js';

/** All lines of drafts, by draft, in their order. Served by invoice_lines_position_key. */
export async function loadDraftLines(tx: EntityManager, invoiceIds: readonly string[]): Promise<Map<string, DraftLine[]>> {
  const rows = await tx.query<(DraftLine & { invoiceId: string })[]>(
    `SELECT invoice_id AS "invoiceId", id, kind, position, charge_id AS "chargeId", quantity::text, amount::text, tax::text,
            tax_rate::text AS "taxRate", tax_inclusive AS "taxInclusive", edited, period_start AS "periodStart",
            period_end AS "periodEnd", key_start AS "keyStart", events_hash AS "eventsHash", explanation -> 'proration' AS proration,
            explanation #>> '{reading,value}' AS "readValue", (explanation #>> '{reading,eventCount}')::int AS "eventCount"
       FROM invoice_lines WHERE organization_id = $1 AND invoice_id = ANY ($2::uuid[]) ORDER BY invoice_id, position`,
    [organizationOf(tx), invoiceIds],
  );
  return groupBy(rows, (row) => row.invoiceId);
}

/** The usage charges among these. Served by the primary key of charges. */
export async function loadUsageCharges(tx: EntityManager, ids: readonly string[]): Promise<Map<string, BillableCharge>> {
  if (ids.length === 0) return new Map();
  const charges = await tx.findBy(Charge, { organizationId: organizationOf(tx), id: In([...ids]), type: 'USAGE' });
  return new Map(charges.map((charge) => [charge.id, billableCharge(charge)]));
}

/** What other invoices billed for the things that lines are about, by line. Served by invoice_lines_subscription_idx. */
export async function loadBilledElsewhere(tx: EntityManager, lineIds: readonly string[]): Promise<Map<string, BilledElsewhere>> {
  if (lineIds.length === 0) return new Map();
  const rows = await tx.query<{ id: string; amount: string; quantity: string }[]>(
    `SELECT own.id, sum(other.amount)::text AS amount, sum(other.quantity)::text AS quantity
       FROM invoice_lines own
       JOIN invoice_lines other ON other.organization_id = $1 AND other.subscription_id = own.subscription_id AND other.period_end >= own.key_start
            AND other.charge_id = own.charge_id AND other.key_start = own.key_start AND other.invoice_id <> own.invoice_id
       JOIN invoices i ON i.organization_id = $1 AND i.id = other.invoice_id AND (i.status <> 'VOID' OR i.waived)
      WHERE own.organization_id = $1 AND own.id = ANY ($2::uuid[])
      GROUP BY own.id`,
    [organizationOf(tx), lineIds],
  );
  return new Map(rows.map(({ id, amount, quantity }) => [id, { amount: decimal(amount), quantity: decimal(quantity) }]));
}
