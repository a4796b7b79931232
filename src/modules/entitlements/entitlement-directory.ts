import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { CHANGES } from '../../platform/database/changes.js';
import { Database } from '../../platform/database/database.js';
import { Notifications } from '../../platform/database/notifications.js';
import type { Actor } from '../../shared/actor.js';
import { Feature } from '../catalog/index.js';
import { Meter } from '../metering/index.js';
import type { Profile } from './profile.js';
import { loadProfiles } from './queries/load-profiles.query.js';

const MAX_PROFILES = 50_000;
const MAX_FEATURES = 100_000;

/**
 * Profiles and features as checks need them, kept in memory. A profile's version is compared with the database's by the statement
 * that reads usage, so an old copy is never acted on, whatever was heard or not (docs/architecture.md, "The way of a check"). Of a
 * feature only what never changes decides; unknown ones are looked for each time.
 */
@Injectable()
export class EntitlementDirectory {
  /** By organization and external id. */
  private readonly profiles = new Map<string, Profile>();
  private readonly features = new Map<string, Feature>();
  private readonly meters = new Map<string, Meter>();
  private readonly gathering = new Map<string, { externalIds: Set<string>; loaded: Promise<Map<string, Profile>> }>();
  private readonly loading = new Map<string, Promise<unknown>>();
  private generation = 0;

  constructor(
    private readonly database: Database,
    notifications: Notifications,
  ) {
    // An organization's zone is its customers'; a feature's thresholds are shown.
    notifications.on(CHANGES, (table) => {
      if (table === 'organizations' || table === 'features') this.clear();
    });
    notifications.onGap(() => this.clear());
  }

  /** What is in memory, which may be nothing. */
  knownProfile(organizationId: string, externalId: string): Profile | undefined {
    return this.profiles.get(keyOf(organizationId, externalId));
  }

  knownFeature(organizationId: string, lookupKey: string): Feature | undefined {
    return this.features.get(keyOf(organizationId, lookupKey));
  }

  /**
   * Profiles by external id; of customers that nobody knows there is none. Whoever is limited to some customers asks the database
   * anew, which shows them no others.
   */
  async profilesOf(actor: Actor, externalIds: readonly string[]): Promise<Map<string, Profile>> {
    if (actor.limit) {
      const open = await this.database.read(actor, (tx) => loadProfiles(tx, { externalIds: [...new Set(externalIds)] }));
      return byExternalId(open);
    }
    const { organizationId } = actor;
    const found = new Map<string, Profile>();
    const missing = new Set<string>();
    for (const externalId of externalIds) {
      const profile = this.profiles.get(keyOf(organizationId, externalId));
      if (profile) found.set(externalId, profile);
      else missing.add(externalId);
    }
    if (missing.size === 0) return found;
    const loaded = await this.load(organizationId, missing);
    for (const externalId of missing) {
      const profile = loaded.get(externalId);
      if (profile) found.set(externalId, profile);
    }
    return found;
  }

  /** What is wanted while a load is under way is loaded together by the next: it begins after whoever joins it has come. */
  private load(organizationId: string, externalIds: Iterable<string>): Promise<Map<string, Profile>> {
    const gathering = this.gathering.get(organizationId);
    if (gathering) {
      for (const externalId of externalIds) gathering.externalIds.add(externalId);
      return gathering.loaded;
    }
    const wanted = new Set(externalIds);
    const before = this.loading.get(organizationId) ?? Promise.resolve();
    const loaded = before
      .catch(() => undefined)
      .then(() => {
        this.gathering.delete(organizationId);
        return this.loadNow(organizationId, [...wanted]);
      });
    this.gathering.set(organizationId, { externalIds: wanted, loaded });
    this.loading.set(organizationId, loaded);
    return loaded;
  }

  private async loadNow(organizationId: string, externalIds: string[]): Promise<Map<string, Profile>> {
    const { generation } = this;
    const loaded = await this.database.read(organizationId, (tx) => loadProfiles(tx, { externalIds }));
    if (generation === this.generation)
      for (const profile of loaded) keep(this.profiles, keyOf(organizationId, profile.externalId), profile, MAX_PROFILES);
    return byExternalId(loaded);
  }

  /** Features by lookup key. */
  async featuresOf(organizationId: string, lookupKeys: readonly string[]): Promise<Map<string, Feature>> {
    const found = new Map<string, Feature>();
    const missing = new Set<string>();
    for (const lookupKey of lookupKeys) {
      const feature = this.features.get(keyOf(organizationId, lookupKey));
      if (feature) found.set(lookupKey, feature);
      else missing.add(lookupKey);
    }
    if (missing.size === 0) return found;
    const { generation } = this;
    const where = { organizationId, lookupKey: In([...missing]) };
    for (const feature of await this.database.read(organizationId, (tx) => tx.findBy(Feature, where))) {
      found.set(feature.lookupKey, feature);
      if (generation === this.generation) keep(this.features, keyOf(organizationId, feature.lookupKey), feature, MAX_FEATURES);
    }
    return found;
  }

  /** The meter of a feature. What is asked of it never changes; whether it is archived, ingestion knows. */
  async meterOf(organizationId: string, id: string): Promise<Meter> {
    const known = this.meters.get(id);
    if (known) return known;
    const meter = await this.database.read(organizationId, (tx) => tx.findOneByOrFail(Meter, { organizationId, id }));
    keep(this.meters, id, meter, MAX_FEATURES);
    return meter;
  }

  /** A copy that has turned out to be old. */
  forget({ organizationId, externalId }: Profile): void {
    this.profiles.delete(keyOf(organizationId, externalId));
  }

  private clear(): void {
    this.generation += 1;
    this.profiles.clear();
    this.features.clear();
  }
}

const byExternalId = (profiles: readonly Profile[]): Map<string, Profile> =>
  new Map(profiles.map((profile) => [profile.externalId, profile]));

const keyOf = (organizationId: string, name: string): string => `${organizationId} ${name}`;

/** Beyond the limit, the first that came goes. */
function keep<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  if (map.size >= limit) map.delete(map.keys().next().value as string);
  map.set(key, value);
}
