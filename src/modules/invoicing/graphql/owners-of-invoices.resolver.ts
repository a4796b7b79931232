import { Args, Context, Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { CustomerType } from '../../customers/index.js';
import { subscriptionById, SubscriptionType } from '../../subscriptions/index.js';
import { InvoiceConnectionType, InvoiceType } from './invoice.types.js';
import {
  invoiceCountOfCustomer,
  invoiceCountOfSubscription,
  invoicesOfCustomer,
  invoicesOfSubscription,
  subscriptionIdsOfInvoice,
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

@Resolver(() => InvoiceType)
export class InvoiceSubscriptionsResolver {
  @ResolveField(() => [SubscriptionType], {
    description: 'Those it is about: several where the customer’s invoices are consolidated.',
  })
  @Requires('subscriptions.read')
  async subscriptions(@Parent() invoice: InvoiceType, @Context() context: RequestContext): Promise<SubscriptionType[]> {
    const { id, subscriptionId } = invoice;
    const ids = subscriptionId === null ? await context.load(subscriptionIdsOfInvoice, id) : [subscriptionId];
    return (await Promise.all(ids.map((each) => context.load(subscriptionById, each)))).filter((found) => found !== null);
  }
}
