import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type Run } from '../../platform/database/database.js';
import { Clock } from '../../shared/clock.js';
import { decimal, decimalText, max, ZERO, type Decimal } from '../../shared/decimal.js';
import { conflict } from '../../shared/errors.js';
import {
  findHoldersOfKeys,
  recordUsage,
  UsageService,
  type KeyHolder,
  type NewUsageEvent,
  type RefusedEvent,
} from '../metering/index.js';
import { AlertsService } from './alerts.service.js';
import { horizonOf, Tally, unchangedUntil, type Verdict } from './domain/index.js';
import { caseOf, entitlementOf, questionOf, type Case, type FeatureEntitlement } from './entitlements.service.js';
import type { FeatureProfile, Profile } from './profile.js';
import {
  commitReservations,
  findReservations,
  insertReservations,
  lockAllowances,
  type Reservation,
} from './queries/reservations.query.js';
import { UsageReader } from './usage-reader.js';

/** Something to be recorded, or held, if it fits. */
export interface Demand {
  profile: Profile;
  subject: FeatureProfile;
  /** When it happens: what is given at that instant decides. */
  at: Date;
  /** The customer's present. */
  now: Date;
  quantity: Decimal;
  /** The event to record; null: the quantity is to be held. */
  row: NewUsageEvent | null;
  /** To be made (`row` null), or the one that this is the true quantity of. */
  reservation: Reservation | null;
}

export type Settlement =
  | { outcome: 'STALE' }
  | { outcome: 'CONFLICT' }
  /** The reservation was settled meanwhile. */
  | { outcome: 'SETTLED'; reservation: Reservation }
  | {
      outcome: 'DECIDED';
      verdict: Verdict;
      entitlement: FeatureEntitlement;
      eventId: string | null;
      reservation: Reservation | null;
    };

type Decided = Extract<Settlement, { outcome: 'DECIDED' }>;

/** What is known of the demands of one transaction, beside usage. */
interface Known {
  holders: Map<string, KeyHolder & { organizationId: string }>;
  reservations: Map<string, Reservation>;
}

interface Written {
  rows: NewUsageEvent[];
  held: Reservation[];
  committed: { organizationId: string; id: string; quantity: string; eventId: string; at: Date }[];
}

/**
 * Decides demands one after the other under a lock on each customer and meter, and writes what was decided in the same transaction:
 * whatever is consumed here, from however many processes, never exceeds a hard limit. Usage that is sent without asking is counted
 * and not held up.
 */
@Injectable()
export class ConsumptionLedger {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly usage: UsageService,
    private readonly alerts: AlertsService,
    private readonly reader: UsageReader,
  ) {}

  async settle(demands: readonly Demand[]): Promise<Settlement[]> {
    const receivedAt = this.clock.now();
    const { settlements, rows, refused, raised } = await this.database.statements('settle consumption', async (run) => {
      await run(lockAllowances([...new Set(demands.map((demand) => lockOf(pairOf(demand))))]));
      const known = await findKnown(run, demands);
      const cases = casesOf(demands);
      const questions = cases.distinct.map(questionOf);
      const answers = await this.reader.askIn(run, questions);
      const tally = new Tally();
      const written: Written = { rows: [], held: [], committed: [] };
      const settlements = demands.map((demand, index): Settlement => {
        const answer = answers[cases.of[index]];
        if (answer.version !== demand.profile.version) return { outcome: 'STALE' };
        return decide(demand, entitlementOf(cases.distinct[cases.of[index]], answer), known, tally, written);
      });
      const refused = await write(run, written, receivedAt);
      const entitlements = settlements.flatMap((settled) => (consumed(settled) ? [settled.entitlement] : []));
      const raised = await this.alerts.raiseIn(run, entitlements, receivedAt);
      return { settlements: settlements.map((settled) => corrected(settled, refused)), rows: written.rows, refused, raised };
    });
    this.alerts.raised(raised);
    if (rows.length > 0) this.usage.recorded(rows, receivedAt, refused);
    return settlements;
  }
}

const consumed = (settled: Settlement): settled is Decided => settled.outcome === 'DECIDED' && settled.eventId !== null;

export const pairOf = ({ profile, subject }: Demand): string =>
  `${profile.organizationId} ${profile.customerId} ${subject.feature.meterId ?? ''}`;
const ownerOf = ({ profile, subject }: Demand): string => `${profile.customerId} ${subject.feature.id}`;

const lockOf = (pair: string): bigint => BigInt.asIntN(64, BigInt(`0x${hash('sha256', `consume ${pair}`, 'hex').slice(0, 16)}`));

/** Demands on the same feature at about the same time are one question. */
function casesOf(demands: readonly Demand[]): { distinct: Case[]; of: number[] } {
  const distinct: Case[] = [];
  const latest = new Map<string, { index: number; until: Date | null }>();
  const of = demands.map((demand) => {
    const { profile, subject, at, now } = demand;
    const key = `${ownerOf(demand)} ${profile.version}`;
    const known = latest.get(key);
    if (known && distinct[known.index].at <= at && (known.until === null || at < known.until)) return known.index;
    const item = caseOf(profile, subject, at, horizonOf(now));
    const index = distinct.push(item) - 1;
    latest.set(key, { index, until: item.inquiry && unchangedUntil(item.inquiry, subject.holding, subject.grants, at) });
    return index;
  });
  return { distinct, of };
}

async function findKnown(run: Run, demands: readonly Demand[]): Promise<Known> {
  const keys = demands.flatMap(({ row }) => (row?.keyHash ? [{ organizationId: row.organizationId, keyHash: row.keyHash }] : []));
  const holders = keys.length > 0 ? await run<KeyHolder & { organizationId: string }>(findHoldersOfKeys(keys)) : [];
  const asked = demands.flatMap(({ reservation }) => reservation ?? []);
  const made = demands.flatMap(({ row, reservation }) => (row === null && reservation ? [reservation] : []));
  const named = made.flatMap(({ organizationId, idempotencyKey: key }) => (key === null ? [] : [{ organizationId, key }]));
  const reservations = asked.length > 0 ? await run<Reservation & Record<string, unknown>>(findReservations(asked, named)) : [];
  const byName = new Map<string, Reservation>();
  for (const found of reservations) {
    byName.set(`${found.organizationId} ${found.id}`, found);
    if (found.idempotencyKey !== null) byName.set(nameOf(found), found);
  }
  return {
    holders: new Map(holders.map((holder) => [`${holder.organizationId} ${holder.keyHash}`, holder])),
    reservations: byName,
  };
}

const nameOf = ({ organizationId, idempotencyKey }: Pick<Reservation, 'organizationId' | 'idempotencyKey'>): string =>
  `${organizationId} key ${idempotencyKey}`;

function decide(demand: Demand, entitlement: FeatureEntitlement, known: Known, tally: Tally, written: Written): Settlement {
  const { row, quantity } = demand;
  const [pair, owner] = [pairOf(demand), ownerOf(demand)];
  const decided = (verdict: Verdict, eventId: string | null, reservation: Reservation | null): Decided => ({
    outcome: 'DECIDED',
    verdict,
    entitlement: tally.after(entitlement, pair, owner),
    eventId,
    reservation,
  });
  const granted: Verdict = { allowed: true, reason: 'GRANTED' };
  if (row === null) {
    const asked = demand.reservation as Reservation;
    const before = asked.idempotencyKey === null ? undefined : known.reservations.get(nameOf(asked));
    if (before) return isSameReservation(before, asked) ? decided(granted, null, before) : { outcome: 'CONFLICT' };
    const verdict = tally.judge(entitlement, pair, owner, entitlement.reserved, quantity);
    if (!verdict.allowed) return decided(verdict, null, null);
    tally.hold(owner, quantity);
    written.held.push(asked);
    if (asked.idempotencyKey !== null) known.reservations.set(nameOf(asked), asked);
    return decided(verdict, null, asked);
  }
  const holder = row.keyHash === null ? undefined : known.holders.get(`${row.organizationId} ${row.keyHash}`);
  const present = demand.reservation && known.reservations.get(`${row.organizationId} ${demand.reservation.id}`);
  if (present && present.status !== 'HELD') return { outcome: 'SETTLED', reservation: present };
  if (holder)
    return holder.holderContentHash === row.contentHash ? decided(granted, holder.holderId, null) : { outcome: 'CONFLICT' };
  const own = present && present.expiresAt > demand.at ? decimal(present.quantity) : ZERO;
  const verdict = tally.judge(entitlement, pair, owner, max(ZERO, entitlement.reserved.minus(own)), quantity);
  if (!verdict.allowed) return decided(verdict, null, present ?? null);
  tally.consume(pair, quantity);
  if (present) {
    tally.hold(owner, own.neg());
    present.status = 'COMMITTED';
    present.committedQuantity = decimalText(quantity);
    present.eventId = row.id;
    written.committed.push({ ...keyOf(present), quantity: present.committedQuantity, eventId: row.id, at: demand.at });
  }
  written.rows.push(row);
  if (row.keyHash !== null) known.holders.set(`${row.organizationId} ${row.keyHash}`, holderOf(row, row.keyHash));
  return decided(verdict, row.id, present ?? null);
}

const keyOf = ({ organizationId, id }: Reservation): { organizationId: string; id: string } => ({ organizationId, id });

const holderOf = (
  { organizationId, id, contentHash }: NewUsageEvent,
  keyHash: string,
): KeyHolder & { organizationId: string } => ({
  organizationId,
  keyHash,
  holderId: id,
  holderContentHash: contentHash,
});

const isSameReservation = (a: Reservation, b: Reservation): boolean =>
  a.customerId === b.customerId && a.featureId === b.featureId && decimal(a.quantity).eq(b.quantity);

async function write(run: Run, { rows, held, committed }: Written, receivedAt: Date): Promise<RefusedEvent[]> {
  const refused = rows.length > 0 ? await run<RefusedEvent & Record<string, unknown>>(recordUsage(rows, receivedAt)) : [];
  if (held.length > 0) await run(insertReservations(held));
  if (committed.length > 0) await run(commitReservations(committed));
  if (committed.some(({ eventId }) => refused.some(({ id }) => id === eventId)))
    throw conflict('The idempotency key of the reservation was used for something else.');
  return refused;
}

/** A key that another customer's event took at the same moment. */
function corrected(settled: Settlement, refused: readonly RefusedEvent[]): Settlement {
  const taken = consumed(settled) && refused.some(({ id }) => id === settled.eventId);
  return taken ? { outcome: 'CONFLICT' } : settled;
}
