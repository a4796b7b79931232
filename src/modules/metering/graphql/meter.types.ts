import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import { AGGREGATIONS, type Aggregation } from '../domain/index.js';

export const AggregationEnum = enumOf('Aggregation', ...AGGREGATIONS);

@ObjectType('MeterFilter')
export class MeterFilterType {
  @Field() property: string;
  @Field(() => [String]) values: string[];
}

@ObjectType('Meter')
export class MeterType {
  @Field(() => ID) id: string;
  @Field(() => ID, { description: 'What events name.' }) token: string;
  @Field() name: string;
  @Field(() => AggregationEnum) aggregation: Aggregation;
  @Field(() => String, { nullable: true }) valueProperty: string | null;
  @Field(() => String, { nullable: true }) unit: string | null;
  @Field() carriesOver: boolean;
  @Field() allowsNegative: boolean;
  @Field(() => [MeterFilterType]) filters: MeterFilterType[];
  @Field(() => DateTimeScalarType, { nullable: true }) archivedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
}

export const MeterConnectionType = connectionOf(MeterType, 'Meter');

@InputType()
export class MeterFilterInput {
  @Field() property: string;
  @Field(() => [String]) values: string[];
}

@InputType()
export class CreateMeterInput {
  @Field() name: string;
  @Field(() => AggregationEnum) aggregation: Aggregation;
  @Field(() => String, { nullable: true }) valueProperty?: string | null;
  @Field(() => String, { nullable: true }) unit?: string | null;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) carriesOver?: boolean | null;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) allowsNegative?: boolean | null;
  @Field(() => [MeterFilterInput], { nullable: true }) filters?: MeterFilterInput[] | null;
}
