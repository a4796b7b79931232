import { Args, Context, Float, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { organizationOf } from '../../../platform/database/database.js';
import { connectionFrom, idPage, pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { Clock } from '../../../shared/clock.js';
import { subscriptionById, SubscriptionsService, SubscriptionType, type Subscription } from '../../subscriptions/index.js';
import { BillingFailure } from '../billing-failure.entity.js';
import { BillingFailuresService } from '../billing-failures.service.js';
import { checkInvariants, INVARIANTS } from '../queries/check-invariants.query.js';
import { MAX_BILLING_FAILURES } from '../queries/claim-due-work.query.js';
import { countWorkerRuns, loadWorkerRuns, type WorkerRunRow } from '../queries/worker-runs.query.js';
import {
  BillingFailureConnectionType,
  BillingFailureType,
  BillingStateType,
  InvariantCheckType,
  WorkerEnum,
  WorkerRunConnectionType,
  WorkerRunType,
} from './billing-runs.types.js';
import { invoiceById } from './invoicing.loaders.js';
import { InvoiceType } from './invoice.types.js';

@Resolver(() => WorkerRunType)
export class WorkerRunsResolver {
  constructor(private readonly clock: Clock) {}

  @Query(() => WorkerRunConnectionType, { description: 'The runs of the workers, newest first.' })
  @Requires('invoices.read')
  async workerRuns(
    @Args('worker', { type: () => WorkerEnum, nullable: true }) worker: string | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<WorkerRunRow>> {
    const page = idPage('WorkerRun', { first, after });
    const rows = await context.read((tx) => loadWorkerRuns(tx, worker ?? null, page));
    return connectionFrom(rows, page, () => context.read((tx) => countWorkerRuns(tx, worker ?? null)));
  }

  @ResolveField(() => Float, { description: 'From its start to its end, or until now.' })
  @Requires('any')
  seconds(@Parent() { startedAt, finishedAt }: WorkerRunType): number {
    return ((finishedAt ?? this.clock.now()).getTime() - startedAt.getTime()) / 1000;
  }

  @Query(() => [InvariantCheckType], {
    description: 'Checks now what must always hold of the organization’s books. It reads every invoice.',
  })
  @Requires('invoices.read')
  async billingInvariants(@Context() context: RequestContext): Promise<InvariantCheckType[]> {
    const { checks } = await context.read((tx) => checkInvariants(tx, organizationOf(tx)));
    return checks.map((check) => ({ ...check, description: INVARIANTS[check.name], holds: check.violations === 0 }));
  }
}

@Resolver(() => BillingFailureType)
export class BillingFailuresResolver {
  constructor(
    private readonly failures: BillingFailuresService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @Query(() => BillingFailureConnectionType, { description: 'What billing could not do, newest first.' })
  @Requires('invoices.read')
  async billingFailures(
    @Args('subscriptionId', { type: () => ID, nullable: true }) subscriptionId: string | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<BillingFailureType>> {
    if (typeof subscriptionId === 'string') await context.read((tx) => this.subscriptions.get(tx, subscriptionId));
    const where = typeof subscriptionId === 'string' ? { subscriptionId } : {};
    return pageOfRows(context.read.bind(context), BillingFailure, where, { first, after });
  }

  @Mutation(() => SubscriptionType, {
    description:
      'Takes up the billing of a subscription again, after failures: bills what is due now; its drafts are finalized by the next run.',
  })
  @Requires('invoices.write')
  async retryBilling(
    @Args('subscriptionId', { type: () => ID }) subscriptionId: string,
    @Context() context: RequestContext,
  ): Promise<SubscriptionType> {
    await context.close();
    return this.failures.retry(context.actor, subscriptionId);
  }

  @ResolveField(() => SubscriptionType, { nullable: true })
  @Requires('subscriptions.read')
  subscription(
    @Parent() { subscriptionId }: BillingFailureType,
    @Context() context: RequestContext,
  ): Promise<SubscriptionType | null> {
    return subscriptionId === null ? Promise.resolve(null) : context.load(subscriptionById, subscriptionId);
  }

  @ResolveField(() => InvoiceType, { nullable: true, description: 'The draft that could not be finalized.' })
  @Requires('any')
  invoice(@Parent() { invoiceId }: BillingFailureType, @Context() context: RequestContext): Promise<InvoiceType | null> {
    return invoiceId === null ? Promise.resolve(null) : context.load(invoiceById, invoiceId);
  }
}

@Resolver(() => SubscriptionType)
export class SubscriptionBillingResolver {
  @ResolveField(() => BillingStateType, { description: 'How its billing stands.' })
  @Requires('any')
  billing(@Parent() subscription: SubscriptionType): BillingStateType {
    const { dueAt, billingFailures, retryAt } = subscription as Subscription;
    return { dueAt, failures: billingFailures, retryAt, parked: billingFailures >= MAX_BILLING_FAILURES };
  }
}
