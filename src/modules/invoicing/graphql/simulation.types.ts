import { Field, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { Simulation, SimulationSummary } from '../simulations.service.js';

export const SimulationSkipReasonEnum = enumOf('SimulationSkipReason', 'OTHER_CURRENCY', 'NO_BILLED_PERIOD');

@ObjectType('SimulatedCustomer')
export class SimulatedCustomerType {
  @Field(() => DecimalScalarType, { description: 'What was billed for the compared periods.' }) billed: string;
  @Field(() => DecimalScalarType, { description: 'What the plan would have billed for the same time.' }) simulated: string;
  @Field(() => DecimalScalarType, { description: 'simulated − billed: positive, the customer would have paid more.' })
  difference: string;
  /** The customer's. */
  id: string;
}

export const SimulatedCustomerConnectionType = connectionOf(SimulatedCustomerType, 'SimulatedCustomer');

@ObjectType('SkippedSubscriptions')
export class SkippedSubscriptionsType {
  @Field(() => SimulationSkipReasonEnum, {
    description:
      'OTHER_CURRENCY: the subscription is not in the plan’s currency; nothing is converted. NO_BILLED_PERIOD: none of its periods ended in the window and has been billed.',
  })
  reason: SimulationSummary['skipped'][number]['reason'];
  @Field(() => Int) subscriptions: number;
}

@ObjectType('SimulationTotals')
export class SimulationTotalsType {
  @Field(() => Int, { description: 'Customers who were compared.' }) customers: number;
  @Field(() => DecimalScalarType) billed: string;
  @Field(() => DecimalScalarType) simulated: string;
  @Field(() => DecimalScalarType, { description: 'simulated − billed.' }) difference: string;
  @Field(() => Int, { description: 'Customers who would have paid less.' }) winners: number;
  @Field(() => Int, { description: 'Customers who would have paid more.' }) losers: number;
  @Field(() => Int, { description: 'Customers who would have paid the same.' }) unchanged: number;
  @Field(() => [SkippedSubscriptionsType], { description: 'Subscriptions in the window that were not compared, and why.' })
  skipped: SkippedSubscriptionsType[];
}

@ObjectType('PlanSimulation')
export class PlanSimulationType {
  @Field({ description: 'The plan’s, of every amount.' }) currency: string;
  @Field(() => DateTimeScalarType) from: Date;
  @Field(() => DateTimeScalarType) to: Date;
  planId: string;
  simulation: Simulation;
  /** Over all customers; computed once, when it is first called. */
  summary: () => Promise<SimulationSummary>;
}
