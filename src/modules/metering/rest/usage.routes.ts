import { Controller, Post, type OnModuleInit } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../../platform/auth.js';
import { Database } from '../../../platform/database/database.js';
import { DirectRoutes, type BodyReader } from '../../../platform/direct-routes.js';
import { jsonForOutput, parseJsonQuickly } from '../../../platform/json.js';
import type { Actor } from '../../../shared/actor.js';
import { DomainError } from '../../../shared/errors.js';
import { Rejection, type UsageEventInput } from '../domain/usage-event.js';
import { findUsageEvent, type UsageEventRow } from '../queries/load-usage-events.query.js';
import { UsageService, type EventOutcome } from '../usage.service.js';
import { JsonEventsReader, NdjsonReader, notJson, textOf } from './event-reader.js';
import { isObject, usageEventOf } from './usage-body.js';

const MAX_BATCH = 10_000;

/** The REST edge for backends that only send usage. Where most requests arrive, so it goes past Nest's pipeline. */
@Controller('api/v1')
export class UsageRoutes implements OnModuleInit {
  constructor(
    private readonly routes: DirectRoutes,
    private readonly database: Database,
    private readonly usage: UsageService,
  ) {}

  onModuleInit(): void {
    this.routes.register<'track', UsageEventInput>(this, 'track', { 'application/json': () => new SingleEvent() });
    this.routes.register<'create', UsageEventInput>(this, 'create', { 'application/json': () => new SingleEvent() });
    this.routes.register<'batch', BatchItem[]>(this, 'batch', {
      'application/json': () => new JsonBatch(),
      'application/x-ndjson': () => new NdjsonBatch(),
    });
  }

  @Post('sdk/track')
  @Requires('usage.write')
  track(event: UsageEventInput, actor: Actor, reply: FastifyReply): Promise<string> {
    return this.recordOne(event, actor, reply);
  }

  @Post('usage')
  @Requires('usage.write')
  create(event: UsageEventInput, actor: Actor, reply: FastifyReply): Promise<string> {
    return this.recordOne(event, actor, reply);
  }

  @Post('usage/batch')
  @Requires('usage.write')
  async batch(items: BatchItem[], actor: Actor): Promise<string> {
    return batchText(await this.usage.recordEach(actor, items));
  }

  private async recordOne(event: UsageEventInput, actor: Actor, reply: FastifyReply): Promise<string> {
    const [outcome] = await this.usage.recordEach(actor, [event]);
    switch (outcome.verdict) {
      case 'ACCEPTED':
        void reply.status(201);
        return eventText({ ...outcome.row, timestamp: outcome.row.occurredAt, receivedAt: outcome.receivedAt.toISOString() });
      case 'DUPLICATE': {
        const { eventId: id, row } = outcome;
        const stored = await this.database.transaction(actor, (tx) => findUsageEvent(tx, id));
        // An event that is kept no longer had the same content; its id tells when it came.
        return eventText(stored ?? { ...row, id, timestamp: row.occurredAt, receivedAt: instantOfId(id) });
      }
      case 'CONFLICT':
        throw new DomainError('CONFLICT', outcome.message, 'idempotency_key');
      case 'REJECTED':
        throw rejectionError(outcome);
    }
  }
}

type StoredEvent = Pick<UsageEventRow, 'id' | 'customerId' | 'meterId' | 'timestamp' | 'receivedAt' | 'quantity' | 'properties'>;

/** Written by hand: these texts need no escaping, and most requests are answered by them. */
const eventText = ({ id, customerId, meterId, timestamp, receivedAt, quantity, properties }: StoredEvent): string =>
  `{"id":"${id}","customer_id":"${customerId}","meter_id":"${meterId}","timestamp":"${inMicroseconds(timestamp)}","created_at":"${inMicroseconds(receivedAt)}","quantity":${quantity === null ? 'null' : `"${quantity}"`},"meta_data":${properties === null ? 'null' : jsonForOutput(properties)}}`;

const inMicroseconds = (instant: string): string => (instant.length === 24 ? `${instant.slice(0, 23)}000Z` : instant);

const instantOfId = (id: string): string => new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString();

function batchText(outcomes: readonly EventOutcome[]): string {
  const counts = { ACCEPTED: 0, DUPLICATE: 0, CONFLICT: 0, REJECTED: 0 };
  let results = '';
  for (let index = 0; index < outcomes.length; index += 1) {
    const outcome = outcomes[index];
    counts[outcome.verdict] += 1;
    results += `${index === 0 ? '' : ','}{"index":${index},"verdict":"${outcome.verdict}"`;
    if (outcome.verdict === 'ACCEPTED') results += `,"id":"${outcome.row.id}"}`;
    else if (outcome.verdict === 'DUPLICATE') results += `,"id":"${outcome.eventId}"}`;
    else results += `,"code":"${outcome.code}","detail":${JSON.stringify(outcome.message)}}`;
  }
  const { ACCEPTED, DUPLICATE, CONFLICT, REJECTED } = counts;
  return `{"accepted":${ACCEPTED},"duplicates":${DUPLICATE},"conflicts":${CONFLICT},"rejected":${REJECTED},"results":[${results}]}`;
}

/** A rejected single event answers as an error: 404 for what is not known, 422 for the rest. */
function rejectionError({ code, message }: { code: string; message: string }): DomainError {
  const unknown = code === 'METER_NOT_FOUND' || code === 'CUSTOMER_NOT_FOUND';
  return new DomainError(unknown ? 'NOT_FOUND' : 'VALIDATION_FAILED', message, undefined, { code });
}

class SingleEvent implements BodyReader<UsageEventInput> {
  private readonly chunks: Buffer[] = [];

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  end(): UsageEventInput {
    return usageEventOf(jsonOf(textOf(this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks))));
  }
}

/** An event of a batch, or what is wrong with its JSON. */
type BatchItem = UsageEventInput | Rejection;

class JsonBatch implements BodyReader<BatchItem[]> {
  private readonly objects: BatchItem[] = [];
  private items: BatchItem[] = [];
  private readonly reader = new JsonEventsReader(
    (text) => this.objects.push(itemOf(jsonOf(checkCount(this.objects, text)))),
    (frame) => (this.items = this.placed(jsonOf(frame))),
  );

  push(chunk: Buffer): void {
    this.reader.push(chunk);
  }

  end(): BatchItem[] {
    this.reader.end();
    return checked(this.items);
  }

  /** The frame holds numbers in the place of objects, and what else the list may hold. */
  private placed(frame: unknown): BatchItem[] {
    const events = isObject(frame) ? frame.events : null;
    if (!Array.isArray(events))
      throw new DomainError('VALIDATION_FAILED', 'The body must be {"events": […]} or NDJSON.', 'events');
    return events.map((item: unknown) => (isObject(item) ? this.objects[item['#'] as number] : itemOf(item)));
  }
}

class NdjsonBatch implements BodyReader<BatchItem[]> {
  private readonly items: BatchItem[] = [];
  private readonly reader = new NdjsonReader((line) => this.items.push(lineOf(checkCount(this.items, line))));

  push(chunk: Buffer): void {
    this.reader.push(chunk);
  }

  end(): BatchItem[] {
    this.reader.end();
    return checked(this.items);
  }
}

const countError = (): DomainError => new DomainError('VALIDATION_FAILED', `Send 1 to ${MAX_BATCH} events.`, 'events');

/** Refuses the event too many before anything is made of it. */
function checkCount(items: readonly unknown[], text: string): string {
  if (items.length >= MAX_BATCH) throw countError();
  return text;
}

function checked(items: BatchItem[]): BatchItem[] {
  if (items.length === 0 || items.length > MAX_BATCH) throw countError();
  return items;
}

function itemOf(value: unknown): BatchItem {
  try {
    return usageEventOf(value);
  } catch (error) {
    if (error instanceof DomainError) return new Rejection('VALIDATION_FAILED', error.message);
    throw error;
  }
}

/** A line that is no JSON is one bad event; the others are stored. */
function lineOf(line: string): BatchItem {
  try {
    return itemOf(parseJsonQuickly(line));
  } catch {
    return itemOf(null);
  }
}

function jsonOf(text: string): unknown {
  try {
    return parseJsonQuickly(text);
  } catch {
    throw notJson();
  }
}
