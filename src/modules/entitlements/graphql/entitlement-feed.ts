import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../../platform/database/database.js';
import { isId } from '../../../platform/database/ids.js';
import { Notifications } from '../../../platform/database/notifications.js';
import { LiveUpdates } from '../../../platform/graphql/live-updates.js';
import type { Actor } from '../../../shared/actor.js';
import { decimalText, type Decimal } from '../../../shared/decimal.js';
import { invalid, notFound } from '../../../shared/errors.js';
import { UsageFeed } from '../../metering/index.js';
import { unchangedUntil } from '../domain/index.js';
import { ask, caseOf, EntitlementsService, entitlementOf, type Case, type FeatureEntitlement } from '../entitlements.service.js';
import type { Profile } from '../profile.js';
import { loadProfiles } from '../queries/load-profiles.query.js';

/** Declared as text, as metering's are. */
export const ENTITLEMENT_UPDATES = `
  extend type LiveUpdates {
    "All that a customer has, at once and whenever it changes: by usage, plan, override, grant or reset. Name the customer by one of the two."
    entitlementChanged(customerId: ID, customerExternalId: String): EntitlementsChanged!
  }
  type EntitlementsChanged {
    customerId: ID!
    customerExternalId: String!
    at: DateTime!
    entitlements: [EntitlementState!]!
  }
  type EntitlementState {
    featureLookupKey: String!
    type: FeatureType!
    enabled: Boolean!
    "Why not, where it is not enabled."
    reason: String
    value: String
    limit: Decimal
    used: Decimal
    remaining: Decimal
    "How much more is within the limit; null: unlimited."
    withinLimit: Decimal
    "How much more is allowed: within the limit and the grace of a soft one; null: without end."
    allowance: Decimal
    resetsAt: DateTime
  }`;

interface EntitlementsChanged {
  customerId: string;
  customerExternalId: string;
  at: Date;
  entitlements: object[];
}

/** What changed anything but usage: `organization customer`, from triggers. */
const CHANGED = 'fluxrate_entitlements';
/** Changes that come together are told together. */
const SETTLE_MS = 50;
/** Tells at least so often, should anything have been missed. */
const LONGEST_WAIT_MS = 30_000;

interface Names {
  customerId?: string | null;
  customerExternalId?: string | null;
}

/** Tells subscribers in all processes what customers have, as it changes. */
@Injectable()
export class EntitlementFeed implements OnModuleInit {
  private readonly watching = new Map<string, Set<() => void>>();

  constructor(
    private readonly live: LiveUpdates,
    private readonly usage: UsageFeed,
    private readonly database: Database,
    private readonly entitlements: EntitlementsService,
    notifications: Notifications,
  ) {
    notifications.on(CHANGED, (key) => this.watching.get(key)?.forEach((wake) => wake()));
    notifications.onGap(() => this.watching.forEach((wakes) => wakes.forEach((wake) => wake())));
  }

  onModuleInit(): void {
    this.live.add<Names, EntitlementsChanged>({
      name: 'entitlementChanged',
      requires: 'usage.read',
      open: (actor, names, signal) => this.open(actor, names, signal),
    });
  }

  private async open(actor: Actor, names: Names, signal: AbortSignal): Promise<AsyncIterable<EntitlementsChanged>> {
    const by = namesOf(names);
    const profile = await this.database.read(actor, async (tx) => (await loadProfiles(tx, by)).at(0));
    if (!profile) throw notFound('Customer');
    return this.states(actor, profile, signal);
  }

  private async *states(
    actor: Actor,
    { organizationId, customerId }: Profile,
    signal: AbortSignal,
  ): AsyncGenerator<EntitlementsChanged> {
    const bell = new Bell();
    const key = `${organizationId} ${customerId}`;
    this.watching.set(key, (this.watching.get(key) ?? new Set()).add(bell.ring));
    signal.addEventListener('abort', () => {
      this.watching.get(key)?.delete(bell.ring);
      if (this.watching.get(key)?.size === 0) this.watching.delete(key);
      bell.ring();
    });
    const heard = new Set<string>();
    let told = '';
    while (!signal.aborted) {
      bell.reset();
      const { profile, cases, state } = await this.stateOf(actor, customerId);
      const meters = [...profile.features.values()].flatMap(({ feature }) => feature.meterId ?? []);
      const news = meters.filter((meterId) => !heard.has(meterId));
      for (const meterId of news) heard.add(meterId);
      await Promise.all(news.map((meterId) => this.usage.listen({ organizationId, meterId, customerId }, bell.ring, signal)));
      // What was stored before anybody listened is in the next state.
      if (news.length > 0) bell.ring();
      const content = JSON.stringify(state.entitlements);
      if (content !== told) yield state;
      told = content;
      await bell.heard(waitOf(cases, state.at));
      if (!signal.aborted) await sleep(SETTLE_MS);
    }
  }

  /** A customer that the actor may see no longer ends the stream. */
  private stateOf(actor: Actor, customerId: string): Promise<{ profile: Profile; cases: Case[]; state: EntitlementsChanged }> {
    return this.database.read(actor, async (tx) => {
      const profile = (await loadProfiles(tx, { ids: [customerId] })).at(0);
      if (!profile) throw notFound('Customer');
      const at = (await this.entitlements.timesIn(tx, [profile]))(profile);
      const cases = [...profile.features.values()].map((subject) => caseOf(profile, subject, at));
      const answers = await ask(tx, cases);
      const entitlements = cases.map((item, index) => stateView(entitlementOf(item, answers[index])));
      return { profile, cases, state: { customerId, customerExternalId: profile.externalId, at, entitlements } };
    });
  }
}

/** Rung by what has changed; whoever waits hears it, also if it was rung before. */
class Bell {
  private rung = false;
  private wake: (() => void) | null = null;

  readonly ring = (): void => {
    this.rung = true;
    this.wake?.();
  };

  reset(): void {
    this.rung = false;
  }

  async heard(limitMs: number): Promise<void> {
    if (this.rung) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Until something changes by itself. */
function waitOf(cases: readonly Case[], at: Date): number {
  const waits = cases.map(({ inquiry, subject }) => {
    const until = inquiry && unchangedUntil(inquiry, subject.holding, subject.grants, at);
    return until ? until.getTime() - at.getTime() : LONGEST_WAIT_MS;
  });
  return Math.max(0, Math.min(LONGEST_WAIT_MS, ...waits));
}

function namesOf({ customerId, customerExternalId }: Names): { ids: string[] } | { externalIds: string[] } {
  if (typeof customerId === 'string' && typeof customerExternalId === 'string')
    throw invalid('customerId', 'Give one of customerId and customerExternalId.');
  if (typeof customerId === 'string') return { ids: isId(customerId) ? [customerId] : [] };
  if (typeof customerExternalId === 'string') return { externalIds: [customerExternalId] };
  throw invalid('customerId', 'Give one of customerId and customerExternalId.');
}

const text = (value: Decimal | null): string | null => value && decimalText(value);

function stateView(entitlement: FeatureEntitlement): object {
  const { feature, enabled, refusal, value, limit, used, remaining, headroom, reserved, softLimit, grace, window } = entitlement;
  const isMeter = feature.type === 'METER';
  const withinLimit = headroom && headroom.minus(reserved);
  const endless = withinLimit === null || (softLimit && grace === null);
  return {
    featureLookupKey: feature.lookupKey,
    type: feature.type,
    enabled,
    reason: enabled ? null : refusal,
    value,
    limit: text(limit),
    used: isMeter ? text(used) : null,
    remaining: text(remaining),
    withinLimit: text(withinLimit),
    allowance: endless ? null : text(softLimit && grace ? withinLimit.plus(grace) : withinLimit),
    resetsAt: window?.end ?? null,
  };
}
