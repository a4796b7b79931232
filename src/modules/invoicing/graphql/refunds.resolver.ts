import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { RefundsService } from '../refunds.service.js';
import { RecordRefundInput, RefundType } from './credit-note.types.js';
import { InvoiceType, PaymentType } from './invoice.types.js';
import { invoiceById, refundedOfPayment, refundsOfInvoice } from './invoicing.loaders.js';

@Resolver(() => RefundType)
export class RefundsResolver {
  constructor(private readonly refunds: RefundsService) {}

  @Mutation(() => RefundType, { description: 'Records that money was given back; never of more than there is.' })
  @Requires('invoices.write')
  recordRefund(@Args('input') input: RecordRefundInput, @Context() context: RequestContext): Promise<RefundType> {
    return context.write((tx) => this.refunds.record(tx, input));
  }

  @ResolveField(() => InvoiceType, { nullable: true })
  @Requires('any')
  invoice(@Parent() refund: RefundType, @Context() context: RequestContext): Promise<InvoiceType | null> | null {
    return refund.invoiceId ? context.load(invoiceById, refund.invoiceId) : null;
  }
}

@Resolver(() => PaymentType)
export class PaymentRefundsResolver {
  @ResolveField(() => DecimalScalarType)
  @Requires('any')
  amountRefunded(@Parent() { id, invoiceId }: PaymentType, @Context() context: RequestContext): Promise<string> {
    return context.load(refundedOfPayment, { id, invoiceId });
  }
}

@Resolver(() => InvoiceType)
export class InvoiceRefundsResolver {
  @ResolveField(() => [RefundType], { description: 'Of its payments, oldest first.' })
  @Requires('any')
  refunds(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<RefundType[]> {
    return context.load(refundsOfInvoice, invoice.id);
  }
}
