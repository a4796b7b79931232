import { Args, Context, Field, ID, Int, Mutation, ObjectType, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { DEFAULT_PORTAL_MINUTES, PortalSessionsService } from '../portal-sessions.service.js';

@ObjectType('PortalSession', { description: 'Opens one customer’s data, to read only, until it expires.' })
export class PortalSessionType {
  @Field({ description: 'Sent as Authorization: Bearer by the customer’s browser. Shown this once.' }) token: string;
  @Field(() => DateTimeScalarType) expiresAt: Date;
}

@Resolver()
export class PortalSessionsResolver {
  constructor(private readonly portalSessions: PortalSessionsService) {}

  @Mutation(() => PortalSessionType, { description: 'For at most a day, by default an hour.' })
  @Requires('customers.write')
  createPortalSession(
    @Args('customerId', { type: () => ID }) customerId: string,
    @Args('minutes', { type: () => Int, nullable: true, defaultValue: DEFAULT_PORTAL_MINUTES }) minutes: number | null,
    @Context() context: RequestContext,
  ): Promise<PortalSessionType> {
    return context.write((tx) => this.portalSessions.create(tx, customerId, minutes ?? DEFAULT_PORTAL_MINUTES));
  }

  @Mutation(() => Int, { description: 'Ends all portal sessions of a customer; tells how many there were.' })
  @Requires('customers.write')
  endPortalSessions(
    @Args('customerId', { type: () => ID }) customerId: string,
    @Context() context: RequestContext,
  ): Promise<number> {
    return context.write((tx) => this.portalSessions.end(tx, customerId));
  }
}
