import { Args, Context, ID, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, type Connection } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { decimalText } from '../../../shared/decimal.js';
import { planById, PlanType } from '../../catalog/index.js';
import { CustomerType } from '../../customers/index.js';
import { customerById } from '../../metering/index.js';
import { differenceOf } from '../domain/simulation.js';
import { SimulationsService, type CustomerComparison, type SimulationSummary } from '../simulations.service.js';
import {
  PlanSimulationType,
  SimulatedCustomerConnectionType,
  SimulatedCustomerType,
  SimulationTotalsType,
} from './simulation.types.js';

const DESCRIPTION = `Rates real history under a plan version and compares it with what was billed. Any version will do, archived ones and ones that nobody is subscribed to included. Nothing is changed.

Compared are the billing periods of each subscription that ended in (from, to] and have been billed, whole periods with all their parts; trials and pauses have none.
- Billed: the lines of charges for these periods, whenever they were invoiced, before tax: credits, corrections and drafts included, void invoices not.
- Simulated: what the plan would have billed for the same time, as if the subscription had changed to it where that time begins: pauses stay, boundaries stay where the interval is the same, another interval begins there, and what the end of the time cuts off is prorated. The plan’s own trial days play no part. Usage counts as it is known now, so usage that arrived late and was never billed is on this side only.

customerIds: at most 10,000; left out, every customer who had a subscription in the window, up to as many. The window is at most 3 years.`;

@Resolver(() => PlanSimulationType)
export class SimulationsResolver {
  constructor(private readonly simulations: SimulationsService) {}

  @Query(() => PlanSimulationType, { description: DESCRIPTION })
  @Requires('invoices.read')
  async simulatePlan(
    @Args('planId', { type: () => ID }) planId: string,
    @Args('customerIds', { type: () => [ID], nullable: true }) customerIds: string[] | null,
    @Args('from', { type: () => DateTimeScalarType }) from: Date,
    @Args('to', { type: () => DateTimeScalarType }) to: Date,
    @Context() context: RequestContext,
  ): Promise<PlanSimulationType> {
    const request = { planId, customerIds: customerIds ?? null, from, to };
    const simulation = await context.read((tx) => this.simulations.begin(tx, request));
    let computed: Promise<SimulationSummary> | undefined;
    const summary = (): Promise<SimulationSummary> =>
      (computed ??= context.read((tx) => this.simulations.totals(tx, simulation)));
    return { planId: simulation.plan.id, currency: simulation.plan.currency, from, to, simulation, summary };
  }

  @ResolveField(() => PlanType)
  @Requires('any')
  plan(@Parent() { planId }: PlanSimulationType, @Context() context: RequestContext): Promise<PlanType | null> {
    return context.load(planById, planId);
  }

  @ResolveField(() => SimulatedCustomerConnectionType, { description: 'The customers who were compared, ordered by id.' })
  @Requires('any')
  async customers(
    @Parent() { simulation, summary }: PlanSimulationType,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<SimulatedCustomerType>> {
    const page = idPage('simulatedCustomers', { first, after });
    const rows = await context.read((tx) => this.simulations.page(tx, simulation, page));
    return connectionFrom(rows.map(simulatedCustomer), page, async () => (await summary()).customers);
  }

  @ResolveField(() => SimulationTotalsType, {
    description: 'Over all customers, whatever page is shown. Computed only where asked for.',
  })
  @Requires('any')
  totals(@Parent() { summary }: PlanSimulationType): Promise<SimulationTotalsType> {
    return summary();
  }
}

@Resolver(() => SimulatedCustomerType)
export class SimulatedCustomersResolver {
  @ResolveField(() => CustomerType)
  @Requires('any')
  customer(@Parent() { id }: SimulatedCustomerType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, id);
  }
}

const simulatedCustomer = (comparison: CustomerComparison): SimulatedCustomerType => ({
  id: comparison.customerId,
  billed: decimalText(comparison.billed),
  simulated: decimalText(comparison.simulated),
  difference: decimalText(differenceOf(comparison)),
});
