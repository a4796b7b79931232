import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, type Connection } from '../../../platform/graphql/connection.js';
import { canonicalJson } from '../../../platform/json.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { invalid } from '../../../shared/errors.js';
import type { Instant } from '../../../shared/instant.js';
import { CustomersService, CustomerType } from '../../customers/index.js';
import { EventCorrectionsService } from '../event-corrections.service.js';
import { MetersService } from '../meters.service.js';
import { countUsageEvents, loadUsageEvents, type UsageEventFilter } from '../queries/load-usage-events.query.js';
import { UsageReportsService, type UsageWindow } from '../usage-reports.service.js';
import { UsageService } from '../usage.service.js';
import { MeterType } from './meter.types.js';
import { customerById, meterById } from './metering.loaders.js';
import {
  AmendUsageEventInput,
  RecordUsageResultType,
  UsageEventConnectionType,
  UsageEventInputType,
  UsageEventType,
  UsageReportType,
  UsageWindowEnum,
  type ParsedAmendUsageEventInput,
  type ParsedUsageEventInput,
} from './usage.types.js';

/** Larger batches belong on the REST edge. */
export const MAX_GRAPHQL_EVENTS = 1_000;

@Resolver(() => UsageEventType)
export class UsageResolver {
  constructor(
    private readonly usageService: UsageService,
    private readonly corrections: EventCorrectionsService,
    private readonly reports: UsageReportsService,
    private readonly meters: MetersService,
    private readonly customers: CustomersService,
  ) {}

  @Mutation(() => RecordUsageResultType)
  @Requires('usage.write')
  async recordUsage(
    @Args('events', { type: () => [UsageEventInputType] }) events: ParsedUsageEventInput[],
    @Context() context: RequestContext,
  ): Promise<RecordUsageResultType> {
    if (events.length === 0 || events.length > MAX_GRAPHQL_EVENTS)
      throw invalid('events', `Send 1 to ${MAX_GRAPHQL_EVENTS} events.`);
    await context.close();
    return this.usageService.record(context.actor, events);
  }

  @Mutation(() => UsageEventType, {
    description: 'The event counts no more. Invoices that counted it are corrected by the next.',
  })
  @Requires('usage.write')
  voidUsageEvent(
    @Args('id', { type: () => ID }) id: string,
    @Args('reason', { type: () => String, nullable: true }) reason: string | null,
    @Context() context: RequestContext,
  ): Promise<UsageEventType> {
    return context.write((tx) => this.corrections.void(tx, id, reason ?? null));
  }

  @Mutation(() => UsageEventType, {
    description: 'Puts another event in the place of this one, which counts no more. Answers with the new event.',
  })
  @Requires('usage.write')
  async amendUsageEvent(
    @Args('id', { type: () => ID }) id: string,
    @Args('input', { type: () => AmendUsageEventInput }) input: ParsedAmendUsageEventInput,
    @Context() context: RequestContext,
  ): Promise<UsageEventType> {
    await context.close();
    return this.corrections.amend(context.actor, id, input);
  }

  @Query(() => UsageReportType)
  @Requires('usage.read')
  usage(
    @Args('meterId', { type: () => ID }) meterId: string,
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('from', { type: () => DateTimeScalarType }) from: Date,
    @Args('to', { type: () => DateTimeScalarType }) to: Date,
    @Args('window', { type: () => UsageWindowEnum, nullable: true }) window: UsageWindow | null,
    @Args('groupBy', { type: () => [String], nullable: true }) groupBy: string[] | null,
    @Context() context: RequestContext,
  ): Promise<UsageReportType> {
    return context.read((tx) => this.reports.report(tx, { meterId, customerId, from, to, window, groupBy }));
  }

  @Query(() => UsageEventConnectionType)
  @Requires('usage.read')
  async usageEvents(
    @Args('meterId', { type: () => ID, nullable: true }) meterId: string | null,
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('from', { type: () => DateTimeScalarType, nullable: true }) from: Instant | null,
    @Args('to', { type: () => DateTimeScalarType, nullable: true }) to: Instant | null,
    @Args('idempotencyKey', { type: () => String, nullable: true }) idempotencyKey: string | null,
    @Args('voided', { type: () => Boolean, nullable: true }) voided: boolean | null,
    @Args('properties', {
      type: () => JsonObjectScalarType,
      nullable: true,
      description: 'Events whose properties contain these.',
    })
    properties: object | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<UsageEventType>> {
    const page = idPage('UsageEvent', { first, after });
    const filter: UsageEventFilter = {
      meterId,
      customerId,
      from: from?.text,
      to: to?.text,
      idempotencyKey,
      voided,
      properties: properties && canonicalJson(properties),
    };
    const rows = await context.read(async (tx) => {
      if (typeof meterId === 'string') await this.meters.get(tx, meterId);
      if (typeof customerId === 'string') await this.customers.get(tx, customerId);
      return loadUsageEvents(tx, filter, page);
    });
    return connectionFrom(rows, page, () => context.read((tx) => countUsageEvents(tx, filter)));
  }

  @ResolveField(() => MeterType)
  @Requires('any')
  meter(@Parent() event: UsageEventType, @Context() context: RequestContext): Promise<MeterType | null> {
    return context.load(meterById, event.meterId);
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() event: UsageEventType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, event.customerId);
  }
}
