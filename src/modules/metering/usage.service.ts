import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isId, newId } from '../../platform/database/ids.js';
import { writeJson } from '../../platform/json.js';
import { may, type Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText } from '../../shared/decimal.js';
import { notFound } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';
import { OrganizationsService } from '../organizations/index.js';
import {
  checkEventShape,
  checkTimestamp,
  contributionOf,
  MAX_PROPERTIES_BYTES,
  Rejection,
  type Contribution,
  type UsageEventInput,
} from './domain/usage-event.js';
import type { Meter } from './meter.entity.js';
import { insertUsageEvents, loadUsageEventKeys, type NewUsageEvent } from './queries/insert-usage-events.query.js';
import {
  createProvisionalCustomers,
  deleteCustomers,
  loadIngestionCustomers,
  type IngestionCustomer,
} from './queries/load-ingestion-customers.query.js';
import { loadMetersByName } from './queries/load-meters-by-name.query.js';
import { findUsageEvent, type UsageEventRow } from './queries/load-usage-events.query.js';
import { voidUsageEvent } from './queries/void-usage-event.query.js';

export type UsageVerdict = 'ACCEPTED' | 'DUPLICATE' | 'CONFLICT' | 'REJECTED';

export interface UsageEventResult {
  index: number;
  verdict: UsageVerdict;
  eventId: string | null;
  code: string | null;
  message: string | null;
}

export interface RecordUsageResult {
  accepted: number;
  duplicates: number;
  conflicts: number;
  rejected: number;
  results: UsageEventResult[];
}

/** An event that has passed so far, on its way into the table. */
interface Candidate {
  index: number;
  event: UsageEventInput;
  meter: Meter;
  contribution: Contribution;
  propertiesText: string | null;
  contentHash: Buffer;
}

interface RefusedCandidate {
  candidate: Candidate;
  rejection: Rejection;
}

/** Takes usage events in (billing-rules §4): accepted means counted, a duplicate counts once, a bad event stops no other. */
@Injectable()
export class UsageService {
  constructor(
    private readonly clock: Clock,
    private readonly organizations: OrganizationsService,
  ) {}

  async record(tx: EntityManager, actor: Actor, events: UsageEventInput[]): Promise<RecordUsageResult> {
    const results: UsageEventResult[] = [];
    const reject = (index: number, { code, message }: Rejection): void => {
      results.push({ index, verdict: 'REJECTED', eventId: null, code, message });
    };
    const candidates = await this.resolveMeters(tx, events, reject);
    const { admitted, refused, customers } = await this.admit(tx, actor, candidates);
    results.push(...(await this.refuse(tx, refused)));
    const created = await this.createCustomers(tx, admitted, customers);
    const realNow = this.clock.now();
    const rows = admitted.map((candidate) =>
      rowOf(candidate, customers.get(candidate.event.customerExternalId) as IngestionCustomer, realNow),
    );
    const stored = await this.store(tx, rows);
    results.push(...stored);
    await this.forgetCustomers(tx, created, rows, stored);
    results.sort((a, b) => a.index - b.index);
    const count = (verdict: UsageVerdict): number => results.filter((result) => result.verdict === verdict).length;
    return {
      accepted: count('ACCEPTED'),
      duplicates: count('DUPLICATE'),
      conflicts: count('CONFLICT'),
      rejected: count('REJECTED'),
      results,
    };
  }

  /** Voids an event: it counts no more, though its row and its idempotency key stay. Voiding it twice changes nothing. */
  async voidEvent(tx: EntityManager, id: string, reason: string | null): Promise<UsageEventRow> {
    checkText('reason', reason, { least: 0, most: 1_000, lines: true });
    const event = isId(id) ? await findUsageEvent(tx, id) : null;
    if (!event) throw notFound('Usage event');
    if (event.voidedAt === null) await voidUsageEvent(tx, id, reason, this.clock.now());
    return (await findUsageEvent(tx, id)) as UsageEventRow;
  }

  private async resolveMeters(
    tx: EntityManager,
    events: UsageEventInput[],
    reject: (index: number, rejection: Rejection) => void,
  ): Promise<Candidate[]> {
    const meters = await loadMetersByName(tx, events);
    const candidates: Candidate[] = [];
    events.forEach((event, index) => {
      const meter = event.meterToken
        ? meters.byToken.get(event.meterToken.toLowerCase())
        : meters.byName.get(event.meterName ?? '');
      const candidate = checkEventShape(event) ?? prepare(index, event, meter);
      if (candidate instanceof Rejection) reject(index, candidate);
      else candidates.push(candidate);
    });
    return candidates;
  }

  /** Which candidates may be stored, by their meter, customer and time; and the customers that are known. */
  private async admit(
    tx: EntityManager,
    actor: Actor,
    candidates: Candidate[],
  ): Promise<{ admitted: Candidate[]; refused: RefusedCandidate[]; customers: Map<string, IngestionCustomer> }> {
    const admitted: Candidate[] = [];
    const refused: RefusedCandidate[] = [];
    if (candidates.length === 0) return { admitted, refused, customers: new Map() };
    const { backfillDays, createsCustomersFromUsage } = await this.organizations.get(tx);
    const customers = await loadIngestionCustomers(tx, externalIdsOf(candidates));
    const realNow = this.clock.now();
    const mayBackfill = may(actor, 'usage.backfill');
    for (const candidate of candidates) {
      const { event, meter } = candidate;
      const customer = customers.get(event.customerExternalId);
      const now = customer?.clockNow ?? realNow;
      const rejection = meter.archivedAt
        ? new Rejection('METER_ARCHIVED', 'The meter is archived and takes no more events.')
        : !customer && !createsCustomersFromUsage
          ? new Rejection('CUSTOMER_NOT_FOUND', 'There is no customer with this external id.')
          : checkTimestamp(event.timestamp ?? now, now, backfillDays, mayBackfill);
      if (rejection) refused.push({ candidate, rejection });
      else admitted.push(candidate);
    }
    return { admitted, refused, customers };
  }

  /** Rejects candidates, but for those that were stored before: a retry is known for ever, also after it could be stored anew. */
  private async refuse(tx: EntityManager, refused: RefusedCandidate[]): Promise<UsageEventResult[]> {
    const keys = refused.map(({ candidate }) => candidate.event.idempotencyKey).filter((key) => typeof key === 'string');
    const holders = keys.length > 0 ? await loadUsageEventKeys(tx, keys) : new Map<string, never>();
    return refused.map(({ candidate: { index, event, contentHash }, rejection: { code, message } }) => {
      const holder = holders.get(event.idempotencyKey ?? '');
      return holder?.contentHash.equals(contentHash)
        ? { index, verdict: 'DUPLICATE', eventId: holder.eventId, code: null, message: null }
        : { index, verdict: 'REJECTED', eventId: null, code, message };
    });
  }

  /** Creates the customers that nobody knew; adds them to `customers` and returns their external ids. */
  private async createCustomers(
    tx: EntityManager,
    admitted: Candidate[],
    customers: Map<string, IngestionCustomer>,
  ): Promise<string[]> {
    const unknown = externalIdsOf(admitted).filter((externalId) => !customers.has(externalId));
    if (unknown.length === 0) return [];
    const created = await createProvisionalCustomers(tx, unknown, this.clock.now());
    for (const [externalId, customer] of await loadIngestionCustomers(tx, unknown)) customers.set(externalId, customer);
    return created;
  }

  /** A customer whose only event was in conflict with another was created for nothing. */
  private async forgetCustomers(
    tx: EntityManager,
    created: string[],
    rows: IndexedRow[],
    stored: UsageEventResult[],
  ): Promise<void> {
    if (created.length === 0) return;
    const accepted = new Set(stored.filter(({ verdict }) => verdict === 'ACCEPTED').map(({ index }) => index));
    const used = new Set(rows.filter(({ index }) => accepted.has(index)).map(({ row }) => row.customerId));
    const unused = created.filter((id) => !used.has(id));
    if (unused.length > 0) await deleteCustomers(tx, unused);
  }

  private async store(tx: EntityManager, ready: IndexedRow[]): Promise<UsageEventResult[]> {
    if (ready.length === 0) return [];
    const rows = ready.map(({ row }) => row);
    const stored = await insertUsageEvents(tx, rows, this.clock.now());
    const refused = rows.filter((row) => !stored.has(row.id)).map((row) => row.idempotencyKey as string);
    const holders = refused.length > 0 ? await loadUsageEventKeys(tx, refused) : new Map<string, never>();
    return ready.map(({ index, row }) => {
      if (stored.has(row.id)) return { index, verdict: 'ACCEPTED', eventId: row.id, code: null, message: null };
      const holder = holders.get(row.idempotencyKey as string);
      if (holder?.contentHash.equals(row.contentHash)) {
        return { index, verdict: 'DUPLICATE', eventId: holder.eventId, code: null, message: null };
      }
      const message = 'The idempotency key was used before with other content.';
      return { index, verdict: 'CONFLICT', eventId: null, code: 'IDEMPOTENCY_KEY_REUSED', message };
    });
  }
}

interface IndexedRow {
  index: number;
  row: NewUsageEvent;
}

const externalIdsOf = (candidates: Candidate[]): string[] => [
  ...new Set(candidates.map(({ event }) => event.customerExternalId)),
];

function prepare(index: number, event: UsageEventInput, meter: Meter | undefined): Candidate | Rejection {
  if (!meter) return new Rejection('METER_NOT_FOUND', 'There is no such meter.');
  const propertiesText = event.properties ? canonicalJson(event.properties) : null;
  if (propertiesText !== null && Buffer.byteLength(propertiesText) > MAX_PROPERTIES_BYTES) {
    return new Rejection('VALIDATION_FAILED', `The properties exceed ${MAX_PROPERTIES_BYTES} bytes.`);
  }
  const contribution = contributionOf(event, meter);
  if (contribution instanceof Rejection) return contribution;
  return { index, event, meter, contribution, propertiesText, contentHash: contentHashOf(event, meter, propertiesText) };
}

/** A timestamp that was not given is not part of the content: a retry without one is the same event. */
function contentHashOf(
  { customerExternalId, quantity, timestamp }: UsageEventInput,
  { id }: Meter,
  propertiesText: string | null,
): Buffer {
  const content = [id, customerExternalId, quantityText(quantity), propertiesText, timestamp?.text ?? null];
  return createHash('sha256').update(JSON.stringify(content)).digest();
}

const quantityText = (quantity: string | null | undefined): string | null => (quantity ? decimalText(decimal(quantity)) : null);

/** JSON with sorted keys, so that the same content has the same text. */
const canonicalJson = (value: unknown): string => writeJson(sorted(value));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

const isPlain = (value: object): boolean => [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);

function rowOf(
  { index, event, meter, contribution, propertiesText, contentHash }: Candidate,
  customer: IngestionCustomer,
  realNow: Date,
): IndexedRow {
  const id = newId();
  return {
    index,
    row: {
      id,
      meterId: meter.id,
      customerId: customer.id,
      occurredAt: event.timestamp?.text ?? (customer.clockNow ?? realNow).toISOString(),
      quantity: quantityText(event.quantity),
      counted: contribution.counted,
      value: contribution.value ? decimalText(contribution.value) : null,
      member: contribution.member,
      properties: propertiesText,
      idempotencyKey: event.idempotencyKey ?? null,
      contentHash,
      digest: digestOf(id, contentHash),
    },
  };
}

/** 60 bits of the event's id and content: added up, they tell one set of events from another. */
function digestOf(id: string, contentHash: Buffer): string {
  const idBits = BigInt(`0x${id.replaceAll('-', '').slice(16)}`);
  return String((contentHash.readBigUInt64BE(0) ^ idBits) >> 4n);
}
