import type { EntityManager } from 'typeorm';
import { decimal, decimalText } from '../../../shared/decimal.js';
import { totalsOf, type InvoiceTotals, type Taxation } from '../domain/tax.js';
import { InvoiceLine, type Invoice } from '../invoice.entity.js';

export interface RetaxedInvoice extends InvoiceTotals {
  lines: InvoiceLine[];
}

/** Computes the totals of a draft from its lines, and writes each line's share of the tax. Served by invoice_lines_position_key. */
export async function retaxLines(
  tx: EntityManager,
  { organizationId, id: invoiceId, currency }: Invoice,
  taxation: Taxation,
): Promise<RetaxedInvoice> {
  const lines = await tx.find(InvoiceLine, { where: { organizationId, invoiceId }, order: { position: 'ASC' } });
  const totals = totalsOf(
    lines.map((line) => decimal(line.amount)),
    taxation,
    currency,
  );
  await tx.query(
    `UPDATE invoice_lines l SET tax = w.tax, tax_rate = $4, tax_inclusive = $5
       FROM unnest($2::uuid[], $3::numeric[]) AS w (id, tax) WHERE l.organization_id = $1 AND l.id = w.id
        AND (l.tax <> w.tax OR l.tax_rate IS DISTINCT FROM $4::numeric OR l.tax_inclusive <> $5)`,
    [
      organizationId,
      lines.map(({ id }) => id),
      totals.taxes.map(decimalText),
      taxation.rate?.percentage ?? null,
      taxation.rate?.inclusive ?? false,
    ],
  );
  return { ...totals, lines };
}

/** What an invoice says of its totals and its tax. */
export const totalColumns = (
  { subtotal, tax, total }: InvoiceTotals,
  { treatment, rate }: Taxation,
): Pick<Invoice, 'subtotal' | 'tax' | 'total' | 'taxTreatment' | 'taxRate'> => ({
  subtotal: decimalText(subtotal),
  tax: decimalText(tax),
  total: decimalText(total),
  taxTreatment: treatment,
  taxRate: rate,
});
