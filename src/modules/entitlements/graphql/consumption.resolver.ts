import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { decimal } from '../../../shared/decimal.js';
import { FeatureType } from '../../catalog/index.js';
import { customerById } from '../../metering/index.js';
import { CustomersService, CustomerType } from '../../customers/index.js';
import { ConsumptionService, type Consumption } from '../consumption.service.js';
import { checkView } from './entitlement-view.js';
import {
  ConsumeEntitlementInput,
  EntitlementCheckType,
  ReservationCheckType,
  ReservationType,
  ReserveEntitlementInput,
} from './entitlement.types.js';
import { featureById } from './entitlements.loaders.js';

export const ReservationStatusEnum = enumOf('ReservationStatus', 'HELD', 'COMMITTED', 'RELEASED', 'EXPIRED');

@Resolver()
export class ConsumptionResolver {
  constructor(private readonly consumption: ConsumptionService) {}

  @Mutation(() => EntitlementCheckType, { description: 'Records the usage if it fits, in one step with the check.' })
  @Requires('usage.write')
  async consumeEntitlement(
    @Args('input') input: ConsumeEntitlementInput,
    @Context() { actor }: RequestContext,
  ): Promise<EntitlementCheckType> {
    return consumptionView(await this.consumption.consume(actor, { ...input, quantity: decimal(input.quantity) }));
  }

  @Mutation(() => ReservationCheckType, { description: 'Holds a quantity until it is committed, released or expired.' })
  @Requires('usage.write')
  async reserveEntitlement(
    @Args('input') input: ReserveEntitlementInput,
    @Context() { actor }: RequestContext,
  ): Promise<ReservationCheckType> {
    return reservationView(await this.consumption.reserve(actor, { ...input, quantity: decimal(input.quantity) }));
  }

  @Mutation(() => ReservationCheckType, {
    description: 'Records the true quantity, by default all that was reserved. What goes beyond that has to fit.',
  })
  @Requires('usage.write')
  async commitReservation(
    @Args('id', { type: () => ID }) id: string,
    @Args('quantity', { type: () => DecimalScalarType, nullable: true }) quantity: string | null,
    @Args('properties', { type: () => JsonObjectScalarType, nullable: true }) properties: Record<string, unknown> | null,
    @Context() { actor }: RequestContext,
  ): Promise<ReservationCheckType> {
    const given = typeof quantity === 'string' ? decimal(quantity) : null;
    return reservationView(await this.consumption.commit(actor, id, given, properties ?? null));
  }

  @Mutation(() => ReservationType, { description: 'What was reserved may be used by others again.' })
  @Requires('usage.write')
  releaseReservation(@Args('id', { type: () => ID }) id: string, @Context() { actor }: RequestContext): Promise<ReservationType> {
    return this.consumption.release(actor, id);
  }

  @Query(() => ReservationType, { nullable: true })
  @Requires('usage.read')
  reservation(@Args('id', { type: () => ID }) id: string, @Context() { actor }: RequestContext): Promise<ReservationType | null> {
    return this.consumption.findReservation(actor, id);
  }
}

@Resolver(() => ReservationType)
export class ReservationsResolver {
  constructor(private readonly customers: CustomersService) {}

  @ResolveField(() => ReservationStatusEnum)
  @Requires('any')
  async status(@Parent() reservation: ReservationType, @Context() context: RequestContext): Promise<string> {
    if (reservation.status !== 'HELD') return reservation.status;
    const customer = await context.load(customerById, reservation.customerId);
    const now = await context.read((tx) => this.customers.now(tx, { testClockId: customer?.testClockId ?? null }));
    return reservation.expiresAt <= now ? 'EXPIRED' : 'HELD';
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() reservation: ReservationType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, reservation.customerId);
  }

  @ResolveField(() => FeatureType)
  @Requires('any')
  feature(@Parent() reservation: ReservationType, @Context() context: RequestContext): Promise<FeatureType | null> {
    return context.load(featureById, reservation.featureId);
  }
}

const consumptionView = (consumption: Consumption): EntitlementCheckType => ({
  ...checkView(consumption),
  eventId: consumption.eventId,
});

const reservationView = (consumption: Consumption): ReservationCheckType => ({
  ...consumptionView(consumption),
  reservation: consumption.reservation,
});
