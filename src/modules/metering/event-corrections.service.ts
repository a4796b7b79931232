import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { isId } from '../../platform/database/ids.js';
import { parseJson } from '../../platform/json.js';
import { may, type Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { DomainError, notFound } from '../../shared/errors.js';
import { Instant } from '../../shared/instant.js';
import { checkText } from '../../shared/text.js';
import { CustomersService } from '../customers/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { checkTimestamp, Rejection } from './domain/usage-event.js';
import { EventPartitionsService } from './event-partitions.service.js';
import { candidateOf, rowOf } from './event-rows.js';
import { MetersService } from './meters.service.js';
import { findUsageEvent, type UsageEventRow } from './queries/load-usage-events.query.js';
import { recordUsage, type NewUsageEvent } from './queries/record-usage.query.js';
import { lockCounters, recountCounter, voidUsageEvent, type CounterKey } from './queries/void-usage-event.query.js';

/** A field that is left out stays as it was. */
export interface AmendUsageEventInput {
  quantity?: string | null;
  properties?: Record<string, unknown> | null;
  timestamp?: Instant | null;
  reason?: string | null;
}

/** Corrections of what was recorded (docs/billing-rules.md §4): rows are only added, and counters stay exact. */
@Injectable()
export class EventCorrectionsService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly organizations: OrganizationsService,
    private readonly customers: CustomersService,
    private readonly meters: MetersService,
    private readonly partitions: EventPartitionsService,
  ) {}

  /** Voids an event: it counts no more, though its row and its idempotency key stay. Voiding it twice changes nothing. */
  async void(tx: EntityManager, id: string, reason: string | null): Promise<UsageEventRow> {
    checkReason(reason);
    const counter = counterOf(await getEvent(tx, id));
    await lockCounters(tx, [counter]);
    if ((await getEvent(tx, id)).voidedAt === null) {
      await voidUsageEvent(tx, id, { reason, amendedBy: null, now: this.clock.now() });
      await recountCounter(tx, counter);
    }
    return getEvent(tx, id);
  }

  /** Puts another event in the place of one: the first is voided and says by which. The idempotency key stays with the first. */
  async amend(actor: Actor, id: string, input: AmendUsageEventInput): Promise<UsageEventRow> {
    checkReason(input.reason ?? null);
    const row = await this.database.transaction(actor, (tx) => this.amendedRow(tx, actor, id, input));
    await this.partitions.ensureFor([row.occurredAt]);
    return this.database.transaction(actor, async (tx) => {
      const counter = counterOf(await getEvent(tx, id));
      const { meterId, customerId, occurredAt } = row;
      await lockCounters(tx, [counter, { meterId, customerId, day: occurredAt.slice(0, 10) }]);
      requireUntouched(await getEvent(tx, id));
      const now = this.clock.now();
      const { text, values } = recordUsage([row], now);
      await tx.query(text, values);
      await voidUsageEvent(tx, id, { reason: input.reason ?? null, amendedBy: row.id, now });
      await recountCounter(tx, counter);
      return getEvent(tx, row.id);
    });
  }

  private async amendedRow(tx: EntityManager, actor: Actor, id: string, input: AmendUsageEventInput): Promise<NewUsageEvent> {
    const before = await getEvent(tx, id);
    requireUntouched(before);
    const meter = await this.meters.get(tx, before.meterId);
    const customer = await this.customers.get(tx, before.customerId);
    const properties = before.properties === null ? null : (parseJson(before.properties) as Record<string, unknown>);
    const event = {
      meterToken: meter.token,
      customerExternalId: customer.externalId,
      quantity: input.quantity === undefined ? before.quantity : input.quantity,
      properties: input.properties === undefined ? properties : input.properties,
      timestamp: input.timestamp ?? Instant.read(before.timestamp),
    };
    // What an archived meter has counted can still be put right.
    const candidate = candidateOf(event, meter);
    const now = await this.customers.now(tx, customer);
    const { backfillDays } = await this.organizations.get(tx);
    const rejection = candidate instanceof Rejection ? candidate : this.checkTime(input, now, backfillDays, actor);
    if (candidate instanceof Rejection || rejection)
      throw new DomainError('VALIDATION_FAILED', (rejection as Rejection).message, undefined, {
        code: (rejection as Rejection).code,
      });
    return { ...rowOf(candidate, customer, now), amendsId: id };
  }

  private checkTime({ timestamp }: AmendUsageEventInput, now: Date, backfillDays: number, actor: Actor): Rejection | null {
    return timestamp ? checkTimestamp(timestamp, now, backfillDays, may(actor, 'usage.backfill')) : null;
  }
}

const checkReason = (reason: string | null): void => checkText('reason', reason, { least: 0, most: 1_000, lines: true });

async function getEvent(tx: EntityManager, id: string): Promise<UsageEventRow> {
  const event = isId(id) ? await findUsageEvent(tx, id) : null;
  if (!event) throw notFound('Usage event');
  return event;
}

function requireUntouched({ voidedAt, amendedById }: UsageEventRow): void {
  if (voidedAt === null) return;
  const message =
    amendedById === null ? 'The event is voided.' : 'The event was amended before: amend the event that replaced it.';
  throw new DomainError('CONFLICT', message, 'id', amendedById === null ? undefined : { amendedById });
}

const counterOf = ({ timestamp, meterId, customerId }: UsageEventRow): CounterKey => ({
  day: timestamp.slice(0, 10),
  meterId,
  customerId,
});
