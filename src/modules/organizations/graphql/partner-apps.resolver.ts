import { Args, Context, ID, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { PartnerApp } from '../partner-app.entity.js';
import { PartnerAppsService } from '../partner-apps.service.js';
import { CreatePartnerAppInput, PartnerAppConnectionType, PartnerAppType, UpdatePartnerAppInput } from './access.types.js';

@Resolver(() => PartnerAppType)
export class PartnerAppsResolver {
  constructor(private readonly partnerApps: PartnerAppsService) {}

  @Query(() => PartnerAppConnectionType, { name: 'partnerApps' })
  @Requires('admin')
  list(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<PartnerAppType>> {
    return pageOfRows(context.read.bind(context), PartnerApp, {}, { first, after });
  }

  @Mutation(() => PartnerAppType)
  @Requires('admin')
  createPartnerApp(@Args('input') input: CreatePartnerAppInput, @Context() context: RequestContext): Promise<PartnerAppType> {
    return context.write((tx) => this.partnerApps.create(tx, input));
  }

  @Mutation(() => PartnerAppType)
  @Requires('admin')
  updatePartnerApp(
    @Args('id', { type: () => ID }) id: string,
    @Args('input') input: UpdatePartnerAppInput,
    @Context() context: RequestContext,
  ): Promise<PartnerAppType> {
    return context.write((tx) => this.partnerApps.update(tx, id, input));
  }

  @Mutation(() => PartnerAppType, { description: 'Its keys open nothing from then on.' })
  @Requires('admin')
  archivePartnerApp(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<PartnerAppType> {
    return context.write((tx) => this.partnerApps.archive(tx, id));
  }
}
