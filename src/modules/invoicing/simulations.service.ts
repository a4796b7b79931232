import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId } from '../../platform/database/ids.js';
import type { Page } from '../../platform/graphql/connection.js';
import { DAY_MS, type Span } from '../../shared/calendar.js';
import { ZERO } from '../../shared/decimal.js';
import { invalid, notFound } from '../../shared/errors.js';
import { Charge, PlansService } from '../catalog/index.js';
import { loadTimelines, Subscription, type LoadedTimeline } from '../subscriptions/index.js';
import { requiredReadings, type BillingInput } from './domain/expected-lines.js';
import {
  comparedTime,
  simulatedAmount,
  simulationInput,
  totalsOf,
  type Comparison,
  type History,
  type SimulatedPlan,
  type SimulationTotals,
  type Window,
} from './domain/simulation.js';
import { billableCharge } from './queries/load-billing-inputs.query.js';
import { loadInputReadings, type RequiredReadings } from './queries/load-input-readings.query.js';
import {
  countCustomersOf,
  loadBilledAmounts,
  loadCandidates,
  type SimulationCandidate,
} from './queries/load-simulation-inputs.query.js';

export interface SimulationRequest extends Window {
  planId: string;
  /** Null: every customer who had a subscription in the window. */
  customerIds: readonly string[] | null;
}

/** A simulation that is ready to be computed, as a whole or a page of it. */
export interface Simulation {
  plan: SimulatedPlan;
  window: Window;
  candidates: SimulationCandidate[];
}

export interface CustomerComparison extends Comparison {
  customerId: string;
}

export interface SimulationSummary extends SimulationTotals {
  skipped: { reason: 'OTHER_CURRENCY' | 'NO_BILLED_PERIOD'; subscriptions: number }[];
}

interface ComparedSubscription {
  subscription: Subscription;
  history: History;
  time: Span;
}

/** What it takes to rate a subscription. */
interface Rating extends RequiredReadings {
  subscriptionId: string;
  input: BillingInput;
}

export const MAX_CUSTOMERS = 10_000;
const MAX_YEARS = 3;
/** Subscriptions loaded together. */
const CHUNK = 500;
/** Readings asked for with one statement. */
const READINGS = 2_000;

/**
 * What-if: real history rated under another plan version, by the code that bills (domain/simulation). Reads only. However
 * many customers there are, memory is that of one chunk, no statement is about a single one, and other requests have their
 * turn after each subscription.
 */
@Injectable()
export class SimulationsService {
  constructor(private readonly plans: PlansService) {}

  /** Checks the request. Any version of a plan will do, an archived one or one that nobody is subscribed to as well. */
  async begin(tx: EntityManager, { planId, customerIds, from, to }: SimulationRequest): Promise<Simulation> {
    checkWindow({ from, to });
    const ids = customerIds && [...new Set(customerIds.map((id) => id.toLowerCase()))];
    if (ids && ids.length > MAX_CUSTOMERS) throw tooMany('Name');
    const { id, currency, billingInterval, intervalCount } = await this.plans.get(tx, planId);
    if (ids && (!ids.every(isId) || (await countCustomersOf(tx, ids)) < ids.length)) throw notFound('Customer', 'customerIds');
    const candidates = await loadCandidates(tx, ids, currency, { from, to }, MAX_CUSTOMERS + 1);
    if (candidates.length > MAX_CUSTOMERS) throw tooMany('More had a subscription in the window: name');
    const charges = await tx.find(Charge, {
      where: { organizationId: organizationOf(tx), planId: id, active: true },
      order: { position: 'ASC' },
    });
    const plan = { id, currency, billingInterval, intervalCount, charges: charges.map(billableCharge) };
    return { plan, window: { from, to }, candidates };
  }

  /** Up to page size + 1 customers, by id. Only as many are computed as it takes to find them. */
  async page(tx: EntityManager, simulation: Simulation, { size, after }: Page): Promise<CustomerComparison[]> {
    const candidates = simulation.candidates.filter(({ customerId }) => after === null || customerId > after);
    const found: CustomerComparison[] = [];
    for (let offset = 0, taken = size + 1; offset < candidates.length && found.length <= size; offset += taken, taken = CHUNK) {
      const compared = await this.compare(tx, simulation, candidates.slice(offset, offset + taken));
      found.push(...compared.customers);
    }
    return found.slice(0, size + 1);
  }

  /** Over all customers. */
  async totals(tx: EntityManager, simulation: Simulation): Promise<SimulationSummary> {
    const { customers, withoutPeriod } = await this.compare(tx, simulation, simulation.candidates);
    const otherCurrencies = simulation.candidates.reduce((count, candidate) => count + candidate.otherCurrencies, 0);
    const skipped = [
      { reason: 'OTHER_CURRENCY' as const, subscriptions: otherCurrencies },
      { reason: 'NO_BILLED_PERIOD' as const, subscriptions: withoutPeriod },
    ];
    return { ...totalsOf(customers), skipped: skipped.filter(({ subscriptions }) => subscriptions > 0) };
  }

  /** The customers, by id, who have anything to compare; and how many of their subscriptions have nothing. */
  private async compare(
    tx: EntityManager,
    simulation: Simulation,
    candidates: SimulationCandidate[],
  ): Promise<{ customers: CustomerComparison[]; withoutPeriod: number }> {
    const ids = candidates.flatMap(({ subscriptionIds }) => subscriptionIds);
    const byCustomer = new Map<string, CustomerComparison>();
    let compared = 0;
    for (let offset = 0; offset < ids.length; offset += CHUNK) {
      const subscriptions = await loadCompared(tx, ids.slice(offset, offset + CHUNK), simulation.window);
      const billed = await loadBilledAmounts(tx, subscriptions);
      for await (const group of groupsOf(subscriptions, simulation.plan)) {
        const { readings } = await loadInputReadings(tx, group);
        for (const [index, { subscriptionId, input }] of group.entries()) {
          await nextTurn();
          const simulated = simulatedAmount(input, readings[index]);
          add(byCustomer, { customerId: input.customerId, billed: billed.get(subscriptionId) ?? ZERO, simulated });
        }
      }
      compared += subscriptions.length;
    }
    const customers = candidates.flatMap(({ customerId }) => byCustomer.get(customerId) ?? []);
    return { customers, withoutPeriod: ids.length - compared };
  }
}

function checkWindow({ from, to }: Window): void {
  if (to <= from) throw invalid('to', 'to must be later than from.');
  if (to.getTime() - from.getTime() > MAX_YEARS * 366 * DAY_MS)
    throw invalid('to', `Simulate at most ${MAX_YEARS} years at once.`);
}

const tooMany = (what: string) => invalid('customerIds', `${what} at most ${MAX_CUSTOMERS} customers.`);

function add(byCustomer: Map<string, CustomerComparison>, { customerId, billed, simulated }: CustomerComparison): void {
  const before = byCustomer.get(customerId);
  byCustomer.set(customerId, {
    customerId,
    billed: before ? before.billed.plus(billed) : billed,
    simulated: before ? before.simulated.plus(simulated) : simulated,
  });
}

/** Those of the subscriptions that have a period to compare. */
async function loadCompared(tx: EntityManager, ids: string[], window: Window): Promise<ComparedSubscription[]> {
  const subscriptions = await tx.findBy(Subscription, { organizationId: organizationOf(tx), id: In(ids) });
  const timelines = await loadTimelines(tx, subscriptions);
  const compared: ComparedSubscription[] = [];
  for (const subscription of subscriptions) {
    await nextTurn();
    const { customerId, dueAt } = subscription;
    const history = { customerId, dueAt, terms: subscription, ...(timelines.get(subscription.id) as LoadedTimeline) };
    const time = comparedTime(history, window);
    if (time) compared.push({ subscription, history, time });
  }
  return compared;
}

/** Groups that ask for a bounded number of readings each, if one subscription alone does not ask for more. */
async function* groupsOf(subscriptions: ComparedSubscription[], plan: SimulatedPlan): AsyncGenerator<Rating[]> {
  let group: Rating[] = [];
  let readings = 0;
  for (const { subscription, history, time } of subscriptions) {
    await nextTurn();
    const input = simulationInput(history, plan, time);
    const required = requiredReadings(input);
    if (readings > 0 && readings + required.length > READINGS) {
      yield group;
      group = [];
      readings = 0;
    }
    group.push({ organizationId: subscription.organizationId, subscriptionId: subscription.id, input, required });
    readings += required.length;
  }
  if (group.length > 0) yield group;
}
