import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../../platform/database/database.js';
import { Notifications } from '../../../platform/database/notifications.js';
import { LiveUpdates } from '../../../platform/graphql/live-updates.js';
import { Log } from '../../../platform/log.js';
import type { Actor } from '../../../shared/actor.js';
import { CustomersService } from '../../customers/index.js';
import { IngestionQueue, type StoredBatch } from '../ingestion-queue.js';
import { MetersService } from '../meters.service.js';
import type { NewUsageEvent } from '../queries/record-usage.query.js';

/** Declared as text: Nest's decorators know subscriptions only under the name that is taken here (see `withLiveUpdates`). */
export const LIVE_UPDATES = `
  "What happens, as it happens: over WebSocket (graphql-transport-ws) on the path of GraphQL, the API key in the connection's parameters."
  type LiveUpdates {
    "Usage of a meter by a customer as it is stored, by whatever process. What comes in quick succession comes together; ask usage for totals."
    usageRecorded(customerId: ID!, meterId: ID!): UsageRecorded!
  }
  type UsageRecorded {
    customerId: ID!
    meterId: ID!
    "Events that were stored."
    eventCount: Int!
    "The earliest of their timestamps, and the latest."
    firstTimestamp: DateTime!
    lastTimestamp: DateTime!
    receivedAt: DateTime!
  }`;

export interface UsageRecorded {
  customerId: string;
  meterId: string;
  eventCount: number;
  firstTimestamp: string;
  lastTimestamp: string;
  receivedAt: string;
}

const RECORDED = 'fluxrate_usage_recorded';
const INTEREST = 'fluxrate_usage_interest';
const EVERYBODY = '?';
const ANNOUNCE_EVERY_MS = 10_000;
const INTEREST_LASTS_MS = 30_000;

interface Watch {
  pending: UsageRecorded | null;
  wake: (() => void) | null;
}

/**
 * Tells subscribers in all processes what is recorded. Processes with subscribers announce what these watch, again and again, and
 * only what is watched is told, after its commit: ingestion that nobody watches sends no notification. A feed for eyes, not for
 * books: a message may be lost with its process or connection, and the next one comes all the same.
 */
@Injectable()
export class UsageFeed implements OnModuleInit, OnApplicationShutdown {
  private readonly watches = new Map<string, Set<Watch>>();
  /** What any process watches, with when that lapses. */
  private readonly interest = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly live: LiveUpdates,
    private readonly notifications: Notifications,
    private readonly database: Database,
    private readonly meters: MetersService,
    private readonly customers: CustomersService,
    private readonly log: Log,
    queue: IngestionQueue,
  ) {
    notifications.on(RECORDED, (payload) => this.deliver(payload));
    notifications.on(INTEREST, (key) => {
      if (key === EVERYBODY) void this.announce([...this.watches.keys()]);
      else this.interest.set(key, performance.now() + INTEREST_LASTS_MS);
    });
    notifications.onGap(() => void this.announce([EVERYBODY]));
    queue.onStored((events, batch) => this.tell(events, batch));
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.announce([...this.watches.keys()]), ANNOUNCE_EVERY_MS).unref();
    this.live.add<{ customerId: string; meterId: string }, UsageRecorded>({
      name: 'usageRecorded',
      requires: 'usage.read',
      open: (actor, { customerId, meterId }, signal) => this.open(actor, customerId, meterId, signal),
    });
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private async open(
    actor: Actor,
    customerId: string,
    meterId: string,
    signal: AbortSignal,
  ): Promise<AsyncIterable<UsageRecorded>> {
    const names = await this.database.read(actor, async (tx) => ({
      meter: await this.meters.get(tx, meterId),
      customer: await this.customers.get(tx, customerId),
    }));
    const watch: Watch = { pending: null, wake: null };
    await this.watch(keyOf(actor.organizationId, names.meter.id, names.customer.id), watch, signal);
    return items(watch, signal);
  }

  /** Calls `told` whenever some process has stored usage of this customer and meter, until the signal. */
  async listen(
    names: { organizationId: string; meterId: string; customerId: string },
    told: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.watch(keyOf(names.organizationId, names.meterId, names.customerId), { pending: null, wake: told }, signal);
  }

  private async watch(key: string, watch: Watch, signal: AbortSignal): Promise<void> {
    this.watches.set(key, (this.watches.get(key) ?? new Set()).add(watch));
    const close = (): void => {
      const watches = this.watches.get(key);
      watches?.delete(watch);
      if (watches?.size === 0) this.watches.delete(key);
      watch.wake?.();
    };
    signal.addEventListener('abort', close);
    if (signal.aborted) close();
    await this.announce([key]);
  }

  private async announce(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.notifications
        .notify(INTEREST, key)
        .catch((error: unknown) => this.log.warn({ err: error }, 'could not announce what is watched'));
    }
  }

  private tell(events: readonly NewUsageEvent[], { refused, receivedAt }: StoredBatch): void {
    if (this.interest.size === 0) return;
    const told = new Map<string, UsageRecorded>();
    for (const { id, organizationId, meterId, customerId, occurredAt } of events) {
      const key = keyOf(organizationId, meterId, customerId);
      const until = this.interest.get(key);
      if (until === undefined || refused.has(id)) continue;
      if (until < performance.now()) this.interest.delete(key);
      else
        told.set(
          key,
          joined(told.get(key), {
            customerId,
            meterId,
            eventCount: 1,
            firstTimestamp: occurredAt,
            lastTimestamp: occurredAt,
            receivedAt: receivedAt.toISOString(),
          }),
        );
    }
    for (const [key, item] of told) {
      this.notifications
        .notify(RECORDED, JSON.stringify({ key, item }))
        .catch((error: unknown) => this.log.warn({ err: error }, 'could not tell what was recorded'));
    }
  }

  private deliver(payload: string): void {
    const { key, item } = JSON.parse(payload) as { key: string; item: UsageRecorded };
    for (const watch of this.watches.get(key) ?? []) {
      watch.pending = joined(watch.pending ?? undefined, item);
      watch.wake?.();
    }
  }
}

const keyOf = (organizationId: string, meterId: string, customerId: string): string =>
  `${organizationId} ${meterId} ${customerId}`;

const joined = (known: UsageRecorded | undefined, more: UsageRecorded): UsageRecorded =>
  known === undefined
    ? more
    : {
        ...more,
        eventCount: known.eventCount + more.eventCount,
        firstTimestamp: known.firstTimestamp < more.firstTimestamp ? known.firstTimestamp : more.firstTimestamp,
        lastTimestamp: known.lastTimestamp > more.lastTimestamp ? known.lastTimestamp : more.lastTimestamp,
      };

/** What has come since the last time; a slow subscriber gets more at once, never a longer queue. */
async function* items(watch: Watch, signal: AbortSignal): AsyncGenerator<UsageRecorded> {
  while (!signal.aborted) {
    const item = watch.pending;
    watch.pending = null;
    if (item) yield item;
    else
      await new Promise<void>((resolve) => {
        watch.wake = resolve;
      });
  }
}
