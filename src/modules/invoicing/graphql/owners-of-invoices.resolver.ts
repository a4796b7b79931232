import { Args, Context, Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, type Connection } from '../../../platform/graphql/connection.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { invalid } from '../../../shared/errors.js';
import { minorUnitDigits } from '../../../shared/money.js';
import { CustomerType } from '../../customers/index.js';
import { SubscriptionType } from '../../subscriptions/index.js';
import { InvoiceConnectionType, InvoiceType } from './invoice.types.js';
import {
  balanceOfCustomer,
  invoiceCountOfCustomer,
  invoiceCountOfSubscription,
  invoicesOfCustomer,
  invoicesOfSubscription,
} from './invoicing.loaders.js';

@Resolver(() => CustomerType)
export class CustomerInvoicesResolver {
  @ResolveField(() => InvoiceConnectionType)
  @Requires('invoices.read')
  async invoices(
    @Parent() customer: CustomerType,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<InvoiceType>> {
    const page = idPage('Invoice', { first, after });
    const rows = await context.load(invoicesOfCustomer, { parentId: customer.id, first, after });
    return connectionFrom<InvoiceType>(rows, page, () => context.load(invoiceCountOfCustomer, customer.id));
  }

  @ResolveField(() => DecimalScalarType, { description: 'Credit left, ≥ 0.' })
  @Requires('invoices.read')
  async balance(
    @Parent() customer: CustomerType,
    @Args('currency', { type: () => String }) currency: string,
    @Context() context: RequestContext,
  ): Promise<string> {
    if (minorUnitDigits(currency) === null) throw invalid('currency', 'currency must be an ISO 4217 code such as USD.');
    return context.load(balanceOfCustomer, { customerId: customer.id, currency });
  }
}

@Resolver(() => SubscriptionType)
export class SubscriptionInvoicesResolver {
  @ResolveField(() => InvoiceConnectionType)
  @Requires('invoices.read')
  async invoices(
    @Parent() subscription: SubscriptionType,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<InvoiceType>> {
    const page = idPage('Invoice', { first, after });
    const rows = await context.load(invoicesOfSubscription, { parentId: subscription.id, first, after });
    return connectionFrom<InvoiceType>(rows, page, () => context.load(invoiceCountOfSubscription, subscription.id));
  }
}
