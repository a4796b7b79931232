import { arrayText } from '../../../platform/database/array-text.js';
import type { PreparedStatement } from '../../../platform/database/database.js';
import { decimal, ZERO, type Decimal } from '../../../shared/decimal.js';
import {
  daySums,
  daySumsOf,
  NO_SUMS,
  presentReadings,
  type DaySums,
  type DaySumsRow,
  type OwnedReadingRequest,
} from '../../metering/index.js';

/** What a check has to know of the database about one customer and feature. */
export interface Question {
  organizationId: string;
  customerId: string;
  featureId: string;
  at: Date;
  additive: 'SUM' | 'COUNT' | null;
  readings: readonly OwnedReadingRequest[];
}

export interface Answer {
  /** Of all that decides on the customer's entitlements but usage. */
  version: string;
  /** Held by reservations that have not expired. */
  reserved: Decimal;
  /** One a reading. */
  values: Decimal[];
}

interface Row extends Record<string, unknown> {
  value: string;
  reserved: string | null;
}

/**
 * Versions, reservations and usage of many customers and features in one snapshot. Served by the primary key of
 * entitlement_versions, entitlement_reservations_held_idx, and for usage by usage_counters_pair_idx and usage_events_reading_idx.
 */
export function askEntitlements(questions: readonly Question[]): PreparedStatement {
  const readings = questions.flatMap((question) => question.readings);
  const asked = questionValues(questions);
  if (readings.length === 0) return { name: 'ask_entitlements', text: `${questionsFrom(1)} ORDER BY 3`, values: asked };
  const { ragged, text, values } = presentReadings(readings);
  return {
    name: `ask_entitlements_${ragged ? 'ragged' : 'whole'}`,
    text: `SELECT 1 AS kind, value, NULL AS reserved, ordinal FROM (${text}) AS readings UNION ALL SELECT 0, q.* FROM (${questionsFrom(values.length + 1)}) AS q ORDER BY 1, 4`,
    values: [...values, ...asked],
  };
}

const questionValues = (questions: readonly Question[]): unknown[] => [
  questions.map(({ organizationId }) => organizationId),
  questions.map(({ customerId }) => customerId),
  questions.map(({ featureId }) => featureId),
  questions.map(({ at }) => at),
];

const questionsFrom = (parameter: number): string => {
  const [organizations, customers, features, instants] = [0, 1, 2, 3].map((offset) => `$${parameter + offset}`);
  return `SELECT coalesce(v.version, 0)::text AS value,
                 (SELECT sum(r.quantity) FROM entitlement_reservations r
                   WHERE r.organization_id = q.organization_id AND r.customer_id = q.customer_id AND r.feature_id = q.feature_id
                     AND r.status = 'HELD' AND r.expires_at > q.at)::text AS reserved, q.ordinal
            FROM unnest(${organizations}::uuid[], ${customers}::uuid[], ${features}::uuid[], ${instants}::timestamptz[])
                   WITH ORDINALITY AS q (organization_id, customer_id, feature_id, at, ordinal)
            LEFT JOIN entitlement_versions v ON v.organization_id = q.organization_id AND v.customer_id = q.customer_id`;
};

/** A customer at an instant: what many questions have in common. */
interface Owner {
  question: Question;
  place: number;
}

/** What questions about additive meters, with windows that end with a day, ask of the counters; made once for asking and reading. */
export class DaySumsInquiry {
  /** Of each question. */
  private readonly owners: Owner[];
  private readonly distinct: Owner[] = [];

  constructor(private readonly questions: readonly Question[]) {
    const known = new Map<string, Owner>();
    let last: Owner | null = null;
    this.owners = questions.map((question) => {
      const { customerId, at } = question;
      // Those of one customer mostly follow one another.
      if (last?.question.customerId === customerId && last.question.at.getTime() === at.getTime()) return last;
      const key = `${customerId} ${at.getTime()}`;
      last = known.get(key) ?? { question, place: this.distinct.length + 1 };
      if (last.place > this.distinct.length) {
        known.set(key, last);
        this.distinct.push(last);
      }
      return last;
    });
  }

  /** As `askEntitlements`, but a customer's version is one row, and there are none of what is not reserved or not counted. */
  statement(): PreparedStatement {
    const readingOwners = this.questions.flatMap(({ readings }, index) => readings.map(() => this.owners[index].place));
    const { text, values } = daySums(
      this.questions.flatMap(({ readings }) => readings),
      readingOwners,
      3,
    );
    return {
      name: 'ask_day_sums',
      text: `WITH owners AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY AS o (organization_id, customer_id, at, place))
             SELECT 0 AS kind, o.place::int, coalesce(v.version, 0)::text AS value, NULL::uuid AS feature_id,
                    NULL AS rest_total, NULL AS rest_count, NULL AS first_total, NULL AS first_count, NULL AS first_digests
               FROM owners o LEFT JOIN entitlement_versions v ON v.organization_id = o.organization_id AND v.customer_id = o.customer_id
             UNION ALL
             SELECT 1, o.place::int, r.reserved, r.feature_id, NULL, NULL, NULL, NULL, NULL
               FROM owners o CROSS JOIN LATERAL (
                 SELECT r.feature_id, sum(r.quantity)::text AS reserved FROM entitlement_reservations r
                  WHERE r.organization_id = o.organization_id AND r.customer_id = o.customer_id AND r.status = 'HELD' AND r.expires_at > o.at
                  GROUP BY r.feature_id) AS r
             UNION ALL
             SELECT 2, s.place, NULL, NULL, s.rest_total, s.rest_count, s.first_total, s.first_count, s.first_digests FROM (${text}) AS s`,
      values: [
        arrayText(this.distinct.map(({ question }) => question.organizationId)),
        arrayText(this.distinct.map(({ question }) => question.customerId)),
        this.distinct.map(({ question }) => question.at),
        ...values,
      ],
    };
  }

  /** The statement's rows, question by question. */
  read(rows: readonly Record<string, unknown>[]): DaySumsAnswer[] {
    const versions: string[] = [];
    const reserved = new Map<string, Decimal>();
    const sums = new Map<number, DaySumsRow>();
    for (const row of rows as unknown as InquiryRow[]) {
      if (row.kind === 0) versions[row.place] = row.value;
      else if (row.kind === 1) reserved.set(`${row.place} ${row.feature_id}`, decimal(row.value));
      else sums.set(row.place, row);
    }
    let place = 0;
    return this.questions.map(({ featureId, readings, additive }, index) => {
      const owner = this.owners[index].place;
      return {
        version: versions[owner],
        reserved: reserved.size === 0 ? ZERO : (reserved.get(`${owner} ${featureId}`) ?? ZERO),
        sums: readings.map(() => {
          const row = sums.get(++place);
          return row ? daySumsOf(row, additive === 'COUNT') : NO_SUMS;
        }),
      };
    });
  }
}

interface InquiryRow extends DaySumsRow {
  kind: 0 | 1 | 2;
  value: string;
  feature_id: string;
}

export interface DaySumsAnswer extends Omit<Answer, 'values'> {
  /** One a reading. */
  sums: DaySums[];
}

/** The rows of the statement, question by question. */
export function answersOf(questions: readonly Question[], rows: readonly Record<string, unknown>[]): Answer[] {
  let next = questions.length;
  return questions.map(({ readings }, index) => {
    const { value: version, reserved } = rows[index] as Row;
    const values = readings.map(() => decimal((rows[next++] as Row).value));
    return { version, reserved: decimal(reserved ?? '0'), values };
  });
}
