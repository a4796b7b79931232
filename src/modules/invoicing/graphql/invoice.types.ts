import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { Explanation } from '../domain/explanation.js';
import type { InvoiceStatus } from '../domain/invoice-status.js';
import type { AppliedTaxRate, TaxTreatment } from '../domain/tax.js';
import type { InvoiceKind, InvoiceLine } from '../invoice.entity.js';

export const InvoiceStatusEnum = enumOf('InvoiceStatus', 'DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE');
export const InvoiceKindEnum = enumOf('InvoiceKind', 'SUBSCRIPTION', 'ONE_OFF', 'CREDIT');
export const TaxTreatmentEnum = enumOf('TaxTreatment', 'NONE', 'RATE', 'EXEMPT', 'REVERSE_CHARGE');
export const InvoiceLineKindEnum = enumOf('InvoiceLineKind', 'CHARGE', 'CREDIT', 'CORRECTION', 'BALANCE', 'ONE_OFF');

@ObjectType('InvoiceTax', { description: 'A tax rate as it was applied, and what it came to.' })
export class InvoiceTaxType {
  @Field(() => ID) taxRateId: string;
  @Field() name: string;
  @Field() country: string;
  @Field(() => String, { nullable: true }) region: string | null;
  @Field(() => DecimalScalarType, { description: '19 is 19 %.' }) percentage: string;
  @Field({ description: 'The amounts of the lines contain the tax.' }) inclusive: boolean;
  @Field(() => DecimalScalarType) amount: string;
}

@ObjectType('Invoice')
export class InvoiceType {
  @Field(() => ID) id: string;
  @Field(() => String, { nullable: true, description: 'Given at finalization, without gaps.' }) number: string | null;
  @Field(() => InvoiceStatusEnum) status: InvoiceStatus;
  @Field(() => InvoiceKindEnum) kind: InvoiceKind;
  @Field() currency: string;
  @Field(() => DateTimeScalarType, { nullable: true }) periodStart: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) periodEnd: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) issuedAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) dueAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) finalizeAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) paidAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) voidedAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) uncollectibleAt: Date | null;
  @Field(() => String, { nullable: true }) statusReason: string | null;
  @Field(() => DecimalScalarType, { description: 'Without tax: the sum of the lines’ netAmount.' }) subtotal: string;
  @Field(() => DecimalScalarType) tax: string;
  @Field(() => TaxTreatmentEnum, { description: 'Why there is the tax there is; NONE: no tax rate is for this customer.' })
  taxTreatment: TaxTreatment;
  @Field(() => DecimalScalarType) total: string;
  @Field(() => DecimalScalarType) creditsApplied: string;
  @Field(() => DecimalScalarType) amountPaid: string;
  @Field(() => DecimalScalarType, { description: 'By how much credit notes have lowered what is due.' }) amountCredited: string;
  @Field(() => DecimalScalarType, { description: 'What its credit notes come to, wherever it went.' }) totalCredited: string;
  @Field(() => String, { nullable: true }) memo: string | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
  customerId: string;
  subscriptionId: string | null;
  taxRate: AppliedTaxRate | null;
  publicToken?: string;
  /** Of a preview, which is stored nowhere. */
  previewLines?: InvoiceLine[];
}

export const InvoiceConnectionType = connectionOf(InvoiceType, 'Invoice');

@ObjectType('InvoiceLine')
export class InvoiceLineType {
  @Field(() => ID, { nullable: true }) id: string | null;
  @Field(() => InvoiceLineKindEnum) kind: InvoiceLine['kind'];
  @Field() description: string;
  @Field(() => DecimalScalarType) quantity: string;
  @Field(() => DecimalScalarType, { nullable: true }) unitAmount: string | null;
  @Field(() => DecimalScalarType, { description: 'As priced: with the tax in it where taxInclusive.' }) amount: string;
  @Field(() => DecimalScalarType) tax: string;
  @Field(() => DecimalScalarType, { nullable: true, description: 'Percentage of the tax.' }) taxRate: string | null;
  @Field() taxInclusive: boolean;
  @Field({ description: 'Its amount was set by hand: it stays, whatever usage arrives.' }) edited: boolean;
  @Field(() => DateTimeScalarType, { nullable: true }) periodStart: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) periodEnd: Date | null;
  @Field(() => String, {
    nullable: true,
    description: 'Usage lines: the same events give the same hash; verifyInvoice compares it.',
  })
  eventsHash: string | null;
  chargeId: string | null;
  subscriptionId: string | null;
  currency: string;
  customerId: string;
  explanation: Explanation;
  knownSnapshot: string | null;
  knownAt: Date | null;
}

@ObjectType('TierSlice')
export class TierSliceType {
  @Field(() => DecimalScalarType) from: string;
  @Field(() => DecimalScalarType, { nullable: true }) upTo: string | null;
  @Field(() => DecimalScalarType) quantity: string;
  @Field(() => DecimalScalarType) unitAmount: string;
  @Field(() => DecimalScalarType) flatAmount: string;
  @Field(() => DecimalScalarType) amount: string;
}

@ObjectType('Fraction')
export class FractionType {
  @Field(() => Int) numerator: number;
  @Field(() => Int) denominator: number;
}

@ObjectType('MeterReading')
export class MeterReadingType {
  @Field(() => DateTimeScalarType) from: string;
  @Field(() => DateTimeScalarType) to: string;
  @Field(() => DecimalScalarType) value: string;
  @Field(() => Int) eventCount: number;
  @Field(() => DateTimeScalarType, { description: 'The cut-off: what was received later is not in it.' }) knownAt: Date | string;
  meterId: string;
}

@ObjectType('RoundingStep', {
  description: 'The one rounding of a line: to the minor unit of its currency, half away from zero.',
})
export class RoundingStepType {
  @Field(() => DecimalScalarType) from: string;
  @Field(() => DecimalScalarType) to: string;
  @Field(() => Int, { description: 'Decimal places kept.' }) digits: number;
}

@ObjectType('LineExplanation')
export class LineExplanationType {
  @Field({ description: 'One plain sentence.' }) text: string;
  @Field(() => MeterReadingType, { nullable: true }) reading: MeterReadingType | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'The reading after the quantity rounding.' })
  roundedQuantity?: string;
  @Field(() => DecimalScalarType, { nullable: true }) includedUnits?: string;
  @Field(() => DecimalScalarType, { nullable: true }) billableQuantity?: string;
  @Field(() => DecimalScalarType, { nullable: true }) packages?: string;
  @Field(() => DecimalScalarType, { nullable: true }) eventFees?: string;
  @Field(() => [TierSliceType], { nullable: true }) tiers?: TierSliceType[];
  @Field(() => FractionType, { nullable: true }) proration?: FractionType;
  @Field(() => DecimalScalarType, { nullable: true }) minimumAmount?: string;
  @Field(() => DecimalScalarType, { nullable: true }) maximumAmount?: string;
  @Field(() => DecimalScalarType, { nullable: true, description: 'Corrections and credits: what was billed before.' })
  billedBefore?: string;
  @Field(() => DecimalScalarType, {
    nullable: true,
    description: 'The last part of a period: what the parts before it came to; it is the rest of the whole.',
  })
  partsBefore?: string;
  @Field(() => DecimalScalarType, {
    nullable: true,
    description: 'Billed in advance for a span that ended early; `proration` is its unused share.',
  })
  prepaidAmount?: string;
  @Field(() => DecimalScalarType, { description: 'Before the one rounding.' }) exactAmount: string;
  @Field(() => RoundingStepType) rounding: RoundingStepType;
}

@ObjectType('Payment')
export class PaymentType {
  @Field(() => ID) id: string;
  @Field(() => DecimalScalarType) amount: string;
  @Field(() => DateTimeScalarType) paidAt: Date;
  @Field(() => String, { nullable: true }) method: string | null;
  @Field(() => String, { nullable: true }) reference: string | null;
  @Field(() => DecimalScalarType, { description: 'What exceeded the amount due and became customer balance.' })
  toBalance: string;
  invoiceId: string;
}

@InputType()
export class RecordPaymentInput {
  @Field(() => DecimalScalarType) amount: string;
  @Field(() => DateTimeScalarType, { nullable: true }) paidAt?: Date | null;
  @Field(() => String, { nullable: true }) method?: string | null;
  @Field(() => String, { nullable: true }) reference?: string | null;
}
