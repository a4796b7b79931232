import type { PreparedStatement } from '../../../platform/database/database.js';
import { decimal, type Decimal } from '../../../shared/decimal.js';
import { daySums, presentReadings, type OwnedReadingRequest } from '../../metering/index.js';

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

/**
 * As `askEntitlements`, of questions about additive meters with windows that end with a day: counters alone are read. A row a
 * reading follows those of the questions.
 */
export function askDaySums(questions: readonly Question[]): PreparedStatement {
  const asked = questionValues(questions);
  const { text, values } = daySums(
    questions.flatMap(({ readings }) => readings),
    asked.length,
  );
  return {
    name: 'ask_day_sums',
    text: `SELECT 0 AS kind, q.*, NULL AS rest_total, NULL AS rest_count, NULL AS first_total, NULL AS first_count, NULL AS first_digests
             FROM (${questionsFrom(1)}) AS q
           UNION ALL SELECT 1, NULL, NULL, s.ordinal, s.rest_total, s.rest_count, s.first_total, s.first_count, s.first_digests
             FROM (${text}) AS s ORDER BY 1, 4`,
    values: [...asked, ...values],
  };
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
