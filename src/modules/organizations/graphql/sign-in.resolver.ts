import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { dropSession, keepSession, sessionOf } from '../../../platform/session-cookie.js';
import { Clock } from '../../../shared/clock.js';
import { OrganizationsService } from '../organizations.service.js';
import { SignInService, type OpenSession } from '../sign-in.service.js';
import { UsersService } from '../users.service.js';
import { AcceptInvitationInput, CreateFirstUserInput, SignedInType, SignInInput, ViewerType } from './users.types.js';

@Resolver()
export class SignInResolver {
  constructor(
    private readonly sessions: SignInService,
    private readonly users: UsersService,
    private readonly organizations: OrganizationsService,
    private readonly clock: Clock,
  ) {}

  @Query(() => ViewerType)
  @Requires('any')
  viewer(@Context() context: RequestContext): Promise<ViewerType> {
    const { limit, userId, scopes } = context.actor;
    return context.read(async (tx) => {
      const { id, name, mode } = await this.organizations.get(tx);
      return {
        kind: userId ? 'USER' : !limit ? 'API_KEY' : 'customerId' in limit ? 'CUSTOMER' : 'PARTNER_APP',
        organizationId: id,
        organizationName: name,
        organizationMode: mode,
        scopes: [...scopes],
        user: userId ? await this.users.get(tx, userId) : null,
        customerId: limit && 'customerId' in limit ? limit.customerId : null,
        partnerAppId: limit && 'partnerAppId' in limit ? limit.partnerAppId : null,
      };
    });
  }

  @Mutation(() => SignedInType, { description: 'Makes the owner of an organization that has no users yet.' })
  @Requires('admin')
  async createFirstUser(@Args('input') input: CreateFirstUserInput, @Context() context: RequestContext): Promise<SignedInType> {
    await context.close();
    return this.signedIn(context, await this.users.createFirst(context.actor, input));
  }

  @Mutation(() => SignedInType)
  @Requires('public')
  async signIn(@Args('input') input: SignInInput, @Context() context: RequestContext): Promise<SignedInType> {
    return this.signedIn(context, await this.sessions.signIn(input, context.request.ip, context.trail));
  }

  @Mutation(() => SignedInType)
  @Requires('public')
  async acceptInvitation(
    @Args('input') { token, ...input }: AcceptInvitationInput,
    @Context() context: RequestContext,
  ): Promise<SignedInType> {
    return this.signedIn(context, await this.users.accept(token, input, context.trail));
  }

  @Mutation(() => SignedInType, { description: 'Signs the user out everywhere else.' })
  @Requires('any')
  async changePassword(
    @Args('currentPassword') current: string,
    @Args('newPassword') next: string,
    @Context() context: RequestContext,
  ): Promise<SignedInType> {
    await context.close();
    return this.signedIn(context, await this.users.changePassword(context.actor, current, next));
  }

  @Mutation(() => Boolean)
  @Requires('any')
  async signOut(@Context() context: RequestContext): Promise<boolean> {
    const secret = sessionOf(context.request.headers);
    if (secret) await context.write((tx) => this.sessions.signOut(tx, context.actor.organizationId, secret));
    dropSession(context.request, context.reply);
    return true;
  }

  private signedIn({ request, reply }: RequestContext, { user, secret, expiresAt }: OpenSession): SignedInType {
    keepSession(request, reply, secret, Math.floor((expiresAt.getTime() - this.clock.now().getTime()) / 1_000));
    return { user, expiresAt };
  }
}
