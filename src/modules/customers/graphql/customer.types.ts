import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';
import { AddressInput, AddressType } from '../../organizations/index.js';

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
  @Field({ description: 'The customer owes the tax themselves, under their tax id: their invoices carry none.' })
  reverseCharge: boolean;
  @Field(() => Int, { nullable: true, description: 'Review window of drafts in minutes; null: the organization’s.' })
  graceMinutes: number | null;
  @Field(() => Int, { nullable: true, description: 'Days to pay; null: the organization’s.' }) paymentTermsDays: number | null;
  @Field({ description: 'Subscriptions in one currency that are billed at the same instant share an invoice.' })
  consolidate: boolean;
  @Field(() => JsonObjectScalarType) metadata: object;
  @Field() provisional: boolean;
  @Field(() => Int, { description: 'Counts the changes. Give it with an update that must not overwrite another.' })
  revision: number;
  @Field(() => DateTimeScalarType, { nullable: true }) archivedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
  testClockId: string | null;
}

export const CustomerConnectionType = connectionOf(CustomerType, 'Customer');

@InputType()
class CustomerInput {
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
  @Field(() => Boolean, {
    nullable: true,
    description: 'Needs a taxId; in a country of the EU, one in the form of a VAT id of the EU.',
  })
  reverseCharge?: boolean | null;
  @Field(() => Int, { nullable: true, description: '0 to 43,200 (30 days).' }) graceMinutes?: number | null;
  @Field(() => Int, { nullable: true, description: '0 to 365.' }) paymentTermsDays?: number | null;
  @Field(() => Boolean, { nullable: true, description: 'Off by default. Of drafts to come.' }) consolidate?: boolean | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) metadata?: object | null;
}

@InputType()
export class UpdateCustomerInput extends CustomerInput {
  @Field(() => Int, { nullable: true, description: 'CONFLICT unless the customer has this revision.' })
  expectedRevision?: number | null;
}

@InputType()
export class CreateCustomerInput extends CustomerInput {
  @Field() externalId: string;
  @Field(() => Boolean, { nullable: true, defaultValue: false }) override taxExempt?: boolean | null;
  @Field(() => ID, { nullable: true }) testClockId?: string | null;
}
