import { Args, Context, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionOf, pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { TaxRate } from '../tax-rate.entity.js';
import { TaxRatesService } from '../tax-rates.service.js';

@ObjectType('TaxRate')
export class TaxRateType {
  @Field(() => ID) id: string;
  @Field() name: string;
  @Field({ description: 'ISO 3166-1 alpha-2.' }) country: string;
  @Field(() => String, {
    nullable: true,
    description: 'As in billing addresses; null: all of the country without a rate of its own.',
  })
  region: string | null;
  @Field(() => DecimalScalarType, { description: '19 is 19 %.' }) percentage: string;
  @Field({ description: 'Prices contain the tax; else it comes on top.' }) inclusive: boolean;
  @Field(() => DateTimeScalarType) validFrom: Date;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'The first instant at which it is in force no more.' })
  validTo: Date | null;
}

const TaxRateConnectionType = connectionOf(TaxRateType, 'TaxRate');

@InputType()
export class CreateTaxRateInput {
  @Field() name: string;
  @Field() country: string;
  @Field(() => String, { nullable: true }) region?: string | null;
  @Field(() => DecimalScalarType, { description: '0 to 100, with at most 4 decimals.' }) percentage: string;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) inclusive?: boolean | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Default: now.' }) validFrom?: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) validTo?: Date | null;
}

@Resolver(() => TaxRateType)
export class TaxRatesResolver {
  constructor(private readonly taxRates: TaxRatesService) {}

  @Query(() => TaxRateConnectionType, { name: 'taxRates' })
  @Requires('invoices.read')
  list(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<TaxRateType>> {
    return pageOfRows(context.read.bind(context), TaxRate, {}, { first, after });
  }

  @Mutation(() => TaxRateType)
  @Requires('admin')
  createTaxRate(@Args('input') input: CreateTaxRateInput, @Context() context: RequestContext): Promise<TaxRateType> {
    return context.write((tx) => this.taxRates.create(tx, input));
  }

  @Mutation(() => TaxRateType, { description: 'Ends a rate, now or at an instant, so that another can take over.' })
  @Requires('admin')
  endTaxRate(
    @Args('id', { type: () => ID }) id: string,
    @Args('validTo', { type: () => DateTimeScalarType, nullable: true }) validTo: Date | null,
    @Context() context: RequestContext,
  ): Promise<TaxRateType> {
    return context.write((tx) => this.taxRates.end(tx, id, validTo ?? null));
  }
}
