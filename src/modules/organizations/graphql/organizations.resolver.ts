import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { OrganizationsService } from '../organizations.service.js';
import { OrganizationType, UpdateOrganizationInput } from './organization.types.js';

@Resolver(() => OrganizationType)
export class OrganizationsResolver {
  constructor(private readonly organizations: OrganizationsService) {}

  @Query(() => OrganizationType, { description: 'The organization of the key, with its settings.' })
  @Requires('admin')
  organization(@Context() context: RequestContext): Promise<OrganizationType> {
    return context.read((tx) => this.organizations.get(tx));
  }

  @Mutation(() => OrganizationType)
  @Requires('admin')
  updateOrganization(
    @Args('input') input: UpdateOrganizationInput,
    @Context() context: RequestContext,
  ): Promise<OrganizationType> {
    return context.write((tx) => this.organizations.update(tx, input));
  }
}
