import { In, type EntityManager } from 'typeorm';
import { decimal } from '../../../shared/decimal.js';
import { Charge, Plan, priceOf } from '../../catalog/index.js';
import { Organization } from '../../organizations/index.js';
import type { IssuedLine } from '../domain/diff-lines.js';
import { lineKey, type BillableCharge } from '../domain/expected-lines.js';

export const billableCharge = (charge: Charge): BillableCharge => ({
  id: charge.id,
  displayName: charge.displayName,
  type: charge.type,
  billingTiming: charge.billingTiming,
  meterId: charge.meterId,
  price: priceOf(charge),
});

export interface CatalogSlice {
  currencyByPlan: Map<string, string>;
  chargesByPlan: Map<string, BillableCharge[]>;
  chargesById: Map<string, BillableCharge>;
}

/**
 * The charges of plan versions, in their order, and `chargeIds`: what was billed may belong to a plan that the time line no
 * longer holds. Served by charges_plan_idx and the primary keys of plans and charges.
 */
export async function loadCatalog(
  tx: EntityManager,
  organizationIds: string[],
  planIds: string[],
  chargeIds: string[],
): Promise<CatalogSlice> {
  const organizationId = In(organizationIds);
  const plans = await tx.findBy(Plan, { organizationId, id: In(planIds) });
  const charges = await tx.find(Charge, {
    where: [
      { organizationId, planId: In(planIds), active: true },
      { organizationId, id: In(chargeIds) },
    ],
    order: { position: 'ASC' },
  });
  const slice: CatalogSlice = {
    currencyByPlan: new Map(plans.map((plan) => [plan.id, plan.currency])),
    chargesByPlan: new Map(plans.map((plan) => [plan.id, []])),
    chargesById: new Map(),
  };
  for (const charge of charges) {
    const billable = billableCharge(charge);
    if (charge.active) slice.chargesByPlan.get(charge.planId)?.push(billable);
    slice.chargesById.set(charge.id, billable);
  }
  return slice;
}

export async function loadOrganizations(tx: EntityManager, ids: string[]): Promise<Map<string, Organization>> {
  return new Map((await tx.findBy(Organization, { id: In(ids) })).map((organization) => [organization.id, organization]));
}

export interface IssuedRequest {
  organizationId: string;
  subscriptionId: string;
  from: Date;
  /** A draft billed at this instant is about to be replaced and does not count, unless it was edited by hand. */
  billedAt: Date;
}

interface IssuedRow {
  subscription_id: string;
  charge_id: string;
  key_start: Date;
  period_start: Date;
  period_end: Date;
  quantity: string;
  amount: string;
  billed_before: string;
  credited: string;
  edited: boolean;
  kind: IssuedLine['kind'];
  status: string;
  waived: boolean;
}

/**
 * What was billed to each subscription for spans that end after `from`, the line that first billed a thing before its
 * corrections. Served by invoice_lines_subscription_idx and credit_note_lines_line_idx.
 */
export async function loadIssuedLines(tx: EntityManager, requests: IssuedRequest[]): Promise<Map<string, IssuedLine[]>> {
  const rows = await tx.query<IssuedRow[]>(
    `SELECT l.subscription_id, l.charge_id, l.key_start, l.period_start, l.period_end, l.quantity::text AS quantity, l.amount::text AS amount, l.kind,
            coalesce(l.explanation ->> 'billedBefore', '0') AS billed_before,
            CASE WHEN i.total_credited > 0 THEN (SELECT coalesce(sum(c.amount), 0) FROM credit_note_lines c
                   WHERE c.organization_id = l.organization_id AND c.invoice_line_id = l.id) ELSE 0 END::text AS credited,
            l.edited, i.status, i.waived
       FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS w (organization_id, subscription_id, start_at, billed_at)
       JOIN invoice_lines l ON l.organization_id = w.organization_id AND l.subscription_id = w.subscription_id AND l.period_end > w.start_at
       JOIN invoices i ON i.organization_id = l.organization_id AND i.id = l.invoice_id
      WHERE l.charge_id IS NOT NULL AND (i.status <> 'VOID' OR i.waived) AND NOT (i.status = 'DRAFT' AND i.billed_at = w.billed_at AND NOT i.edited)
      ORDER BY l.id`,
    [
      requests.map((request) => request.organizationId),
      requests.map((request) => request.subscriptionId),
      requests.map((request) => request.from),
      requests.map((request) => request.billedAt),
    ],
  );
  const lines = new Map<string, IssuedLine[]>(requests.map((request) => [request.subscriptionId, []]));
  for (const row of rows) {
    lines.get(row.subscription_id)?.push({
      key: lineKey(row.charge_id, row.key_start),
      chargeId: row.charge_id,
      span: { start: row.period_start, end: row.period_end },
      quantity: decimal(row.quantity),
      amount: decimal(row.amount),
      billedBefore: decimal(row.billed_before),
      credited: decimal(row.credited),
      edited: row.edited,
      kind: row.kind,
      invoice: row.status === 'DRAFT' ? 'DRAFT' : row.waived ? 'WAIVED' : 'FINAL',
    });
  }
  return lines;
}

/**
 * The earliest span on the drafts that were billed at an instant. Settling once more at that instant replaces them, and they may
 * hold more than a run looks at of its own accord. Served by invoices_billing_key and invoice_lines_position_key.
 */
export async function findDraftedSince(
  tx: EntityManager,
  { organizationId, id }: { organizationId: string; id: string },
  billedAt: Date,
): Promise<Date | null> {
  const [row] = await tx.query<{ start: Date | null }[]>(
    `SELECT min(l.key_start) AS start FROM invoices i JOIN invoice_lines l ON l.organization_id = i.organization_id AND l.invoice_id = i.id
      WHERE i.organization_id = $1 AND i.subscription_id = $2 AND i.billed_at = $3 AND i.status = 'DRAFT' AND NOT i.edited`,
    [organizationId, id, billedAt],
  );
  return row.start;
}

/** The subscriptions among these that have an OPEN invoice whose due date has passed. Served by invoices_subscription_idx and invoice_subscriptions_subscription_idx. */
export async function loadOverdue(
  tx: EntityManager,
  subscriptions: { organizationId: string; id: string; at: Date }[],
): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }[]>(
    `SELECT w.id FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (organization_id, id, at)
      WHERE EXISTS (SELECT FROM invoices i WHERE i.organization_id = w.organization_id AND i.subscription_id = w.id
                      AND i.status = 'OPEN' AND i.due_at <= w.at)
         OR EXISTS (SELECT FROM invoice_subscriptions m JOIN invoices i ON i.organization_id = m.organization_id AND i.id = m.invoice_id
                     WHERE m.organization_id = w.organization_id AND m.subscription_id = w.id AND i.status = 'OPEN' AND i.due_at <= w.at)`,
    [
      subscriptions.map((subscription) => subscription.organizationId),
      subscriptions.map((subscription) => subscription.id),
      subscriptions.map((subscription) => subscription.at),
    ],
  );
  return new Set(rows.map((row) => row.id));
}
