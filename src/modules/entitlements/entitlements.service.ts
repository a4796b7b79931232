import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Database, organizationOf } from '../../platform/database/database.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import type { Decimal } from '../../shared/decimal.js';
import type { Feature } from '../catalog/index.js';
import { TestClock } from '../organizations/index.js';
import {
  horizonOf,
  inquire,
  meterEntitlement,
  plainEntitlement,
  termsAt,
  unchangedUntil,
  verdictOf,
  type Entitlement,
  type Inquiry,
  type Verdict,
} from './domain/index.js';
import { EntitlementDirectory } from './entitlement-directory.js';
import { featureProfile, type FeatureProfile, type Profile } from './profile.js';
import { answersOf, askEntitlements, type Answer, type Question } from './queries/ask-entitlements.query.js';
import { loadProfiles } from './queries/load-profiles.query.js';
import { QuestionQueue } from './question-queue.js';

export interface CheckRequest {
  customerExternalId: string;
  featureLookupKey: string;
  quantity: Decimal;
}

/** An entitlement with whose and of what it is. */
export interface FeatureEntitlement extends Entitlement {
  customerId: string;
  feature: Feature;
  /** Held by reservations. */
  reserved: Decimal;
}

export type Check =
  | { known: true; verdict: Verdict; entitlement: FeatureEntitlement }
  | { known: false; reason: 'CUSTOMER_NOT_FOUND' | 'FEATURE_NOT_FOUND' };

/** Rounds of asking anew because plans, overrides or grants changed meanwhile; then what was read last is told. */
const MAX_ROUNDS = 5;
/** Of one statement. */
const MAX_QUESTIONS = 1_000;

/** Answers what a customer may use now (docs/billing-rules.md §6). */
@Injectable()
export class EntitlementsService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly directory: EntitlementDirectory,
    private readonly queue: QuestionQueue,
  ) {}

  async check(actor: Actor, request: CheckRequest): Promise<Check> {
    const known = actor.limit ? null : this.knownCase(actor.organizationId, request);
    const [answer] = known ? await this.queue.ask([questionOf(known)]) : [];
    if (known && answer?.version === known.profile.version) return checkOf(known, answer, request.quantity);
    if (known) this.directory.forget(known.profile);
    return (await this.checkAll(actor, [request]))[0];
  }

  /** Checks in the order of the requests. */
  async checkAll(actor: Actor, requests: readonly CheckRequest[]): Promise<Check[]> {
    const checks: Check[] = [];
    let open = requests.map((_, index) => index);
    for (let round = 1; open.length > 0; round += 1) {
      const cases = await this.casesOf(
        actor,
        open.map((index) => requests[index]),
      );
      const known = cases.filter((item) => item !== null && !('reason' in item)) as Case[];
      const answers = await this.askInParts(known.map(questionOf));
      const stale: number[] = [];
      let next = 0;
      cases.forEach((item, position) => {
        const index = open[position];
        if ('reason' in item) {
          checks[index] = { known: false, reason: item.reason };
          return;
        }
        const answer = answers[next++];
        if (answer.version !== item.profile.version && round < MAX_ROUNDS) {
          this.directory.forget(item.profile);
          stale.push(index);
          return;
        }
        checks[index] = checkOf(item, answer, requests[index].quantity);
      });
      open = stale;
    }
    return checks;
  }

  /** All that customers have, feature by feature, read in the transaction's snapshot with a constant number of statements. */
  async entitlementsOf(tx: EntityManager, customerIds: readonly string[]): Promise<Map<string, FeatureEntitlement[]>> {
    const profiles = await loadProfiles(tx, { ids: [...customerIds] });
    const times = await this.timesIn(tx, profiles);
    const cases = profiles.flatMap((profile) =>
      [...profile.features.values()].map((subject) => caseOf(profile, subject, times(profile))),
    );
    const answers = await ask(tx, cases);
    const found = new Map<string, FeatureEntitlement[]>(profiles.map(({ customerId }) => [customerId, []]));
    cases.forEach((item, index) => found.get(item.profile.customerId)?.push(entitlementOf(item, answers[index])));
    for (const entitlements of found.values()) entitlements.sort((a, b) => (a.feature.lookupKey < b.feature.lookupKey ? -1 : 1));
    return found;
  }

  /** The present of each of these customers. */
  async timesIn(tx: EntityManager, profiles: readonly Profile[]): Promise<(profile: Profile) => Date> {
    const ids = [...new Set(profiles.flatMap(({ testClockId }) => testClockId ?? []))];
    const where = { organizationId: organizationOf(tx), id: In(ids) };
    const clocks = ids.length > 0 ? await tx.findBy(TestClock, where) : [];
    const times = new Map(clocks.map(({ id, now }) => [id, now]));
    const now = this.clock.now();
    return ({ testClockId }) => (testClockId === null ? now : (times.get(testClockId) ?? now));
  }

  /** Several statements at once: while one is answered, the database works on the next. */
  private async askInParts(questions: readonly Question[]): Promise<Answer[]> {
    const parts: Promise<Answer[]>[] = [];
    for (let start = 0; start < questions.length; start += MAX_QUESTIONS)
      parts.push(this.queue.ask(questions.slice(start, start + MAX_QUESTIONS)));
    return (await Promise.all(parts)).flat();
  }

  /** The case of a customer and feature that are both in memory, and of real time: most checks need no more. */
  private knownCase(organizationId: string, { customerExternalId, featureLookupKey }: CheckRequest): Case | null {
    const profile = this.directory.knownProfile(organizationId, customerExternalId);
    const feature = this.directory.knownFeature(organizationId, featureLookupKey);
    if (!profile || !feature || profile.testClockId !== null) return null;
    return caseOf(profile, featureProfile(profile, feature), this.clock.now());
  }

  private async casesOf(
    actor: Actor,
    requests: readonly CheckRequest[],
  ): Promise<(Case | { reason: 'CUSTOMER_NOT_FOUND' | 'FEATURE_NOT_FOUND' })[]> {
    const { organizationId } = actor;
    const profiles = await this.directory.profilesOf(
      actor,
      requests.map(({ customerExternalId }) => customerExternalId),
    );
    const features = await this.directory.featuresOf(
      organizationId,
      requests.map(({ featureLookupKey }) => featureLookupKey),
    );
    const times = await this.timesOf(organizationId, profiles);
    return requests.map(({ customerExternalId, featureLookupKey }) => {
      const profile = profiles.get(customerExternalId);
      const feature = features.get(featureLookupKey);
      if (!profile) return { reason: 'CUSTOMER_NOT_FOUND' };
      if (!feature) return { reason: 'FEATURE_NOT_FOUND' };
      return caseOf(profile, featureProfile(profile, feature), times(profile));
    });
  }

  /** Test clocks are never kept: one may just have been advanced. */
  async timesOf(organizationId: string, profiles: ReadonlyMap<string, Profile>): Promise<(profile: Profile) => Date> {
    for (const { testClockId } of profiles.values())
      if (testClockId !== null) return this.database.read(organizationId, (tx) => this.timesIn(tx, [...profiles.values()]));
    const now = this.clock.now();
    return () => now;
  }
}

/** One feature of one customer at an instant, with what has to be read. */
export interface Case {
  profile: Profile;
  subject: FeatureProfile;
  at: Date;
  /** Null: it has no meter. */
  inquiry: Inquiry | null;
}

/** `until` an instant of the past: what had been used by then. */
export const caseOf = (profile: Profile, subject: FeatureProfile, at: Date, until?: Date): Case => ({
  profile,
  subject,
  at,
  inquiry: subject.feature.type === 'METER' ? inquiryOf(subject, at, until) : null,
});

/** Inquiries about the present, with the time for which they stay the same. */
const inquiries = new WeakMap<FeatureProfile, { inquiry: Inquiry; from: Date; until: Date | null }>();

function inquiryOf(subject: FeatureProfile, at: Date, until: Date | undefined): Inquiry {
  const { holding, grants } = subject;
  if (until) return inquire(holding, grants, at, until);
  const known = inquiries.get(subject);
  if (known && known.from <= at && (known.until === null || at < known.until)) return known.inquiry;
  const inquiry = inquire(holding, grants, at, horizonOf(at));
  inquiries.set(subject, { inquiry, from: at, until: unchangedUntil(inquiry, holding, grants, at) });
  return inquiry;
}

function checkOf(item: Case, answer: Answer, quantity: Decimal): Check {
  const entitlement = entitlementOf(item, answer);
  return { known: true, verdict: verdictOf(entitlement, quantity, entitlement.reserved), entitlement };
}

export const questionOf = ({ profile, subject, at, inquiry }: Case): Question => {
  const { organizationId, customerId } = profile;
  const meterId = subject.feature.meterId as string;
  return {
    organizationId,
    customerId,
    featureId: subject.feature.id,
    at,
    additive: subject.additive,
    readings: inquiry ? inquiry.spans.map(({ start: from, end: to }) => ({ organizationId, customerId, meterId, from, to })) : [],
  };
};

export function entitlementOf({ profile, subject, at, inquiry }: Case, { values, reserved }: Answer): FeatureEntitlement {
  const entitlement = inquiry ? meterEntitlement(inquiry, values) : plainEntitlement(termsAt(subject.holding, at));
  return Object.assign(entitlement, { customerId: profile.customerId, feature: subject.feature, reserved });
}

export async function ask(tx: EntityManager, cases: readonly Case[]): Promise<Answer[]> {
  if (cases.length === 0) return [];
  const questions = cases.map(questionOf);
  const { text, values } = askEntitlements(questions);
  return answersOf(questions, await tx.query<Record<string, unknown>[]>(text, values));
}
