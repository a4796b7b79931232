import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Requires, type AuthenticatedRequest } from '../../../platform/auth.js';
import { Database } from '../../../platform/database/database.js';
import { Ndjson, parseJson, parseJsonForOutput } from '../../../platform/json.js';
import type { Actor } from '../../../shared/actor.js';
import { DomainError } from '../../../shared/errors.js';
import type { UsageEventInput } from '../domain/index.js';
import { findUsageEvent, type UsageEventRow } from '../queries/load-usage-events.query.js';
import { UsageService, type RecordUsageResult, type UsageEventResult } from '../usage.service.js';
import { isObject, usageEventOf } from './usage-body.js';

const MAX_BATCH = 10_000;

/** The REST edge for backends that only send usage. */
@Controller('api/v1')
export class UsageController {
  constructor(
    private readonly database: Database,
    private readonly usage: UsageService,
  ) {}

  @Post('sdk/track')
  @Requires('usage.write')
  track(
    @Body() body: unknown,
    @Req() request: AuthenticatedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StoredEvent> {
    return this.recordOne(usageEventOf(body), request.actor, reply);
  }

  @Post('usage')
  @Requires('usage.write')
  create(
    @Body() body: unknown,
    @Req() request: AuthenticatedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StoredEvent> {
    return this.recordOne(usageEventOf(body), request.actor, reply);
  }

  @Post('usage/batch')
  @HttpCode(200)
  @Requires('usage.write')
  async batch(@Body() body: unknown, @Req() request: AuthenticatedRequest): Promise<BatchAnswer> {
    const events = eventsOf(body);
    const readable: { index: number; event: UsageEventInput }[] = [];
    const unreadable: UsageEventResult[] = [];
    events.forEach((item, index) => {
      try {
        readable.push({ index, event: usageEventOf(item) });
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        unreadable.push({ index, verdict: 'REJECTED', eventId: null, code: error.code, message: error.message });
      }
    });
    const { organizationId } = request.actor;
    const recorded = await this.database.transaction(organizationId, (tx) =>
      this.usage.record(
        tx,
        request.actor,
        readable.map(({ event }) => event),
      ),
    );
    const results = recorded.results.map((result) => ({ ...result, index: readable[result.index].index })).concat(unreadable);
    return answerOf({
      ...recorded,
      rejected: recorded.rejected + unreadable.length,
      results: results.sort((a, b) => a.index - b.index),
    });
  }

  private async recordOne(event: UsageEventInput, actor: Actor, reply: FastifyReply): Promise<StoredEvent> {
    return this.database.transaction(actor.organizationId, async (tx) => {
      const { results } = await this.usage.record(tx, actor, [event]);
      const [{ verdict, eventId, code, message }] = results;
      if (verdict === 'CONFLICT') throw new DomainError('CONFLICT', message ?? 'Conflict.', 'idempotency_key');
      const stored = eventId === null ? null : await findUsageEvent(tx, eventId);
      if (!stored) throw rejectionError(code, message);
      void reply.status(verdict === 'DUPLICATE' ? 200 : 201);
      return storedEvent(stored);
    });
  }
}

interface StoredEvent {
  id: string;
  customer_id: string;
  meter_id: string;
  timestamp: string;
  created_at: string;
  quantity: string | null;
  meta_data: unknown;
}

const storedEvent = (row: UsageEventRow): StoredEvent => ({
  id: row.id,
  customer_id: row.customerId,
  meter_id: row.meterId,
  timestamp: row.timestamp,
  created_at: row.receivedAt,
  quantity: row.quantity,
  meta_data: row.properties === null ? null : parseJsonForOutput(row.properties),
});

interface BatchAnswer {
  accepted: number;
  duplicates: number;
  conflicts: number;
  rejected: number;
  results: { index: number; verdict: string; id?: string; code?: string; detail?: string }[];
}

const answerOf = ({ results, ...counts }: RecordUsageResult): BatchAnswer => ({
  ...counts,
  results: results.map(({ index, verdict, eventId, code, message }) => ({
    index,
    verdict,
    ...(eventId === null ? {} : { id: eventId }),
    ...(code === null ? {} : { code, detail: message ?? undefined }),
  })),
});

/** A rejected single event answers as an error: 404 for what is not known, 422 for the rest. */
function rejectionError(code: string | null, message: string | null): DomainError {
  const unknown = code === 'METER_NOT_FOUND' || code === 'CUSTOMER_NOT_FOUND';
  return new DomainError(unknown ? 'NOT_FOUND' : 'VALIDATION_FAILED', message ?? 'The event was rejected.', undefined, { code });
}

/** The events of `{"events": […]}`, or of NDJSON text: one JSON object a line. */
function eventsOf(body: unknown): unknown[] {
  const events = body instanceof Ndjson ? linesOf(body.text) : isObject(body) ? body.events : null;
  if (!Array.isArray(events)) throw new DomainError('VALIDATION_FAILED', 'The body must be {"events": […]} or NDJSON.', 'events');
  if (events.length === 0 || events.length > MAX_BATCH)
    throw new DomainError('VALIDATION_FAILED', `Send 1 to ${MAX_BATCH} events.`, 'events');
  return events;
}

function linesOf(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > MAX_BATCH) throw new DomainError('VALIDATION_FAILED', `Send 1 to ${MAX_BATCH} events.`, 'events');
  return lines.map((line) => {
    try {
      return parseJson(line);
    } catch {
      // A line that is no JSON is one bad event; the others are stored.
      return null;
    }
  });
}
