import { arrayText } from '../../../platform/database/array-text.js';
import { DAY_MS } from '../../../shared/calendar.js';
import { decimal, ZERO, type Decimal } from '../../../shared/decimal.js';
import type { OwnedReadingRequest } from './load-readings.query.js';

/** What the counters say of a window of a SUM or COUNT meter: its first day apart, which the window may begin in the middle of. */
export interface DaySums {
  /** Null: nothing was counted on that day. */
  firstDay: { value: Decimal; /** Tells the events of the day from any other set. */ fingerprint: string } | null;
  rest: Decimal;
}

/** A row of the statement; `place` is that of the reading, from 1. */
export interface DaySumsRow {
  place: number;
  rest_total: string | null;
  rest_count: string | null;
  first_total: string | null;
  first_count: string | null;
  first_digests: string | null;
}

const dayNumberOf = (instant: Date): number => Math.floor(instant.getTime() / DAY_MS);

/**
 * Counters of whole UTC days from the one that each window begins in; `to` is the beginning of a day. A window in which nothing was
 * counted has no row. A tenth of what a reading of any meter costs, for the path of every request. $1 and $2 are the organizations and
 * customers that `owners` are places in, from 1; further parameters begin after `offset`. Served by usage_counters_pair_idx.
 */
export const daySums = (
  requests: readonly Pick<OwnedReadingRequest, 'meterId' | 'from' | 'to'>[],
  owners: readonly number[],
  offset: number,
): { text: string; values: unknown[] } => ({
  text: `SELECT w.place::int, u.* FROM unnest($${offset + 1}::int[], $${offset + 2}::uuid[], $${offset + 3}::int[], $${offset + 4}::int[])
           WITH ORDINALITY AS w (owner, meter_id, first_day, end_day, place)
          CROSS JOIN LATERAL (
            SELECT (sum(c.total) FILTER (WHERE NOT d.is_first))::text AS rest_total, (sum(c.event_count) FILTER (WHERE NOT d.is_first))::text AS rest_count,
                   (sum(c.total) FILTER (WHERE d.is_first))::text AS first_total, (sum(c.event_count) FILTER (WHERE d.is_first))::text AS first_count,
                   (sum(c.digests) FILTER (WHERE d.is_first))::text AS first_digests
              FROM usage_counters c CROSS JOIN LATERAL (SELECT c.day = date '1970-01-01' + w.first_day AS is_first) AS d
             WHERE c.organization_id = ($1::uuid[])[w.owner] AND c.meter_id = w.meter_id AND c.customer_id = ($2::uuid[])[w.owner]
               AND c.day >= date '1970-01-01' + w.first_day AND c.day < date '1970-01-01' + w.end_day
            HAVING count(*) > 0) AS u`,
  values: [
    arrayText(owners),
    arrayText(requests.map(({ meterId }) => meterId)),
    arrayText(requests.map(({ from }) => dayNumberOf(from))),
    arrayText(requests.map(({ to }) => dayNumberOf(to))),
  ],
});

export function daySumsOf(row: DaySumsRow, counts: boolean): DaySums {
  const { rest_total, rest_count, first_total, first_count, first_digests } = row;
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

/** Of a window in which nothing was counted. */
export const NO_SUMS: DaySums = { firstDay: null, rest: ZERO };
