import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { In } from 'typeorm';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { planById, PlansService, PlanType } from '../../catalog/index.js';
import { CustomersService, CustomerType } from '../../customers/index.js';
import { customerById, UsageReportType, type UsageReport } from '../../metering/index.js';
import type { SubscriptionStatus } from '../domain/index.js';
import { SubscriptionChangesService } from '../subscription-changes.service.js';
import { SubscriptionUsageService } from '../subscription-usage.service.js';
import { Subscription } from '../subscription.entity.js';
import { SubscriptionsService } from '../subscriptions.service.js';
import {
  CancelSubscriptionInput,
  CreateSubscriptionInput,
  SubscriptionConnectionType,
  SubscriptionStatusEnum,
  SubscriptionTransitionType,
  SubscriptionType,
} from './subscription.types.js';
import { subscriptionCountOfCustomer, subscriptionsOfCustomer, transitionsOfSubscription } from './subscriptions.loaders.js';

@Resolver(() => SubscriptionType)
export class SubscriptionsResolver {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly changes: SubscriptionChangesService,
    private readonly subscriptionUsage: SubscriptionUsageService,
    private readonly customers: CustomersService,
    private readonly plans: PlansService,
  ) {}

  @Query(() => SubscriptionType, { nullable: true })
  @Requires('subscriptions.read')
  subscription(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<SubscriptionType | null> {
    return context.read((tx) => this.subscriptions.find(tx, id));
  }

  @Query(() => SubscriptionConnectionType, { name: 'subscriptions' })
  @Requires('subscriptions.read')
  async list(
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('planId', { type: () => ID, nullable: true }) planId: string | null,
    @Args('status', { type: () => [SubscriptionStatusEnum], nullable: true }) status: SubscriptionStatus[] | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<SubscriptionType>> {
    await context.read(async (tx) => {
      if (typeof customerId === 'string') await this.customers.get(tx, customerId);
      if (typeof planId === 'string') await this.plans.get(tx, planId);
    });
    const where = {
      ...(typeof customerId === 'string' ? { customerId } : {}),
      ...(typeof planId === 'string' ? { planId } : {}),
      ...(status ? { status: In(status) } : {}),
    };
    return pageOfRows(context.read.bind(context), Subscription, where, { first, after });
  }

  @Mutation(() => SubscriptionType)
  @Requires('subscriptions.write')
  createSubscription(
    @Args('input') input: CreateSubscriptionInput,
    @Context() context: RequestContext,
  ): Promise<SubscriptionType> {
    return context.write((tx) => this.subscriptions.create(tx, context.actor, input));
  }

  @Mutation(() => SubscriptionType)
  @Requires('subscriptions.write')
  cancelSubscription(
    @Args('id', { type: () => ID }) id: string,
    @Args('input') { timing, reason }: CancelSubscriptionInput,
    @Context() context: RequestContext,
  ): Promise<SubscriptionType> {
    return context.write((tx) => this.changes.cancel(tx, context.actor, id, timing, reason ?? null));
  }

  @Mutation(() => SubscriptionType)
  @Requires('subscriptions.write')
  undoCancellation(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<SubscriptionType> {
    return context.write((tx) => this.changes.undoCancellation(tx, context.actor, id));
  }

  @Mutation(() => SubscriptionType)
  @Requires('subscriptions.write')
  pauseSubscription(
    @Args('id', { type: () => ID }) id: string,
    @Args('reason', { type: () => String, nullable: true }) reason: string | null,
    @Context() context: RequestContext,
  ): Promise<SubscriptionType> {
    return context.write((tx) => this.changes.pause(tx, context.actor, id, reason ?? null));
  }

  @Mutation(() => SubscriptionType)
  @Requires('subscriptions.write')
  resumeSubscription(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<SubscriptionType> {
    return context.write((tx) => this.changes.resume(tx, context.actor, id));
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() subscription: SubscriptionType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, subscription.customerId);
  }

  @ResolveField(() => PlanType)
  @Requires('any')
  plan(@Parent() subscription: SubscriptionType, @Context() context: RequestContext): Promise<PlanType | null> {
    return context.load(planById, subscription.planId);
  }

  @ResolveField(() => [SubscriptionTransitionType])
  @Requires('any')
  transitions(
    @Parent() subscription: SubscriptionType,
    @Context() context: RequestContext,
  ): Promise<SubscriptionTransitionType[]> {
    return context.load(transitionsOfSubscription, subscription.id);
  }

  @ResolveField(() => [UsageReportType], { description: 'Of the current period, one per metered charge or feature.' })
  @Requires('usage.read')
  usage(@Parent() subscription: SubscriptionType, @Context() context: RequestContext): Promise<UsageReport[]> {
    return context.load(this.subscriptionUsage.reports, subscription as Subscription);
  }
}

@Resolver(() => CustomerType)
export class CustomerSubscriptionsResolver {
  @ResolveField(() => SubscriptionConnectionType)
  @Requires('subscriptions.read')
  async subscriptions(
    @Parent() customer: CustomerType,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<SubscriptionType>> {
    const page = idPage('Subscription', { first, after });
    const rows = await context.load(subscriptionsOfCustomer, { parentId: customer.id, first, after });
    return connectionFrom(rows, page, () => context.load(subscriptionCountOfCustomer, customer.id));
  }
}
