import type { EntityManager } from 'typeorm';

/** What always holds of the books, by name. */
export const INVARIANTS = {
  LINES_ADD_UP: 'The lines of an invoice add up to its subtotal, and their taxes to its tax.',
  TOTALS_ADD_UP: 'Subtotal and tax are the total, which is not negative.',
  BILLED_ONCE: 'No charge is billed twice for a period, and no two periods of a usage charge overlap.',
  NO_GAPS:
    'Between the first and the last period that a subscription was billed for, none is left out, but for pauses and plans without charges.',
  NUMBERS_COMPLETE: 'Invoices of an organization and year are numbered from 1 to the last number given, without a hole.',
  CREDIT_NOTE_NUMBERS_COMPLETE: 'So are its credit notes.',
  DATES_FIT_STATUS: 'An invoice has the number and the dates that belong to its status, and no others.',
  PAYMENTS_ADD_UP: 'What an invoice says was paid, and used of credit, is what the payments and the ledger say.',
  PAID_IS_COVERED: 'What was paid and credited covers the total of an invoice that is PAID, and not of one that is OPEN.',
  BALANCES_NOT_NEGATIVE: 'No customer has used more credit than there was.',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface InvariantCheck {
  name: Invariant;
  /** How many rows break it. */
  violations: number;
  /** Ids of some of them: invoices, subscriptions, organizations or customers. */
  examples: string[];
}

/**
 * Checks all of them over the books of an organization, or of all (null): one statement, one snapshot, and nothing but the tables that
 * are checked. It reads every invoice, so it is for the night and for tests. `checked`: how many invoices there are.
 */
export async function checkInvariants(
  tx: EntityManager,
  organizationId: string | null,
): Promise<{ checked: number; checks: InvariantCheck[] }> {
  const rows = await tx.query<{ name: Invariant; violations: number; examples: string[] | null; checked: number }[]>(TEXT, [
    organizationId,
  ]);
  const found = new Map(rows.map((row) => [row.name, row]));
  const names = Object.keys(INVARIANTS) as Invariant[];
  return {
    checked: rows[0].checked,
    checks: names.map((name) => {
      const { violations = 0, examples = null } = found.get(name) ?? {};
      return { name, violations, examples: examples ?? [] };
    }),
  };
}

const MINE = '($1::uuid IS NULL OR organization_id = $1)';

/** Each yields the name of what it breaks, and an id. */
const BREACHES = [
  `SELECT 'LINES_ADD_UP', i.id FROM mine i LEFT JOIN (
     SELECT organization_id, invoice_id, sum(CASE WHEN tax_inclusive THEN amount - tax ELSE amount END) AS net, sum(tax) AS tax
       FROM invoice_lines WHERE ${MINE} GROUP BY 1, 2
   ) AS l ON l.organization_id = i.organization_id AND l.invoice_id = i.id
    WHERE i.subtotal <> coalesce(l.net, 0) OR i.tax <> coalesce(l.tax, 0)`,
  `SELECT 'TOTALS_ADD_UP', id FROM mine WHERE total <> subtotal + tax OR total < 0`,
  `SELECT 'BILLED_ONCE', invoice_id FROM spans WHERE is_usage AND span && previous OR key_start = previous_start AND span <> 'empty'`,
  `SELECT 'NO_GAPS', organization_gap.subscription_id FROM (
     SELECT b.subscription_id, tstzmultirange(range_merge(b.billed)) - b.billed - coalesce(x.excused, '{}') AS gap
       FROM (SELECT organization_id, subscription_id, range_agg(span) AS billed FROM spans GROUP BY 1, 2) AS b
       JOIN subscriptions s ON s.organization_id = b.organization_id AND s.id = b.subscription_id AND s.rebill_from IS NULL
       LEFT JOIN (SELECT organization_id, subscription_id, range_agg(span) AS excused FROM unbilled GROUP BY 1, 2) AS x
         ON x.organization_id = b.organization_id AND x.subscription_id = b.subscription_id
   ) AS organization_gap WHERE gap <> '{}'`,
  ...[
    ['NUMBERS_COMPLETE', 'invoices', 'invoice_counters'],
    ['CREDIT_NOTE_NUMBERS_COMPLETE', 'credit_notes', 'credit_note_counters'],
  ].map(
    ([name, table, counters]) => `SELECT '${name}', coalesce(n.organization_id, c.organization_id) FROM (
     SELECT organization_id, split_part(number, '-', 2)::int AS issue_year, count(DISTINCT number) AS given,
            min(split_part(number, '-', 3)::bigint) AS first, max(split_part(number, '-', 3)::bigint) AS last
       FROM ${table} WHERE ${MINE} AND number IS NOT NULL GROUP BY 1, 2
   ) AS n FULL JOIN (SELECT * FROM ${counters} WHERE ${MINE}) AS c USING (organization_id, issue_year)
    WHERE n.first IS DISTINCT FROM 1 OR n.given <> n.last OR c.last IS DISTINCT FROM n.last`,
  ),
  `SELECT 'DATES_FIT_STATUS', id FROM mine WHERE NOT CASE
     WHEN status = 'DRAFT' THEN number IS NULL AND num_nonnulls(issued_at, paid_at, voided_at, uncollectible_at, overdue_at) = 0
     WHEN status = 'VOID' THEN voided_at IS NOT NULL AND paid_at IS NULL AND finalize_at IS NULL AND (number IS NULL) = (issued_at IS NULL)
     ELSE issued_at IS NOT NULL AND finalize_at IS NULL AND voided_at IS NULL AND (kind = 'CREDIT' OR number IS NOT NULL AND due_at >= issued_at)
          AND (status = 'PAID') = (paid_at IS NOT NULL) AND (status <> 'UNCOLLECTIBLE' OR uncollectible_at IS NOT NULL)
          AND (status <> 'OPEN' OR uncollectible_at IS NULL) END`,
  `SELECT 'PAYMENTS_ADD_UP', i.id FROM mine i
     LEFT JOIN (SELECT organization_id, invoice_id, sum(amount) AS paid FROM payments WHERE ${MINE} GROUP BY 1, 2) AS p
       ON p.organization_id = i.organization_id AND p.invoice_id = i.id
     LEFT JOIN (SELECT organization_id, invoice_id, -sum(amount) AS applied FROM balance_entries WHERE ${MINE} AND reason = 'APPLIED' GROUP BY 1, 2) AS b
       ON b.organization_id = i.organization_id AND b.invoice_id = i.id
    WHERE i.amount_paid <> coalesce(p.paid, 0) OR i.credits_applied <> coalesce(b.applied, 0)`,
  `SELECT 'PAID_IS_COVERED', id FROM mine
    WHERE status IN ('PAID', 'OPEN') AND (status = 'PAID') <> (amount_paid + credits_applied + amount_credited >= total)`,
  `SELECT 'BALANCES_NOT_NEGATIVE', customer_id FROM balance_entries WHERE ${MINE} GROUP BY organization_id, customer_id, currency HAVING sum(amount) < 0`,
];

const TEXT = `WITH mine AS (
    SELECT * FROM invoices WHERE ${MINE}
  ), spans AS (
    -- What was billed, each charge beside what it was billed for before. Voided to be drafted again does not count.
    SELECT *, lag(key_start) OVER same AS previous_start, lag(span) OVER same AS previous FROM (
      SELECT l.organization_id, l.subscription_id, l.charge_id, l.invoice_id, l.key_start, c.type = 'USAGE' AS is_usage,
             tstzrange(l.key_start, l.period_end) AS span
        FROM invoice_lines l
        JOIN charges c ON c.organization_id = l.organization_id AND c.id = l.charge_id
       WHERE ($1::uuid IS NULL OR l.organization_id = $1) AND l.kind = 'CHARGE' AND NOT l.reversed AND l.subscription_id IS NOT NULL
    ) AS charged WINDOW same AS (PARTITION BY organization_id, subscription_id, charge_id ORDER BY key_start, invoice_id)
  ), decisions AS (
    SELECT e.organization_id, e.subscription_id, e.kind, e.plan_id, tstzrange(e.effective_at, greatest(e.effective_at, lead(e.effective_at) OVER later)) AS span
      FROM subscription_entries e WHERE ${MINE} AND e.revoked_at IS NULL AND e.kind <> 'PLAN'
    WINDOW later AS (PARTITION BY e.organization_id, e.subscription_id ORDER BY e.effective_at, e.sequence)
  ), plans_taken AS (
    SELECT e.organization_id, e.subscription_id, e.plan_id, tstzrange(e.effective_at, greatest(e.effective_at, lead(e.effective_at) OVER later)) AS span
      FROM subscription_entries e WHERE ${MINE} AND e.revoked_at IS NULL AND e.kind = 'PLAN'
    WINDOW later AS (PARTITION BY e.organization_id, e.subscription_id ORDER BY e.effective_at, e.sequence)
  ), unbilled AS (
    SELECT organization_id, subscription_id, span FROM decisions WHERE kind = 'PAUSE'
    UNION ALL SELECT organization_id, subscription_id, span FROM plans_taken t
     WHERE NOT EXISTS (SELECT FROM charges c WHERE c.organization_id = t.organization_id AND c.plan_id = t.plan_id)
  ), breaches (name, id) AS (
    ${BREACHES.join('\n    UNION ALL ')}
  ), counted AS (
    SELECT name, count(*)::int AS violations, (array_agg(id ORDER BY id))[1:10] AS examples FROM breaches GROUP BY name
  )
  SELECT t.checked, c.name, c.violations, c.examples
    FROM (SELECT count(*)::int AS checked FROM mine) AS t LEFT JOIN counted c ON true`;
