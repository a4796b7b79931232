import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database, type Run } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { groupBy } from '../../platform/graphql/loader.js';
import { Clock } from '../../shared/clock.js';
import { DAY_MS } from '../../shared/calendar.js';
import { decimalText } from '../../shared/decimal.js';
import { EntitlementAlert } from './alert.entity.js';
import { entitlementAlertRaised } from './entitlement.events.js';
import { alertsOf } from './domain/index.js';
import { ask, caseOf, EntitlementsService, entitlementOf, type FeatureEntitlement } from './entitlements.service.js';
import { findPairsInUse, raiseAlerts, type AlertRow, type MeteredPair } from './queries/alerts.query.js';
import { loadProfiles } from './queries/load-profiles.query.js';

const PUBLISH = 'entitlement_alert';
const TYPES = { THRESHOLD_REACHED: 'entitlement.threshold_reached', LIMIT_REACHED: 'entitlement.limit_reached' } as const;

interface AlertKey {
  organizationId: string;
  id: string;
}

const SWEEP_PAIRS = 500;
const MAX_REMEMBERED = 100_000;

/**
 * Raises alerts: once a window, threshold and limit, by whatever notices first (docs/billing-rules.md §6). The row that makes an
 * alert unique is what has been told; what is remembered here only saves asking again.
 */
@Injectable()
export class AlertsService implements OnModuleInit {
  private readonly remembered = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly entitlements: EntitlementsService,
    private readonly outbox: Outbox,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.outbox.on(PUBLISH, (payload) => this.publish(payload as AlertKey));
  }

  /** Raises what these entitlements call for, in the transaction of `run`; what was to be raised, for `raised` after the commit. */
  async raiseIn(run: Run, entitlements: readonly FeatureEntitlement[], at: Date): Promise<string[]> {
    const rows = new Map<string, AlertRow>();
    for (const entitlement of entitlements)
      for (const row of rowsOf(entitlement, at)) if (!this.remembered.has(keyOf(row))) rows.set(keyOf(row), row);
    if (rows.size > 0) {
      const news = await run<AlertKey & Record<string, unknown>>(raiseAlerts([...rows.values()]));
      const jobs = news.map(({ organizationId, id }) => ({ key: id, payload: { organizationId, id } }));
      if (jobs.length > 0) await run(this.outbox.adding(PUBLISH, jobs));
    }
    return [...rows.keys()];
  }

  /** Gives an alert to the product's listeners, in one transaction with what they make of it. */
  private publish({ organizationId, id }: AlertKey): Promise<void> {
    return this.database.transaction(organizationId, async (tx) => {
      const alert = await tx.findOne(EntitlementAlert, { where: { organizationId, id }, lock: { mode: 'for_no_key_update' } });
      if (!alert || alert.publishedAt !== null) return;
      await this.events.emit(entitlementAlertRaised, tx, { type: TYPES[alert.kind], alert });
      await tx.update(EntitlementAlert, { organizationId, id }, { publishedAt: this.clock.now() });
    });
  }

  raised(keys: readonly string[]): void {
    if (this.remembered.size > MAX_REMEMBERED) this.remembered.clear();
    for (const key of keys) this.remembered.add(key);
  }

  /** Looks at what these customers have of the features that count by these meters. */
  async look(pairs: readonly MeteredPair[]): Promise<void> {
    for (const [organizationId, own] of groupBy([...pairs], (pair) => pair.organizationId)) {
      const found = await this.entitlementsOf(organizationId, own);
      const raised = await this.database.statements('raise alerts', (run) => this.raiseIn(run, found, this.clock.now()));
      this.raised(raised);
    }
  }

  /** Looks at all that was used since yesterday: whatever was not noticed when it was used. */
  async sweep(): Promise<void> {
    const since = new Date(this.clock.now().getTime() - DAY_MS);
    let pairs = await this.pairsInUse(since, null);
    while (pairs.length > 0) {
      await this.look(pairs);
      pairs = await this.pairsInUse(since, pairs.at(-1) ?? null);
    }
  }

  private pairsInUse(since: Date, after: MeteredPair | null): Promise<MeteredPair[]> {
    return this.database.acrossOrganizations('find usage that alerts may be about', (tx) =>
      findPairsInUse(tx, since, after, SWEEP_PAIRS),
    );
  }

  private entitlementsOf(organizationId: string, pairs: readonly MeteredPair[]): Promise<FeatureEntitlement[]> {
    const wanted = new Set(pairs.map(({ customerId, meterId }) => `${customerId} ${meterId}`));
    return this.database.read(organizationId, async (tx) => {
      const profiles = await loadProfiles(tx, { ids: [...new Set(pairs.map(({ customerId }) => customerId))] });
      const times = await this.entitlements.timesIn(tx, profiles);
      const cases = profiles.flatMap((profile) =>
        [...profile.features.values()]
          .filter(({ feature }) => wanted.has(`${profile.customerId} ${feature.meterId ?? ''}`))
          .map((subject) => caseOf(profile, subject, times(profile))),
      );
      const answers = await ask(tx, cases);
      return cases.map((item, index) => entitlementOf(item, answers[index]));
    });
  }
}

function rowsOf(entitlement: FeatureEntitlement, raisedAt: Date): AlertRow[] {
  const { customerId, feature, used, limit, window } = entitlement;
  if (!window || limit === null) return [];
  return alertsOf(entitlement, feature.alertThresholds).map(({ kind, threshold }) => ({
    organizationId: feature.organizationId,
    id: newId(),
    customerId,
    featureId: feature.id,
    kind,
    threshold,
    windowStart: window.start,
    windowEnd: window.end,
    used: decimalText(used),
    limit: decimalText(limit),
    raisedAt,
  }));
}

const keyOf = ({ customerId, featureId, kind, threshold, windowStart }: AlertRow): string =>
  `${customerId} ${featureId} ${windowStart.getTime()} ${kind} ${threshold}`;
