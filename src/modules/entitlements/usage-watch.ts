import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CHANGES } from '../../platform/database/changes.js';
import { Database } from '../../platform/database/database.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Log } from '../../platform/log.js';
import { UsageService } from '../metering/index.js';
import { AlertsService } from './alerts.service.js';
import { findMeteredFeatures, type MeteredPair } from './queries/alerts.query.js';

/** Between two looks: what is used meanwhile is looked at together. */
const LOOK_EVERY_MS = 500;
const MAX_PAIRS_AT_ONCE = 500;
/** Beyond these the job that looks at everything has to do. */
const MAX_NOTICED = 20_000;
const FEATURES_FRESH_MS = 5_000;

/**
 * Notices usage that this process has stored and looks whether alerts are due, a little later and never so much at once that
 * ingestion would suffer. A prompt for what the job finds anyway: nothing rests on it.
 */
@Injectable()
export class UsageWatch implements OnApplicationShutdown {
  private noticed = new Map<string, MeteredPair>();
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;
  /** Meters that some feature counts by, of all organizations. */
  private meters: ReadonlySet<string> = new Set();
  private metersUntil = 0;

  constructor(
    usage: UsageService,
    notifications: Notifications,
    private readonly database: Database,
    private readonly alerts: AlertsService,
    private readonly log: Log,
  ) {
    notifications.on(CHANGES, (table) => {
      if (table === 'features') this.metersUntil = 0;
    });
    usage.onStored((events) => {
      for (const { organizationId, customerId, meterId } of events) this.notice({ organizationId, customerId, meterId });
    });
  }

  /** Looks now at what was noticed. */
  async look(): Promise<void> {
    this.looking = this.looking.then(() => this.lookAtSome());
    await this.looking;
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.looking;
  }

  private notice(pair: MeteredPair): void {
    if (this.stopped || this.noticed.size >= MAX_NOTICED) return;
    this.noticed.set(`${pair.customerId} ${pair.meterId}`, pair);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.look();
    }, LOOK_EVERY_MS).unref();
  }

  private async lookAtSome(): Promise<void> {
    try {
      await this.learnMeters();
      const all = [...this.noticed.values()].filter(({ meterId }) => this.meters.has(meterId));
      this.noticed = new Map();
      await this.alerts.look(all.slice(0, MAX_PAIRS_AT_ONCE));
      for (const pair of all.slice(MAX_PAIRS_AT_ONCE)) this.notice(pair);
    } catch (error) {
      this.log.warn({ err: error }, 'usage was not looked at for alerts; the job will');
    }
  }

  private async learnMeters(): Promise<void> {
    if (this.metersUntil > performance.now()) return;
    this.metersUntil = performance.now() + FEATURES_FRESH_MS;
    const rows = await this.database.statement<{ meterId: string }>('find meters of features', findMeteredFeatures());
    this.meters = new Set(rows.map(({ meterId }) => meterId));
  }
}
