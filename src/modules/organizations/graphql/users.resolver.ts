import { Args, Context, ID, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import type { Role } from '../domain/roles.js';
import { Invitation, User } from '../user.entity.js';
import { UsersService } from '../users.service.js';
import {
  CreatedInvitationType,
  InvitationConnectionType,
  InvitationType,
  InviteUserInput,
  RoleEnum,
  UserConnectionType,
  UserType,
} from './users.types.js';

@Resolver(() => UserType)
export class UsersResolver {
  constructor(private readonly users: UsersService) {}

  @Query(() => UserConnectionType, { name: 'users' })
  @Requires('admin')
  list(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<UserType>> {
    return pageOfRows(context.read.bind(context), User, {}, { first, after });
  }

  @Query(() => InvitationConnectionType)
  @Requires('admin')
  invitations(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<InvitationType>> {
    return pageOfRows(context.read.bind(context), Invitation, {}, { first, after });
  }

  @Mutation(() => CreatedInvitationType, { description: 'Good for a week, once.' })
  @Requires('admin')
  inviteUser(
    @Args('input') { email, role }: InviteUserInput,
    @Context() context: RequestContext,
  ): Promise<CreatedInvitationType> {
    return context.write((tx) => this.users.invite(tx, context.actor, email, role));
  }

  @Mutation(() => InvitationType)
  @Requires('admin')
  revokeInvitation(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<InvitationType> {
    return context.write((tx) => this.users.revokeInvitation(tx, id));
  }

  @Mutation(() => UserType)
  @Requires('admin')
  changeRole(
    @Args('userId', { type: () => ID }) userId: string,
    @Args('role', { type: () => RoleEnum }) role: Role,
    @Context() context: RequestContext,
  ): Promise<UserType> {
    return context.write((tx) => this.users.changeRole(tx, context.actor, userId, role));
  }

  @Mutation(() => UserType, { description: 'Ends their sessions at once.' })
  @Requires('admin')
  removeUser(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<UserType> {
    return context.write((tx) => this.users.remove(tx, context.actor, id));
  }
}
