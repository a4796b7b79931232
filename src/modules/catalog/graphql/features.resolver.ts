import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { meterById, MeterType } from '../../metering/index.js';
import { Feature } from '../feature.entity.js';
import { FeaturesService } from '../features.service.js';
import { CreateFeatureInput, FeatureConnectionType, FeatureType } from './catalog.types.js';

@Resolver(() => FeatureType)
export class FeaturesResolver {
  constructor(private readonly features: FeaturesService) {}

  @Query(() => FeatureType, { nullable: true })
  @Requires('catalog.read')
  feature(
    @Args('id', { type: () => ID, nullable: true }) id: string | null,
    @Args('lookupKey', { type: () => String, nullable: true }) lookupKey: string | null,
    @Context() context: RequestContext,
  ): Promise<FeatureType | null> {
    return context.read((tx) => this.features.find(tx, { id, lookupKey }));
  }

  @Query(() => FeatureConnectionType, { name: 'features' })
  @Requires('catalog.read')
  list(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<FeatureType>> {
    return pageOfRows(context.read.bind(context), Feature, {}, { first, after });
  }

  @Mutation(() => FeatureType)
  @Requires('catalog.write')
  createFeature(@Args('input') input: CreateFeatureInput, @Context() context: RequestContext): Promise<FeatureType> {
    return context.write((tx) => this.features.create(tx, input));
  }

  @Mutation(() => FeatureType)
  @Requires('catalog.write')
  archiveFeature(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<FeatureType> {
    return context.write((tx) => this.features.archive(tx, id));
  }

  @Mutation(() => FeatureType)
  @Requires('catalog.write')
  setAlertThresholds(
    @Args('featureId', { type: () => ID }) featureId: string,
    @Args('thresholds', { type: () => [Int] }) thresholds: number[],
    @Context() context: RequestContext,
  ): Promise<FeatureType> {
    return context.write((tx) => this.features.setAlertThresholds(tx, featureId, thresholds));
  }

  @ResolveField(() => MeterType, { nullable: true })
  @Requires('any')
  meter(@Parent() feature: FeatureType, @Context() context: RequestContext): Promise<MeterType | null> | null {
    return feature.meterId ? context.load(meterById, feature.meterId) : null;
  }
}
