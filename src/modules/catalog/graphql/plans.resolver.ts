import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { In } from 'typeorm';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { meterById, MeterType } from '../../metering/index.js';
import { Plan } from '../plan.entity.js';
import { PlansService } from '../plans.service.js';
import { chargesOfPlan, featureById, featuresOfPlan } from './catalog.loaders.js';
import { ChargeType, CreatePlanInput, FeatureType, PlanConnectionType, PlanFeatureType, PlanType } from './catalog.types.js';

@Resolver(() => PlanType)
export class PlansResolver {
  constructor(private readonly plans: PlansService) {}

  @Query(() => PlanType, { nullable: true, description: 'By id, or by lookup key: its newest version unless one is named.' })
  @Requires('catalog.read')
  plan(
    @Args('id', { type: () => ID, nullable: true }) id: string | null,
    @Args('lookupKey', { type: () => String, nullable: true }) lookupKey: string | null,
    @Args('version', { type: () => Int, nullable: true }) version: number | null,
    @Context() context: RequestContext,
  ): Promise<PlanType | null> {
    return context.read((tx) => this.plans.find(tx, { id, lookupKey, version }));
  }

  @Query(() => PlanConnectionType, { name: 'plans' })
  @Requires('catalog.read')
  list(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<PlanType>> {
    const offered = context.actor.limit?.planLookupKeys;
    const where = offered ? { lookupKey: In([...offered]) } : {};
    return pageOfRows(context.read.bind(context), Plan, where, { first, after });
  }

  @Mutation(() => PlanType)
  @Requires('catalog.write')
  createPlan(@Args('input') input: CreatePlanInput, @Context() context: RequestContext): Promise<PlanType> {
    return context.write((tx) => this.plans.create(tx, input));
  }

  @Mutation(() => PlanType)
  @Requires('catalog.write')
  createPlanVersion(
    @Args('planId', { type: () => ID }) planId: string,
    @Args('input') input: CreatePlanInput,
    @Context() context: RequestContext,
  ): Promise<PlanType> {
    return context.write((tx) => this.plans.createVersion(tx, planId, input));
  }

  @Mutation(() => PlanType)
  @Requires('catalog.write')
  archivePlan(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<PlanType> {
    return context.write((tx) => this.plans.archive(tx, id));
  }

  @ResolveField(() => [ChargeType])
  @Requires('any')
  charges(@Parent() plan: PlanType, @Context() context: RequestContext): Promise<ChargeType[]> {
    return context.load(chargesOfPlan, plan.id);
  }

  @ResolveField(() => [PlanFeatureType])
  @Requires('any')
  features(@Parent() plan: PlanType, @Context() context: RequestContext): Promise<PlanFeatureType[]> {
    return context.load(featuresOfPlan, plan.id);
  }
}

@Resolver(() => ChargeType)
export class ChargesResolver {
  @ResolveField(() => MeterType, { nullable: true })
  @Requires('any')
  meter(@Parent() charge: ChargeType, @Context() context: RequestContext): Promise<MeterType | null> | null {
    return charge.meterId ? context.load(meterById, charge.meterId) : null;
  }
}

@Resolver(() => PlanFeatureType)
export class PlanFeaturesResolver {
  @ResolveField(() => FeatureType)
  @Requires('any')
  feature(@Parent() planFeature: PlanFeatureType, @Context() context: RequestContext): Promise<FeatureType | null> {
    return context.load(featureById, planFeature.featureId);
  }
}
