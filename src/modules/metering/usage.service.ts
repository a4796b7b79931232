import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { may, type Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import type { Organization } from '../organizations/index.js';
import { checkTimestamp, Rejection, type UsageEventInput } from './domain/usage-event.js';
import { candidateOf, contentHashOf, rowOf, type Candidate } from './event-rows.js';
import { EventPartitionsService } from './event-partitions.service.js';
import { IngestionDirectory } from './ingestion-directory.js';
import { IngestionQueue, type StoredBatch } from './ingestion-queue.js';
import type { IngestionCustomer } from './queries/load-ingestion-customers.query.js';
import { findKeyHolders, type KeyHolder, type NewUsageEvent, type RefusedEvent } from './queries/record-usage.query.js';

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

/** What became of each event, in the order they were given. */
export type EventOutcome =
  | { verdict: 'ACCEPTED'; row: NewUsageEvent; receivedAt: Date }
  | { verdict: 'DUPLICATE'; row: NewUsageEvent; eventId: string }
  | { verdict: 'CONFLICT'; code: string; message: string }
  | { verdict: 'REJECTED'; code: string; message: string };

/** A larger request is stored by several statements: counters stay locked for moments only. */
const MAX_ROWS_AT_ONCE = 2_000;

/** Takes usage events in (billing-rules §4): accepted means counted, a duplicate counts once, a bad event stops no other. */
@Injectable()
export class UsageService {
  private tellsOfOthers = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly directory: IngestionDirectory,
    private readonly queue: IngestionQueue,
    private readonly partitions: EventPartitionsService,
  ) {}

  async record(actor: Actor, events: readonly UsageEventInput[]): Promise<RecordUsageResult> {
    return resultOf(await this.recordEach(actor, events));
  }

  /**
   * Stores the events in transactions of their own (of other requests, too, if they come at the same time). What could not even be
   * read comes as its rejection.
   */
  async recordEach(actor: Actor, events: readonly (UsageEventInput | Rejection)[]): Promise<EventOutcome[]> {
    const judged = await this.judge(actor, events);
    const rows = judged.filter((item): item is NewUsageEvent => !('verdict' in item));
    const outcomes: EventOutcome[] = [];
    for (let start = 0; start < rows.length; start += MAX_ROWS_AT_ONCE) {
      const some = rows.length > MAX_ROWS_AT_ONCE ? rows.slice(start, start + MAX_ROWS_AT_ONCE) : rows;
      const batch = await this.queue.write(some);
      const unseen = some.filter((row) => batch.refused.get(row.id)?.holderId === null).map((row) => row.keyHash);
      const holders = await this.holdersOf(actor.organizationId, unseen);
      for (const row of some) outcomes.push(outcomeOf(row, batch, holders));
    }
    let next = 0;
    return judged.map((item) => ('verdict' in item ? item : outcomes[next++]));
  }

  /**
   * What the event would be stored as, for whoever stores it with `recordUsage` in a transaction of their own and then calls
   * `recorded`; or what is known of it without storing it.
   */
  async prepare(actor: Actor, event: UsageEventInput): Promise<NewUsageEvent | EventOutcome> {
    const [judged] = await this.judge(actor, [event]);
    if (!('verdict' in judged)) await this.partitions.ensureFor([judged.occurredAt]);
    return judged;
  }

  /** Tells of what was stored elsewhere, after its commit: all but `onStored`, whose listeners would hear of their own doing. */
  recorded(events: readonly NewUsageEvent[], receivedAt: Date, refused: readonly RefusedEvent[]): void {
    this.tellsOfOthers = true;
    this.queue.tell(events, { receivedAt, refused: new Map(refused.map((event) => [event.id, event])) });
    this.tellsOfOthers = false;
  }

  /** Called with what this service has stored, after each commit. */
  onStored(listener: (events: readonly NewUsageEvent[]) => void): void {
    this.queue.onStored((events, { refused }) => {
      if (!this.tellsOfOthers) listener(events.filter(({ id }) => !refused.has(id)));
    });
  }

  /** The row of each event, or what is known of it without storing it. Customers that usage names for the first time are created. */
  private async judge(actor: Actor, events: readonly (UsageEventInput | Rejection)[]): Promise<(NewUsageEvent | EventOutcome)[]> {
    const { organizationId } = actor;
    const readable = events.filter((event): event is UsageEventInput => !(event instanceof Rejection));
    const { organization, meterOf } = await this.directory.meters(organizationId, readable);
    const candidates = events.map((event) => (event instanceof Rejection ? event : candidateOf(event, meterOf(event))));
    const passed = candidates.filter((candidate): candidate is Candidate => !(candidate instanceof Rejection));
    if (passed.length === 0) return (candidates as Rejection[]).map(rejected);
    const customers = await this.directory.customersOf(
      organizationId,
      passed.map(({ event }) => event.customerExternalId),
    );
    await this.directory.keepOpen(actor, customers);
    const clockTimes = await this.directory.clockTimes(organizationId, customers.values());
    const realNow = this.clock.now();
    // A customer that a partner app names and does not have is unknown to it, whether or not it exists.
    const rules = actor.limit ? { ...organization, createsCustomersFromUsage: false } : organization;
    const mayBackfill = may(actor, 'usage.backfill');
    const nowOf = (customer: IngestionCustomer | undefined): Date => clockTimes.get(customer?.testClockId ?? '') ?? realNow;
    const admissions = candidates.map((candidate): Admission => {
      if (candidate instanceof Rejection) return { candidate: null, rejection: candidate };
      const customer = customers.get(candidate.event.customerExternalId);
      return { candidate, rejection: refusalOf(candidate, customer, nowOf(customer), rules, mayBackfill) };
    });
    const settled = await this.settleKnown(organizationId, admissions, customers, nowOf);
    const unknown = admissions.filter(({ candidate }, index) => !settled[index] && !customers.has(externalIdOf(candidate)));
    if (unknown.length > 0) {
      const externalIds = [...new Set(unknown.map(({ candidate }) => externalIdOf(candidate)))];
      await this.directory.createCustomers(organizationId, externalIds, customers);
    }
    return admissions.map(({ candidate }, index) => {
      const customer = customers.get(externalIdOf(candidate)) as IngestionCustomer;
      return settled[index] ?? rowOf(candidate as Candidate, customer, nowOf(customer));
    });
  }

  /**
   * What is known of events that will not be stored. A retry is known for ever, also after it could be stored anew; and an event whose
   * key is taken makes no customer.
   */
  private async settleKnown(
    organizationId: string,
    admissions: readonly Admission[],
    customers: Map<string, IngestionCustomer>,
    nowOf: (customer: IngestionCustomer) => Date,
  ): Promise<(EventOutcome | null)[]> {
    if (admissions.every(({ candidate, rejection }) => rejection === null && customers.has(externalIdOf(candidate)))) {
      return admissions.map(() => null);
    }
    const isAsked = ({ candidate, rejection }: Admission): boolean =>
      typeof candidate?.keyHash === 'string' && (rejection !== null || !customers.has(externalIdOf(candidate)));
    const holders = await this.holdersOf(
      organizationId,
      admissions.filter(isAsked).map(({ candidate }) => candidate?.keyHash ?? null),
    );
    const contents = new Map([...holders].map(([keyHash, { holderContentHash }]) => [keyHash, holderContentHash]));
    return admissions.map(({ candidate, rejection }) => {
      if (!candidate?.keyHash) return rejection && rejected(rejection);
      const { keyHash } = candidate;
      const customer = customers.get(externalIdOf(candidate));
      const content = contentHashOf(candidate);
      if (rejection === null) {
        // The first of this request to have the key, unless it is taken already, decides what the key stands for.
        if (!contents.has(keyHash)) contents.set(keyHash, content);
        return customer || contents.get(keyHash) === content ? null : CONFLICT;
      }
      const holder = holders.get(keyHash);
      return customer && holder?.holderContentHash === content
        ? { verdict: 'DUPLICATE', row: rowOf(candidate, customer, nowOf(customer)), eventId: holder.holderId }
        : rejected(rejection);
    });
  }

  private async holdersOf(organizationId: string, keyHashes: readonly (string | null)[]): Promise<Map<string, KeyHolder>> {
    const asked = [...new Set(keyHashes)].filter((keyHash) => keyHash !== null);
    if (asked.length === 0) return new Map();
    const statement = findKeyHolders(organizationId, asked);
    const holders = await this.database.statement<KeyHolder>('find the holders of idempotency keys', statement);
    return new Map(holders.map((holder) => [holder.keyHash, holder]));
  }
}

/** A candidate with why it is not stored, if so; no candidate: it could not be read, or names no meter. */
interface Admission {
  candidate: Candidate | null;
  rejection: Rejection | null;
}

const externalIdOf = (candidate: Candidate | null): string => candidate?.event.customerExternalId ?? '';

/** Why a candidate may not be stored, by its meter, customer and time. */
function refusalOf(
  { event, meter }: Candidate,
  customer: IngestionCustomer | undefined,
  now: Date,
  { backfillDays, createsCustomersFromUsage }: Organization,
  mayBackfill: boolean,
): Rejection | null {
  if (meter.archivedAt) return new Rejection('METER_ARCHIVED', 'The meter is archived and takes no more events.');
  if (!customer && !createsCustomersFromUsage)
    return new Rejection('CUSTOMER_NOT_FOUND', 'There is no customer with this external id.');
  return checkTimestamp(event.timestamp ?? now, now, backfillDays, mayBackfill);
}

const CONFLICT: EventOutcome = {
  verdict: 'CONFLICT',
  code: 'IDEMPOTENCY_KEY_REUSED',
  message: 'The idempotency key was used before with other content.',
};

const rejected = ({ code, message }: Rejection): EventOutcome => ({ verdict: 'REJECTED', code, message });

function outcomeOf(row: NewUsageEvent, { receivedAt, refused }: StoredBatch, holders: Map<string, KeyHolder>): EventOutcome {
  const refusal = refused.get(row.id);
  if (!refusal) return { verdict: 'ACCEPTED', row, receivedAt };
  const { holderId, holderContentHash } = refusal.holderId === null ? (holders.get(row.keyHash as string) as KeyHolder) : refusal;
  return holderId !== null && holderContentHash === row.contentHash ? { verdict: 'DUPLICATE', row, eventId: holderId } : CONFLICT;
}

/** The outcomes as the API's batch answers give them. */
export function resultOf(outcomes: readonly EventOutcome[]): RecordUsageResult {
  const result: RecordUsageResult = { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0, results: [] };
  outcomes.forEach((outcome, index) => {
    const { verdict } = outcome;
    const refusal = 'code' in outcome ? { code: outcome.code, message: outcome.message } : { code: null, message: null };
    const eventId = verdict === 'ACCEPTED' ? outcome.row.id : verdict === 'DUPLICATE' ? outcome.eventId : null;
    result.results.push({ index, verdict, eventId, ...refusal });
    result[COUNTED_AS[verdict]] += 1;
  });
  return result;
}

const COUNTED_AS = { ACCEPTED: 'accepted', DUPLICATE: 'duplicates', CONFLICT: 'conflicts', REJECTED: 'rejected' } as const;
