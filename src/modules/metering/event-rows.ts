import { hash } from 'node:crypto';
import { newId } from '../../platform/database/ids.js';
import { canonicalJson } from '../../platform/json.js';
import { plainDecimalText } from '../../shared/decimal.js';
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
  /** As JSON has it: a retry with other zeros is the same event. */
  quantity: string | null;
  keyHash: string | null;
  contentBits: bigint;
}

/** Checks an event as far as its meter tells, an archived one included. */
export function candidateOf(event: UsageEventInput, meter: Meter | undefined): Candidate | Rejection {
  const misshapen = checkEventShape(event);
  if (misshapen) return misshapen;
  if (!meter) return new Rejection('METER_NOT_FOUND', 'There is no such meter.');
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
  if (contribution instanceof Rejection) return contribution;
  const { idempotencyKey } = event;
  const quantity = event.quantity ? plainDecimalText(event.quantity) : null;
  // A timestamp that was not given is not part of the content: a retry without one is the same event.
  const content = [meter.id, event.customerExternalId, quantity, propertiesText, event.timestamp?.text ?? null];
  return {
    event,
    meter,
    contribution,
    propertiesText,
    quantity,
    keyHash: typeof idempotencyKey === 'string' ? hash('sha256', idempotencyKey, 'hex').slice(0, 32) : null,
    contentBits: BigInt(`0x${hash('sha256', JSON.stringify(content), 'hex').slice(0, 16)}`),
  };
}

/** The row of an event. `now`: the customer's present time. */
export function rowOf(candidate: Candidate, customer: IngestionCustomer, now: Date): NewUsageEvent {
  const { event, meter, contribution, contentBits } = candidate;
  const id = newId();
  return {
    organizationId: meter.organizationId,
    id,
    meterId: meter.id,
    customerId: customer.id,
    occurredAt: event.timestamp?.text ?? now.toISOString(),
    quantity: candidate.quantity,
    counted: contribution.counted,
    value: contribution.value,
    member: contribution.member,
    properties: candidate.propertiesText,
    idempotencyKey: event.idempotencyKey ?? null,
    keyHash: candidate.keyHash,
    contentHash: contentHashOf(candidate),
    digest: digestOf(id, contentBits),
    amendsId: null,
    aggregation: meter.aggregation,
    keepsLatest: meter.aggregation === 'LAST' || meter.carriesOver,
  };
}

/** As the table of keys has it: a signed number. */
export const contentHashOf = ({ contentBits }: Pick<Candidate, 'contentBits'>): string =>
  BigInt.asIntN(64, contentBits).toString();

/** 60 bits of the event's id and content: added up, they tell one set of events from another. */
function digestOf(id: string, contentBits: bigint): string {
  const idBits = BigInt(`0x${id.slice(19, 23)}${id.slice(24)}`);
  return ((contentBits ^ idBits) >> 4n).toString();
}
