import { hash } from 'node:crypto';
import { newId } from '../../platform/database/ids.js';
import { canonicalJson } from '../../platform/json.js';
import { decimal, decimalText } from '../../shared/decimal.js';
import {
  checkEventShape,
  contributionOf,
  MAX_PROPERTIES_BYTES,
  Rejection,
  type Contribution,
  type UsageEventInput,
} from './domain/usage-event.js';
import type { Meter } from './meter.entity.js';
import type { IngestionCustomer } from './queries/load-ingestion-customers.query.js';
import type { NewUsageEvent } from './queries/record-usage.query.js';

/** An event that has passed so far, on its way into the table. */
export interface Candidate {
  event: UsageEventInput;
  meter: Meter;
  contribution: Contribution;
  propertiesText: string | null;
}

/** Checks an event as far as its meter tells. */
export function candidateOf(event: UsageEventInput, meter: Meter | undefined): Candidate | Rejection {
  const misshapen = checkEventShape(event);
  if (misshapen) return misshapen;
  if (!meter) return new Rejection('METER_NOT_FOUND', 'There is no such meter.');
  if (meter.archivedAt) return new Rejection('METER_ARCHIVED', 'The meter is archived and takes no more events.');
  const propertiesText = event.properties ? canonicalJson(event.properties) : null;
  // A character is at most three bytes: most texts need no counting.
  if (
    propertiesText !== null &&
    propertiesText.length * 3 > MAX_PROPERTIES_BYTES &&
    Buffer.byteLength(propertiesText) > MAX_PROPERTIES_BYTES
  ) {
    return new Rejection('VALIDATION_FAILED', `The properties exceed ${MAX_PROPERTIES_BYTES} bytes.`);
  }
  const contribution = contributionOf(event, meter);
  return contribution instanceof Rejection ? contribution : { event, meter, contribution, propertiesText };
}

/** The row of an event. `now`: the customer's present time. */
export function rowOf(
  { event, meter, contribution, propertiesText }: Candidate,
  customer: IngestionCustomer,
  now: Date,
): NewUsageEvent {
  const quantity = event.quantity ? decimalText(decimal(event.quantity)) : null;
  const idempotencyKey = event.idempotencyKey ?? null;
  const id = newId();
  // A timestamp that was not given is not part of the content: a retry without one is the same event.
  const content = [meter.id, customer.externalId, quantity, propertiesText, event.timestamp?.text ?? null];
  const contentBits = BigInt(`0x${hash('sha256', JSON.stringify(content), 'hex').slice(0, 16)}`);
  return {
    organizationId: meter.organizationId,
    id,
    meterId: meter.id,
    customerId: customer.id,
    occurredAt: event.timestamp?.text ?? now.toISOString(),
    quantity,
    counted: contribution.counted,
    value: contribution.value ? decimalText(contribution.value) : null,
    member: contribution.member,
    properties: propertiesText,
    idempotencyKey,
    keyHash: idempotencyKey === null ? null : hash('sha256', idempotencyKey, 'hex').slice(0, 32),
    contentHash: BigInt.asIntN(64, contentBits).toString(),
    digest: digestOf(id, contentBits),
    amendsId: null,
    aggregation: meter.aggregation,
    keepsLatest: meter.aggregation === 'LAST' || meter.carriesOver,
  };
}

/** 60 bits of the event's id and content: added up, they tell one set of events from another. */
function digestOf(id: string, contentBits: bigint): string {
  const idBits = BigInt(`0x${id.slice(19, 23)}${id.slice(24)}`);
  return ((contentBits ^ idBits) >> 4n).toString();
}
