import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { isId } from '../../platform/database/ids.js';
import type { Page } from '../../platform/graphql/connection.js';
import type { Span } from '../../shared/calendar.js';
import { ZERO } from '../../shared/decimal.js';
import { invalid, notFound } from '../../shared/errors.js';
import { Charge, PlansService } from '../catalog/index.js';
import { loadTimelines, Subscription } from '../subscriptions/index.js';
import { requiredReadings } from './domain/expected-lines.js';
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
import { loadInputReadings, type TenantBillingInput } from './queries/load-input-readings.query.js';
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

interface Task extends TenantBillingInput {
  subscriptionId: string;
  customerId: string;
  time: Span;
}

export const MAX_CUSTOMERS = 10_000;
const MAX_YEARS = 3;
const DAY_MS = 86_400_000;
/** Subscriptions loaded together. */
const CHUNK = 1_000;
/** Readings asked for with one statement, and rated before others get their turn. */
const READINGS = 5_000;

/**
 * What-if: real history rated under another plan version, by the code that bills (domain/simulation). Reads only. However
 * many customers there are, memory is that of one chunk, and no statement is about a single one.
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
      const tasks = tasksOf(await loadHistories(tx, ids.slice(offset, offset + CHUNK)), simulation);
      const billed = await loadBilledAmounts(tx, tasks);
      for (const group of groupsOf(tasks)) {
        const readings = await loadInputReadings(tx, group, null);
        group.forEach(({ customerId, subscriptionId, input }, index) => {
          const before = byCustomer.get(customerId) ?? { customerId, billed: ZERO, simulated: ZERO };
          byCustomer.set(customerId, {
            customerId,
            billed: before.billed.plus(billed.get(subscriptionId) ?? ZERO),
            simulated: before.simulated.plus(simulatedAmount(input, readings[index])),
          });
        });
      }
      compared += tasks.length;
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

async function loadHistories(tx: EntityManager, ids: string[]): Promise<(History & { subscription: Subscription })[]> {
  const subscriptions = await tx.findBy(Subscription, { organizationId: organizationOf(tx), id: In(ids) });
  const timelines = await loadTimelines(tx, subscriptions);
  return subscriptions.flatMap((subscription) => {
    const timeline = timelines.get(subscription.id);
    const { customerId, dueAt } = subscription;
    return timeline ? [{ subscription, customerId, dueAt, terms: subscription, ...timeline }] : [];
  });
}

const tasksOf = (histories: (History & { subscription: Subscription })[], { plan, window }: Simulation): Task[] =>
  histories.flatMap((history) => {
    const time = comparedTime(history, window);
    if (!time) return [];
    const { organizationId, id: subscriptionId, customerId } = history.subscription;
    return [{ organizationId, subscriptionId, customerId, time, input: simulationInput(history, plan, time) }];
  });

/** Cut so that each group asks for a bounded number of readings, if one subscription alone does not ask for more. */
function groupsOf(tasks: Task[]): Task[][] {
  const groups: Task[][] = [[]];
  let readings = 0;
  for (const task of tasks) {
    const required = requiredReadings(task.input).length;
    if (readings > 0 && readings + required > READINGS) {
      groups.push([]);
      readings = 0;
    }
    groups.at(-1)?.push(task);
    readings += required;
  }
  return groups;
}
