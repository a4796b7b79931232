import { Args, Context, Field, ID, Int, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { VerificationService } from '../verification.service.js';
import { InvoiceLineType, InvoiceType } from './invoice.types.js';

@ObjectType('LineVerification')
export class LineVerificationType {
  @Field(() => InvoiceLineType) line: InvoiceLineType;
  @Field({ description: 'The line comes out the same, from the same events.' }) matches: boolean;
  @Field(() => DecimalScalarType, {
    nullable: true,
    description: 'The amount computed again; null for a line that is no charge’s.',
  })
  recomputedAmount: string | null;
  @Field(() => Boolean, {
    nullable: true,
    description: 'Usage lines: the events known at the cut-off are still those that were counted.',
  })
  eventsMatch: boolean | null;
  @Field(() => DecimalScalarType, { nullable: true, description: 'Usage lines: what the meter reads today.' })
  presentValue: string | null;
  @Field(() => Int, { nullable: true, description: 'Usage lines: events of the window recorded after the cut-off.' })
  receivedSince: number | null;
  @Field(() => Int, { nullable: true, description: 'Usage lines: counted events that were voided after the cut-off.' })
  voidedSince: number | null;
}

@ObjectType('InvoiceVerification')
export class InvoiceVerificationType {
  @Field(() => InvoiceType) invoice: InvoiceType;
  @Field({ description: 'Every line comes out the same, and they add up.' }) matches: boolean;
  @Field({ description: 'The lines add up to the subtotal, with tax to the total.' }) totalsMatch: boolean;
  @Field(() => [LineVerificationType]) lines: LineVerificationType[];
}

@Resolver()
export class VerificationResolver {
  constructor(private readonly verification: VerificationService) {}

  @Query(() => InvoiceVerificationType, {
    description: 'Computes an invoice again from its raw events as known at the cut-off, and tells what arrived since.',
  })
  @Requires('invoices.read')
  async verifyInvoice(
    @Args('id', { type: () => ID }) id: string,
    @Context() context: RequestContext,
  ): Promise<InvoiceVerificationType> {
    const { invoice, lines, ...verdict } = await context.read((tx) => this.verification.verify(tx, id));
    const { currency, customerId } = invoice;
    return { ...verdict, invoice, lines: lines.map((item) => ({ ...item, line: { ...item.line, currency, customerId } })) };
  }
}
