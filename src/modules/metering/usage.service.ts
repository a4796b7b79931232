import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { may, type Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { checkTimestamp, Rejection, type UsageEventInput } from './domain/usage-event.js';
import { candidateOf, rowOf, type Candidate } from './event-rows.js';
import { IngestionDirectory } from './ingestion-directory.js';
import { IngestionQueue, type StoredBatch } from './ingestion-queue.js';
import type { IngestionCustomer } from './queries/load-ingestion-customers.query.js';
import { findKeyHolders, type KeyHolder, type NewUsageEvent } from './queries/record-usage.query.js';

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
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly directory: IngestionDirectory,
    private readonly queue: IngestionQueue,
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
    const rows = judged.filter((item): item is NewUsageEvent => !(item instanceof Rejection));
    const outcomes: EventOutcome[] = [];
    for (let start = 0; start < rows.length; start += MAX_ROWS_AT_ONCE) {
      const some = rows.length > MAX_ROWS_AT_ONCE ? rows.slice(start, start + MAX_ROWS_AT_ONCE) : rows;
      const batch = await this.queue.write(some);
      const holders = await this.holdersOf(some, batch);
      for (const row of some) outcomes.push(outcomeOf(row, batch, holders));
    }
    let next = 0;
    return judged.map((item) => (item instanceof Rejection ? rejected(item) : outcomes[next++]));
  }

  /** The row of each event, or why it is not stored. Customers that usage names for the first time are created. */
  private async judge(actor: Actor, events: readonly (UsageEventInput | Rejection)[]): Promise<(NewUsageEvent | Rejection)[]> {
    const { organizationId } = actor;
    const readable = events.filter((event): event is UsageEventInput => !(event instanceof Rejection));
    const { organization, meterOf } = await this.directory.meters(organizationId, readable);
    const candidates = events.map((event) => (event instanceof Rejection ? event : candidateOf(event, meterOf(event))));
    const passed = candidates.filter((candidate): candidate is Candidate => !(candidate instanceof Rejection));
    if (passed.length === 0) return candidates as Rejection[];
    const customers = await this.directory.customersOf(
      organizationId,
      passed.map(({ event }) => event.customerExternalId),
    );
    const clockTimes = await this.directory.clockTimes(organizationId, customers.values());
    const realNow = this.clock.now();
    const mayBackfill = may(actor, 'usage.backfill');
    const nowOf = (customer: IngestionCustomer | undefined): Date => clockTimes.get(customer?.testClockId ?? '') ?? realNow;
    const unknown = new Set<string>();
    const timely = candidates.map((candidate) => {
      if (candidate instanceof Rejection) return candidate;
      const { event } = candidate;
      const customer = customers.get(event.customerExternalId);
      if (!customer && !organization.createsCustomersFromUsage) {
        return new Rejection('CUSTOMER_NOT_FOUND', 'There is no customer with this external id.');
      }
      const now = nowOf(customer);
      const rejection = checkTimestamp(event.timestamp ?? now, now, organization.backfillDays, mayBackfill);
      if (!customer && !rejection) unknown.add(event.customerExternalId);
      return rejection ?? candidate;
    });
    if (unknown.size > 0) await this.directory.createCustomers(organizationId, [...unknown], customers);
    return timely.map((candidate) => {
      if (candidate instanceof Rejection) return candidate;
      const customer = customers.get(candidate.event.customerExternalId) as IngestionCustomer;
      return rowOf(candidate, customer, nowOf(customer));
    });
  }

  /** Holders of keys that were taken by a transaction which the statement could not see yet, or by another event of its own. */
  private async holdersOf(rows: readonly NewUsageEvent[], { refused }: StoredBatch): Promise<Map<string, KeyHolder>> {
    if (refused.size === 0) return new Map();
    const unseen = rows.filter((row) => refused.get(row.id)?.holderId === null).map((row) => row.keyHash as string);
    if (unseen.length === 0) return new Map();
    const holders = await this.database.statement<KeyHolder>(
      'find the holders of idempotency keys',
      findKeyHolders(rows[0].organizationId, unseen),
    );
    return new Map(holders.map((holder) => [holder.keyHash, holder]));
  }
}

const rejected = ({ code, message }: Rejection): EventOutcome => ({ verdict: 'REJECTED', code, message });

function outcomeOf(row: NewUsageEvent, { receivedAt, refused }: StoredBatch, holders: Map<string, KeyHolder>): EventOutcome {
  const refusal = refused.get(row.id);
  if (!refusal) return { verdict: 'ACCEPTED', row, receivedAt };
  const { holderId, holderContentHash } = refusal.holderId === null ? (holders.get(row.keyHash as string) as KeyHolder) : refusal;
  if (holderId !== null && holderContentHash === row.contentHash) return { verdict: 'DUPLICATE', row, eventId: holderId };
  const message = 'The idempotency key was used before with other content.';
  return { verdict: 'CONFLICT', code: 'IDEMPOTENCY_KEY_REUSED', message };
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
