import type { EntityManager } from 'typeorm';
import type { InvoiceParties } from '../invoice-parties.entity.js';

const PARTIES = `
  SELECT i.organization_id, i.id AS invoice_id,
         jsonb_build_object('name', o.name, 'address', o.address, 'taxId', o.tax_id, 'email', o.email) AS seller,
         jsonb_build_object('name', coalesce(c.name, c.external_id), 'address', c.billing_address, 'taxId', c.tax_id, 'email', c.email) AS buyer,
         coalesce(c.locale, o.locale) AS locale, coalesce(c.time_zone, o.time_zone) AS time_zone, o.brand_color
    FROM invoices i JOIN organizations o ON o.id = i.organization_id
    JOIN customers c ON c.organization_id = i.organization_id AND c.id = i.customer_id
   WHERE i.organization_id = $1 AND i.id = ANY($2)`;

/** Keeps who bills whom at this moment, for many invoices with one statement. Served by the primary keys. */
export async function keepInvoiceParties(tx: EntityManager, organizationId: string, invoiceIds: string[]): Promise<void> {
  await tx.query(
    `INSERT INTO invoice_parties (organization_id, invoice_id, seller, buyer, locale, time_zone, brand_color) ${PARTIES} ON CONFLICT DO NOTHING`,
    [organizationId, invoiceIds],
  );
}

/** Who would bill whom now: of a draft. */
export async function loadPresentParties(tx: EntityManager, organizationId: string, invoiceId: string): Promise<InvoiceParties> {
  const [parties] = await tx.query<InvoiceParties[]>(
    `SELECT organization_id AS "organizationId", invoice_id AS "invoiceId", seller, buyer, locale, time_zone AS "timeZone",
            brand_color AS "brandColor" FROM (${PARTIES}) AS p`,
    [organizationId, [invoiceId]],
  );
  return parties;
}
