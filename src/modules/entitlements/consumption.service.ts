import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { isId, newId } from '../../platform/database/ids.js';
import type { Actor } from '../../shared/actor.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, type Decimal } from '../../shared/decimal.js';
import { conflict, DomainError, invalid, notFound } from '../../shared/errors.js';
import { Instant } from '../../shared/instant.js';
import { checkText } from '../../shared/text.js';
import { Feature } from '../catalog/index.js';
import { Customer } from '../customers/index.js';
import { Meter, UsageService, type NewUsageEvent } from '../metering/index.js';
import { type Demand, type Settlement } from './consumption-ledger.js';
import { ConsumptionQueue } from './consumption-queue.js';
import { EntitlementDirectory } from './entitlement-directory.js';
import { EntitlementsService, type Check, type FeatureEntitlement } from './entitlements.service.js';
import { featureProfile, type FeatureProfile, type Profile } from './profile.js';
import { findReservation, releaseReservation, type Reservation } from './queries/reservations.query.js';

export interface ConsumeInput {
  customerExternalId: string;
  featureLookupKey: string;
  quantity: Decimal;
  idempotencyKey?: string | null;
  timestamp?: Instant | null;
  properties?: Record<string, unknown> | null;
}

export interface ReserveInput {
  customerExternalId: string;
  featureLookupKey: string;
  quantity: Decimal;
  expiresInSeconds?: number | null;
  idempotencyKey?: string | null;
}

/** A check with what came of it. */
export type Consumption = Extract<Check, { known: true }> & { eventId: string | null; reservation: Reservation | null };

type Decided = Extract<Settlement, { outcome: 'DECIDED' }>;

const MAX_ROUNDS = 5;
const DEFAULT_HOLD_SECONDS = 300;
const MAX_HOLD_SECONDS = 86_400;

interface Subject {
  profile: Profile;
  subject: FeatureProfile;
  meter: Meter;
  now: Date;
}

/** Uses up what is allowed, or holds it for later, in one step with the check (docs/billing-rules.md §6). */
@Injectable()
export class ConsumptionService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly directory: EntitlementDirectory,
    private readonly entitlements: EntitlementsService,
    private readonly usage: UsageService,
    private readonly queue: ConsumptionQueue,
  ) {}

  /** Records the usage if it fits. */
  async consume(actor: Actor, input: ConsumeInput): Promise<Consumption> {
    return this.decide(async () => {
      const subject = await this.subjectOf(actor, input);
      const row = await this.rowOf(actor, subject, input);
      if ('eventId' in row) return this.asBefore(actor, input, row.eventId);
      return { ...subject, at: new Date(row.occurredAt), quantity: consumedBy(row), row, reservation: null };
    });
  }

  /** Holds a quantity until it is committed, released or expired. */
  async reserve(actor: Actor, input: ReserveInput): Promise<Consumption> {
    const seconds = input.expiresInSeconds ?? DEFAULT_HOLD_SECONDS;
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_HOLD_SECONDS)
      throw invalid('expiresInSeconds', `expiresInSeconds must be a whole number from 1 to ${MAX_HOLD_SECONDS}.`);
    checkText('idempotencyKey', input.idempotencyKey);
    requirePositive(input.quantity);
    return this.decide(async () => {
      const subject = await this.subjectOf(actor, input);
      const { profile, now } = subject;
      const reservation: Reservation = {
        organizationId: actor.organizationId,
        id: newId(),
        customerId: profile.customerId,
        featureId: subject.subject.feature.id,
        quantity: decimalText(input.quantity),
        status: 'HELD',
        reservedAt: now,
        expiresAt: new Date(now.getTime() + seconds * 1_000),
        idempotencyKey: input.idempotencyKey ?? null,
        committedQuantity: null,
        eventId: null,
      };
      return { ...subject, at: now, quantity: input.quantity, row: null, reservation };
    });
  }

  /** Records the true quantity of what was reserved, by default all of it. What goes beyond it has to fit like anything else. */
  async commit(
    actor: Actor,
    id: string,
    given: Decimal | null,
    properties: Record<string, unknown> | null,
  ): Promise<Consumption> {
    const reservation = await this.getReservation(actor, id);
    const quantity = given ?? decimal(reservation.quantity);
    requirePositive(quantity);
    const names = await this.namesOf(reservation);
    return this.decide(async () => {
      const subject = await this.subjectOf(actor, names);
      const current = await this.getReservation(actor, id);
      if (current.status !== 'HELD') return this.committed(actor, names, current, quantity);
      const row = await this.rowOf(actor, subject, { ...names, quantity, idempotencyKey: `reservation:${id}`, properties });
      if ('eventId' in row) throw conflict('The idempotency key of the reservation was used for something else.');
      return { ...subject, at: subject.now, quantity: consumedBy(row), row, reservation: current };
    });
  }

  /** Holds nothing any more. Releasing twice, or what has expired, changes nothing. */
  async release(actor: Actor, id: string): Promise<Reservation> {
    const { organizationId } = actor;
    const reservation = await this.getReservation(actor, id);
    if (reservation.status === 'HELD')
      await this.database.statement('release a reservation', releaseReservation(organizationId, id, this.clock.now()));
    const after = await this.getReservation(actor, id);
    if (after.status === 'COMMITTED')
      throw new DomainError('INVALID_TRANSITION', 'The reservation is COMMITTED and cannot become RELEASED.', undefined, {
        from: 'COMMITTED',
        to: 'RELEASED',
      });
    return after;
  }

  /** Whoever is limited to some customers finds theirs. */
  async findReservation(actor: Actor, id: string): Promise<Reservation | null> {
    if (!isId(id)) return null;
    const statement = findReservation(actor.organizationId, id);
    const [found] = actor.limit
      ? await this.database.read(actor, (tx) => tx.query<Reservation[]>(statement.text, statement.values))
      : await this.database.statement<Reservation & Record<string, unknown>>('find a reservation', statement);
    return found ?? null;
  }

  private async getReservation(actor: Actor, id: string): Promise<Reservation> {
    const reservation = await this.findReservation(actor, id);
    if (!reservation) throw notFound('Reservation');
    return reservation;
  }

  /** Asks until plans, overrides and grants hold still for long enough. `prepare` may know the answer already. */
  private async decide(prepare: () => Promise<Demand | Consumption>): Promise<Consumption> {
    for (let round = 1; ; round += 1) {
      const demand = await prepare();
      if ('verdict' in demand) return demand;
      const settled = await this.queue.settle(demand);
      if (settled.outcome === 'DECIDED') return consumptionOf(settled);
      if (settled.outcome === 'CONFLICT')
        throw new DomainError(
          'IDEMPOTENCY_KEY_REUSED',
          'The idempotency key was used before with other content.',
          'idempotencyKey',
        );
      this.directory.forget(demand.profile);
      if (round === MAX_ROUNDS) throw new DomainError('SERVICE_UNAVAILABLE', 'The customer is being changed. Try again.');
    }
  }

  private async subjectOf(actor: Actor, names: { customerExternalId: string; featureLookupKey: string }): Promise<Subject> {
    const { organizationId } = actor;
    const profiles = await this.directory.profilesOf(actor, [names.customerExternalId]);
    const features = await this.directory.featuresOf(organizationId, [names.featureLookupKey]);
    const profile = profiles.get(names.customerExternalId);
    if (!profile) throw notFound('Customer');
    const feature = features.get(names.featureLookupKey);
    if (!feature) throw notFound('Feature');
    const meter = feature.meterId === null ? null : await this.directory.meterOf(organizationId, feature.meterId);
    if (!meter || (meter.aggregation !== 'SUM' && meter.aggregation !== 'COUNT'))
      throw invalid(
        'featureLookupKey',
        'Only METER features that count or add up (COUNT, SUM) can be consumed; others can be checked.',
      );
    const times = await this.entitlements.timesOf(organizationId, profiles);
    return { profile, subject: featureProfile(profile, feature), meter, now: times(profile) };
  }

  /** The event of a demand; or the id under which it was recorded before. */
  private async rowOf(actor: Actor, { meter }: Subject, input: ConsumeInput): Promise<NewUsageEvent | { eventId: string }> {
    requirePositive(input.quantity);
    if (meter.aggregation === 'COUNT' && !input.quantity.eq(1))
      throw invalid('quantity', 'A COUNT meter counts one at a time: the quantity is 1.');
    const prepared = await this.usage.prepare(actor, {
      meterToken: meter.token,
      customerExternalId: input.customerExternalId,
      quantity: decimalText(input.quantity),
      properties: input.properties ?? null,
      timestamp: input.timestamp ?? null,
      idempotencyKey: input.idempotencyKey ?? null,
    });
    if (!('verdict' in prepared)) {
      if (prepared.counted) return prepared;
      throw invalid('properties', 'The filters of the meter leave such an event out: it would count nothing.');
    }
    if (prepared.verdict === 'DUPLICATE') return { eventId: prepared.eventId };
    if (prepared.verdict === 'CONFLICT') throw new DomainError('IDEMPOTENCY_KEY_REUSED', prepared.message, 'idempotencyKey');
    if (prepared.verdict === 'REJECTED')
      throw new DomainError('VALIDATION_FAILED', prepared.message, undefined, { code: prepared.code });
    throw new Error('A prepared event is not stored yet.');
  }

  private async namesOf({ organizationId, customerId, featureId }: Reservation): Promise<{
    customerExternalId: string;
    featureLookupKey: string;
  }> {
    return this.database.read(organizationId, async (tx) => ({
      customerExternalId: (await tx.findOneByOrFail(Customer, { organizationId, id: customerId })).externalId,
      featureLookupKey: (await tx.findOneByOrFail(Feature, { organizationId, id: featureId })).lookupKey,
    }));
  }

  /** A commit that is repeated answers as it did. */
  private async committed(
    actor: Actor,
    names: { customerExternalId: string; featureLookupKey: string },
    reservation: Reservation,
    quantity: Decimal,
  ): Promise<Consumption> {
    if (reservation.status === 'RELEASED')
      throw new DomainError('INVALID_TRANSITION', 'The reservation is RELEASED and cannot become COMMITTED.', undefined, {
        from: 'RELEASED',
        to: 'COMMITTED',
      });
    if (!quantity.eq(reservation.committedQuantity ?? '0'))
      throw conflict(`The reservation was committed with ${reservation.committedQuantity}.`, 'quantity');
    return { ...(await this.asBefore(actor, names, reservation.eventId)), reservation };
  }

  /** What was consumed before is consumed: told with the present numbers. */
  private async asBefore(
    actor: Actor,
    names: { customerExternalId: string; featureLookupKey: string },
    eventId: string | null,
  ): Promise<Consumption> {
    const check = await this.entitlements.check(actor, { ...names, quantity: decimal('0') });
    if (!check.known) throw notFound('Customer');
    return { ...check, verdict: { allowed: true, reason: 'GRANTED' }, eventId, reservation: null };
  }
}

const consumedBy = ({ value }: NewUsageEvent): Decimal => decimal(value ?? '1');

function requirePositive(quantity: Decimal): void {
  if (quantity.lte(0)) throw invalid('quantity', 'quantity must be greater than 0.');
}

function consumptionOf({ verdict, entitlement, eventId, reservation }: Decided): Consumption {
  const told: FeatureEntitlement = entitlement;
  return { known: true, verdict, entitlement: told, eventId, reservation };
}
