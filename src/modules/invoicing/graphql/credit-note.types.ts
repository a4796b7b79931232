import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { CreditDestination } from '../domain/credit-note.js';

const CreditDestinationEnum = enumOf('CreditDestination', 'BALANCE', 'REFUND');

@ObjectType('CreditNoteLine')
export class CreditNoteLineType {
  @Field(() => ID) id: string;
  @Field(() => ID) invoiceLineId: string;
  @Field() description: string;
  @Field(() => DecimalScalarType, { description: 'As of the invoice’s line: with the tax in it where taxInclusive.' })
  amount: string;
  @Field(() => DecimalScalarType) tax: string;
  @Field(() => DecimalScalarType, { nullable: true }) taxRate: string | null;
  @Field() taxInclusive: boolean;
}

@ObjectType('CreditNote')
export class CreditNoteType {
  @Field(() => ID) id: string;
  @Field({ description: 'CN-{year}-{sequence}, without gaps.' }) number: string;
  @Field() currency: string;
  @Field(() => String, { nullable: true }) reason: string | null;
  @Field(() => DecimalScalarType) subtotal: string;
  @Field(() => DecimalScalarType) tax: string;
  @Field(() => DecimalScalarType) total: string;
  @Field(() => DecimalScalarType, { description: 'Of the total: what lowered the amount due.' }) amountApplied: string;
  @Field(() => DecimalScalarType, { description: 'Of the total: what became customer balance.' }) amountToBalance: string;
  @Field(() => DecimalScalarType, { description: 'Of the total: what was paid back.' }) amountRefunded: string;
  @Field(() => DateTimeScalarType) issuedAt: Date;
  invoiceId: string;
  customerId: string;
}

export const CreditNoteConnectionType = connectionOf(CreditNoteType, 'CreditNote');

@InputType()
export class CreditNoteLineInput {
  @Field(() => ID) invoiceLineId: string;
  @Field(() => DecimalScalarType, {
    nullable: true,
    description: 'As of the line’s amount. Default: all that is left of the line.',
  })
  amount?: string | null;
}

@InputType()
export class CreateCreditNoteInput {
  @Field(() => [CreditNoteLineInput], { nullable: true, description: 'Default: all that is left of the invoice.' })
  lines?: CreditNoteLineInput[] | null;
  @Field(() => CreditDestinationEnum, {
    nullable: true,
    defaultValue: 'BALANCE',
    description: 'Where what exceeds the amount due goes. REFUND records that it was paid back.',
  })
  destination?: CreditDestination | null;
  @Field(() => String, { nullable: true }) reason?: string | null;
}

@ObjectType('Refund', { description: 'A record of money given back.' })
export class RefundType {
  @Field(() => ID) id: string;
  @Field() currency: string;
  @Field(() => DecimalScalarType) amount: string;
  @Field(() => DateTimeScalarType) refundedAt: Date;
  @Field(() => String, { nullable: true }) method: string | null;
  @Field(() => String, { nullable: true }) reference: string | null;
  @Field(() => ID, { nullable: true, description: 'null: it was balance.' }) paymentId: string | null;
  customerId: string;
  invoiceId: string | null;
  creditNoteId: string | null;
}

@InputType({ description: 'Of a payment (paymentId) or of balance (customerId).' })
export class RecordRefundInput {
  @Field(() => ID, { nullable: true }) paymentId?: string | null;
  @Field(() => ID, { nullable: true }) customerId?: string | null;
  @Field(() => String, { nullable: true, description: 'Of the balance. Default: the customer’s, else the organization’s.' })
  currency?: string | null;
  @Field(() => DecimalScalarType) amount: string;
  @Field(() => DateTimeScalarType, { nullable: true }) refundedAt?: Date | null;
  @Field(() => String, { nullable: true }) method?: string | null;
  @Field(() => String, { nullable: true }) reference?: string | null;
}
