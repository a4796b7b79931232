import { Args, Context, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import type { Proration } from '../../../shared/proration.js';
import { ProrationEnum } from '../../organizations/index.js';
import { ChangeTimingEnum, SubscriptionsService, SubscriptionType } from '../../subscriptions/index.js';
import { PlanChangesService } from '../plan-changes.service.js';
import { InvoiceLineType } from './invoice.types.js';

@InputType()
export class ChangePlanInput {
  @Field(() => ID) planId: string;
  @Field(() => ChangeTimingEnum) timing: 'IMMEDIATE' | 'PERIOD_END';
  @Field(() => ProrationEnum, { nullable: true }) proration?: Proration | null;
  @Field(() => String, {
    nullable: true,
    description: 'Of a preview: the change fails with PREVIEW_STALE unless it comes to the same.',
  })
  previewHash?: string | null;
}

@ObjectType('PlanChangePreview')
export class PlanChangePreviewType {
  @Field(() => [InvoiceLineType]) lines: InvoiceLineType[];
  @Field(() => DecimalScalarType) total: string;
  @Field(() => DecimalScalarType, { description: 'Of the total.' }) tax: string;
  @Field(() => DateTimeScalarType) effectiveAt: Date;
  @Field() hash: string;
}

@Resolver()
export class PlanChangesResolver {
  constructor(
    private readonly planChanges: PlanChangesService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @Query(() => PlanChangePreviewType, { description: 'The exact lines that a plan change would come to.' })
  @Requires('subscriptions.read')
  async previewPlanChange(
    @Args('subscriptionId', { type: () => ID }) subscriptionId: string,
    @Args('input') input: ChangePlanInput,
    @Context() context: RequestContext,
  ): Promise<PlanChangePreviewType> {
    const { lines, currency, customerId, ...preview } = await this.planChanges.preview(context.actor, subscriptionId, input);
    return { ...preview, lines: lines.map((line) => ({ ...line, id: null, currency, customerId })) };
  }

  @Mutation(() => SubscriptionType)
  @Requires('subscriptions.write')
  changePlan(
    @Args('subscriptionId', { type: () => ID }) subscriptionId: string,
    @Args('input') input: ChangePlanInput,
    @Context() context: RequestContext,
  ): Promise<SubscriptionType> {
    return context.write(async (tx) => {
      await this.planChanges.change(tx, context.actor, subscriptionId, input, input.previewHash ?? null);
      return this.subscriptions.get(tx, subscriptionId);
    });
  }
}
