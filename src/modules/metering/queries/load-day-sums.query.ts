import { decimal, ZERO, type Decimal } from '../../../shared/decimal.js';
import type { OwnedReadingRequest } from './load-readings.query.js';

/** What the counters say of a window of a SUM or COUNT meter: its first day apart, which the window may begin in the middle of. */
export interface DaySums {
  /** Null: nothing was counted on that day. */
  firstDay: { value: Decimal; /** Tells the events of the day from any other set. */ fingerprint: string } | null;
  rest: Decimal;
}

interface DaySumsRow extends Record<string, unknown> {
  rest_total: string | null;
  rest_count: string | null;
  first_total: string | null;
  first_count: string | null;
  first_digests: string | null;
}

const dayOf = (instant: Date): string => instant.toISOString().slice(0, 10);

/**
 * Counters of whole UTC days from the one that each window begins in; `to` is the beginning of a day. A tenth of what a reading of
 * any meter costs, for the path of every request; parameters begin after `offset`. Served by usage_counters_pair_idx.
 */
export const daySums = (requests: readonly OwnedReadingRequest[], offset = 0): { text: string; values: unknown[] } => ({
  text: `SELECT w.ordinal, u.* FROM unnest($${offset + 1}::uuid[], $${offset + 2}::uuid[], $${offset + 3}::uuid[], $${offset + 4}::date[], $${offset + 5}::date[])
           WITH ORDINALITY AS w (organization_id, meter_id, customer_id, first_day, end_day, ordinal)
          CROSS JOIN LATERAL (
            SELECT sum(c.total) FILTER (WHERE c.day > w.first_day)::text AS rest_total, sum(c.event_count) FILTER (WHERE c.day > w.first_day)::text AS rest_count,
                   sum(c.total) FILTER (WHERE c.day = w.first_day)::text AS first_total, sum(c.event_count) FILTER (WHERE c.day = w.first_day)::text AS first_count,
                   sum(c.digests) FILTER (WHERE c.day = w.first_day)::text AS first_digests
              FROM usage_counters c
             WHERE c.organization_id = w.organization_id AND c.meter_id = w.meter_id AND c.customer_id = w.customer_id
               AND c.day >= w.first_day AND c.day < w.end_day) AS u`,
  values: [
    requests.map(({ organizationId }) => organizationId),
    requests.map(({ meterId }) => meterId),
    requests.map(({ customerId }) => customerId),
    requests.map(({ from }) => dayOf(from)),
    requests.map(({ to }) => dayOf(to)),
  ],
});

export function daySumsOf(row: Record<string, unknown>, counts: boolean): DaySums {
  const { rest_total, rest_count, first_total, first_count, first_digests } = row as DaySumsRow;
  const rest = counts ? rest_count : rest_total;
  const first = counts ? first_count : first_total;
  return {
    rest: rest === null ? ZERO : decimal(rest),
    firstDay:
      first_count === null || first_count === '0'
        ? null
        : { value: first === null ? ZERO : decimal(first), fingerprint: `${first_count} ${first_digests}` },
  };
}
