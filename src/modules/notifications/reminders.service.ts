import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { Log } from '../../platform/log.js';
import { Clock } from '../../shared/clock.js';
import { testClockMoved } from '../invoicing/index.js';
import { EmailsService } from './emails.service.js';
import { recordReminders } from './queries/record-reminders.query.js';

/** A reminder that could not be written when it was time, for as long, is left out: the next one says the same. */
const LATEST_MS = 3 * 86_400_000;
const CHUNK = 1_000;

/** Brings open invoices to mind, on the days relative to their due date that the organization chose. */
@Injectable()
export class RemindersService implements OnModuleInit, BeforeApplicationShutdown {
  private running: Promise<void> | null = null;
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly events: DomainEvents,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly emails: EmailsService,
  ) {}

  onModuleInit(): void {
    this.events.on(testClockMoved, async (tx, { testClockId, from: since, to: until }) => {
      if (until <= since) return;
      const window = { testClockId, since, until, latestOnly: false, limit: null };
      await this.emails.enqueue(tx, await recordReminders(tx, window, this.clock.now()));
    });
  }

  /** Writes down what is due, for customers in real time. A scan that is still going is joined. */
  scan(): Promise<void> {
    this.running ??= this.recordDue()
      .catch((error: unknown) => this.log.error({ err: error }, 'reminders could not be recorded'))
      .finally(() => (this.running = null));
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async recordDue(): Promise<void> {
    const until = this.clock.now();
    const window = { testClockId: null, since: new Date(until.getTime() - LATEST_MS), until, latestOnly: true, limit: CHUNK };
    let count = CHUNK;
    while (count === CHUNK && !this.stopping) {
      count = await this.database.acrossOrganizations('record reminders', async (tx) => {
        const recorded = await recordReminders(tx, window, this.clock.now());
        await this.emails.enqueue(tx, recorded);
        return recorded.length;
      });
    }
  }
}
