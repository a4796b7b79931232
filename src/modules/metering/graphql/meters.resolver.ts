import { Args, Context, ID, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { Meter } from '../meter.entity.js';
import { MetersService } from '../meters.service.js';
import { CreateMeterInput, MeterConnectionType, MeterType } from './meter.types.js';

@Resolver(() => MeterType)
export class MetersResolver {
  constructor(private readonly meters: MetersService) {}

  @Query(() => MeterType, { nullable: true })
  @Requires('catalog.read')
  meter(
    @Args('id', { type: () => ID, nullable: true }) id: string | null,
    @Args('token', { type: () => ID, nullable: true }) token: string | null,
    @Args('name', { type: () => String, nullable: true }) name: string | null,
    @Context() context: RequestContext,
  ): Promise<MeterType | null> {
    return context.read((tx) => this.meters.find(tx, { id, token, name }));
  }

  @Query(() => MeterConnectionType, { name: 'meters' })
  @Requires('catalog.read')
  list(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<MeterType>> {
    return pageOfRows(context.read.bind(context), Meter, {}, { first, after });
  }

  @Mutation(() => MeterType)
  @Requires('catalog.write')
  createMeter(@Args('input') input: CreateMeterInput, @Context() context: RequestContext): Promise<MeterType> {
    return context.write((tx) => this.meters.create(tx, input));
  }

  @Mutation(() => MeterType)
  @Requires('catalog.write')
  archiveMeter(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<MeterType> {
    return context.write((tx) => this.meters.archive(tx, id));
  }
}
