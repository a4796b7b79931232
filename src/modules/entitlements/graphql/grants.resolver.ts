import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { sum, type Decimal } from '../../../shared/decimal.js';
import { CustomerType } from '../../customers/index.js';
import { FeatureType } from '../../catalog/index.js';
import type { Burn } from '../domain/index.js';
import type { Grant } from '../grant.entity.js';
import { GrantsService } from '../grants.service.js';
import { CreateGrantInput, EntitlementBurnType, GrantType } from './entitlement.types.js';
import { featureById, grantsOfCustomer } from './entitlements.loaders.js';

@Resolver(() => GrantType)
export class GrantsResolver {
  constructor(private readonly grants: GrantsService) {}

  @Mutation(() => GrantType)
  @Requires('customers.write')
  createGrant(@Args('input') input: CreateGrantInput, @Context() context: RequestContext): Promise<GrantType> {
    return context.write((tx) => this.grants.create(tx, input));
  }

  @Mutation(() => GrantType)
  @Requires('customers.write')
  voidGrant(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<GrantType> {
    return context.write((tx) => this.grants.void(tx, id));
  }

  @Query(() => [EntitlementBurnType], {
    description: 'How usage burned limit and grants down between two instants, oldest first; computed from events alone.',
  })
  @Requires('usage.read')
  async entitlementHistory(
    @Args('customerId', { type: () => ID }) customerId: string,
    @Args('featureId', { type: () => ID }) featureId: string,
    @Args('from', { type: () => DateTimeScalarType }) from: Date,
    @Args('to', { type: () => DateTimeScalarType }) to: Date,
    @Context() context: RequestContext,
  ): Promise<EntitlementBurnType[]> {
    return (await context.read((tx) => this.grants.history(tx, customerId, featureId, from, to))).map(burnView);
  }

  @ResolveField(() => FeatureType)
  @Requires('any')
  feature(@Parent() grant: GrantType, @Context() context: RequestContext): Promise<FeatureType | null> {
    return context.load(featureById, grant.featureId);
  }

  @ResolveField(() => DecimalScalarType, { description: 'What is left of it now.' })
  @Requires('any')
  balance(@Parent() grant: Grant, @Context() context: RequestContext): Promise<Decimal> {
    return context.load(this.grants.balances, grant);
  }
}

@Resolver(() => CustomerType)
export class CustomerGrantsResolver {
  @ResolveField(() => [GrantType], { description: 'Newest first; expired and voided ones, too.' })
  @Requires('usage.read')
  async grants(
    @Parent() customer: CustomerType,
    @Args('featureId', { type: () => ID, nullable: true }) featureId: string | null,
    @Context() context: RequestContext,
  ): Promise<GrantType[]> {
    const grants = await context.load(grantsOfCustomer, customer.id);
    return typeof featureId === 'string' ? grants.filter((grant) => grant.featureId === featureId.toLowerCase()) : grants;
  }
}

const burnView = ({ stretch, usage, used, overage, before, after }: Burn): EntitlementBurnType => ({
  start: stretch.start,
  end: stretch.end,
  windowStart: stretch.window.start,
  usage,
  used,
  limit: stretch.terms.limit,
  overage,
  balance: sum(after.map(({ balance }) => balance)),
  grants: after.map(({ grant, balance }, index) => ({
    grantId: grant.id,
    balanceBefore: before[index].balance,
    balanceAfter: balance,
  })),
});
