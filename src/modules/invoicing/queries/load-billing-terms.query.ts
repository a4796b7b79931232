import { In, type EntityManager } from 'typeorm';
import { taxationOf, type Taxation, type TaxParty } from '../domain/tax.js';
import { TaxRate } from '../tax-rate.entity.js';

/** What a customer's invoices are made by: their own terms, else the organization's. */
export interface BillingTerms {
  timeZone: string;
  graceMinutes: number;
  paymentTermsDays: number;
  consolidate: boolean;
  taxation: Taxation;
}

export interface TermsRequest {
  organizationId: string;
  customerId: string;
  /** Whose tax rates hold. */
  at: Date;
}

interface TermsRow extends TaxParty, Omit<BillingTerms, 'taxation'> {
  id: string;
}

/** The terms of many customers, in order, with two statements. Served by the primary keys and tax_rates_country_idx. */
export async function loadBillingTerms(tx: EntityManager, requests: readonly TermsRequest[]): Promise<BillingTerms[]> {
  const rows = await tx.query<TermsRow[]>(
    `SELECT c.id, coalesce(c.time_zone, o.time_zone) AS "timeZone", coalesce(c.grace_minutes, o.grace_minutes) AS "graceMinutes",
            coalesce(c.payment_terms_days, o.payment_terms_days) AS "paymentTermsDays", c.consolidate, c.tax_exempt AS "taxExempt",
            c.reverse_charge AS "reverseCharge", c.billing_address ->> 'country' AS country, c.billing_address ->> 'region' AS region
       FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS u (organization_id, id)) AS w
       JOIN customers c ON c.organization_id = w.organization_id AND c.id = w.id
       JOIN organizations o ON o.id = c.organization_id`,
    [requests.map(({ organizationId }) => organizationId), requests.map(({ customerId }) => customerId)],
  );
  const customers = new Map(rows.map((row) => [row.id, row]));
  const rates = await loadRates(
    tx,
    requests.map(({ organizationId }) => organizationId),
    rows,
  );
  return requests.map(({ organizationId, customerId, at }) => {
    const { timeZone, graceMinutes, paymentTermsDays, consolidate, ...party } = customers.get(customerId) as TermsRow;
    const taxation = taxationOf(party, rates.get(organizationId) ?? [], at);
    return { timeZone, graceMinutes, paymentTermsDays, consolidate, taxation };
  });
}

/** The rates of the countries that these customers live in, by organization. */
async function loadRates(tx: EntityManager, organizationIds: string[], parties: TaxParty[]): Promise<Map<string, TaxRate[]>> {
  const countries = new Set(parties.map(({ country }) => country).filter((country) => country !== null));
  const rates = new Map<string, TaxRate[]>();
  if (countries.size === 0) return rates;
  const where = { organizationId: In([...new Set(organizationIds)]), country: In([...countries]) };
  for (const rate of await tx.findBy(TaxRate, where))
    rates.set(rate.organizationId, [...(rates.get(rate.organizationId) ?? []), rate]);
  return rates;
}
