import { Args, Context, ID, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { invalid } from '../../../shared/errors.js';
import { CustomerType } from '../../customers/index.js';
import { UsageReportsService } from '../usage-reports.service.js';
import { UsageUpkeepService } from '../usage-upkeep.service.js';
import { customerById } from './metering.loaders.js';
import { CustomerUsageType, UsageReconciliationType } from './usage.types.js';

const DEFAULT_LIMIT = 20;
const MAX_SAMPLE_DAYS = 10_000;

@Resolver(() => CustomerUsageType)
export class UsageInsightResolver {
  constructor(
    private readonly reports: UsageReportsService,
    private readonly upkeep: UsageUpkeepService,
  ) {}

  @Query(() => [CustomerUsageType], { description: 'What each customer used of a meter, the greatest first.' })
  @Requires('usage.read')
  usageByCustomer(
    @Args('meterId', { type: () => ID }) meterId: string,
    @Args('from', { type: () => DateTimeScalarType }) from: Date,
    @Args('to', { type: () => DateTimeScalarType }) to: Date,
    @Args('limit', { type: () => Int, nullable: true, defaultValue: DEFAULT_LIMIT }) limit: number | null,
    @Context() context: RequestContext,
  ): Promise<CustomerUsageType[]> {
    return context.read((tx) => this.reports.byCustomer(tx, { meterId, from, to, limit: limit ?? DEFAULT_LIMIT }));
  }

  @Query(() => UsageReconciliationType, {
    description: 'Counters against raw events, recomputed now. Of all days, or of so many picked at random. Changes nothing.',
  })
  @Requires('usage.read')
  reconcileUsage(
    @Args('sampleDays', { type: () => Int, nullable: true }) sampleDays: number | null,
    @Context() context: RequestContext,
  ): Promise<UsageReconciliationType> {
    if (typeof sampleDays === 'number' && (sampleDays < 1 || sampleDays > MAX_SAMPLE_DAYS))
      throw invalid('sampleDays', `sampleDays must be from 1 to ${MAX_SAMPLE_DAYS}.`);
    return context.read((tx) => this.upkeep.reconcile(tx, sampleDays ?? null));
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() usage: CustomerUsageType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, usage.customerId);
  }
}
