import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';

@ObjectType('Address')
export class AddressType {
  @Field(() => String, { nullable: true }) line1?: string | null;
  @Field(() => String, { nullable: true }) line2?: string | null;
  @Field(() => String, { nullable: true }) city?: string | null;
  @Field(() => String, { nullable: true }) region?: string | null;
  @Field(() => String, { nullable: true }) postalCode?: string | null;
  @Field({ description: 'ISO 3166-1 alpha-2.' }) country: string;
}

@ObjectType('Customer')
export class CustomerType {
  @Field(() => ID) id: string;
  @Field() externalId: string;
  @Field(() => String, { nullable: true }) name: string | null;
  @Field(() => String, { nullable: true }) email: string | null;
  @Field(() => String, { nullable: true }) phone: string | null;
  @Field(() => String, { nullable: true }) timeZone: string | null;
  @Field(() => String, { nullable: true }) currency: string | null;
  @Field(() => String, { nullable: true, description: 'BCP 47: how documents write numbers and dates.' })
  locale: string | null;
  @Field(() => AddressType, { nullable: true }) billingAddress: AddressType | null;
  @Field(() => String, { nullable: true }) taxId: string | null;
  @Field() taxExempt: boolean;
  @Field(() => JsonObjectScalarType) metadata: object;
  @Field() provisional: boolean;
  @Field(() => DateTimeScalarType, { nullable: true }) archivedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
  testClockId: string | null;
}

export const CustomerConnectionType = connectionOf(CustomerType, 'Customer');

@InputType()
export class AddressInput {
  @Field(() => String, { nullable: true }) line1?: string | null;
  @Field(() => String, { nullable: true }) line2?: string | null;
  @Field(() => String, { nullable: true }) city?: string | null;
  @Field(() => String, { nullable: true }) region?: string | null;
  @Field(() => String, { nullable: true }) postalCode?: string | null;
  @Field() country: string;
}

@InputType()
export class UpdateCustomerInput {
  @Field(() => String, { nullable: true }) name?: string | null;
  @Field(() => String, { nullable: true }) email?: string | null;
  @Field(() => String, { nullable: true }) phone?: string | null;
  @Field(() => String, { nullable: true }) timeZone?: string | null;
  @Field(() => String, { nullable: true }) currency?: string | null;
  @Field(() => String, { nullable: true, description: 'BCP 47, of a language in Latin, Greek or Cyrillic letters: de-AT.' })
  locale?: string | null;
  @Field(() => AddressInput, { nullable: true })
  billingAddress?: AddressInput | null;
  @Field(() => String, { nullable: true }) taxId?: string | null;
  @Field(() => Boolean, { nullable: true }) taxExempt?: boolean | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) metadata?: object | null;
}

@InputType()
export class CreateCustomerInput extends UpdateCustomerInput {
  @Field() externalId: string;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) override taxExempt?: boolean | null;
  @Field(() => ID, { nullable: true }) testClockId?: string | null;
}
