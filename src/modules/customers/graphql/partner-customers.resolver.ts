import { Args, Context, ID, Mutation, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { PartnerCustomersService } from '../partner-customers.service.js';
import { CustomerType } from './customer.types.js';

@Resolver()
export class PartnerCustomersResolver {
  constructor(private readonly partnerCustomers: PartnerCustomersService) {}

  @Mutation(() => CustomerType, { description: 'Opens a customer to a partner app, beside those that it creates.' })
  @Requires('admin')
  grantCustomer(
    @Args('partnerAppId', { type: () => ID }) partnerAppId: string,
    @Args('customerId', { type: () => ID }) customerId: string,
    @Context() context: RequestContext,
  ): Promise<CustomerType> {
    return context.write((tx) => this.partnerCustomers.grant(tx, partnerAppId, customerId));
  }

  @Mutation(() => CustomerType, { description: 'Closes a customer to a partner app, also one that it created.' })
  @Requires('admin')
  revokeCustomer(
    @Args('partnerAppId', { type: () => ID }) partnerAppId: string,
    @Args('customerId', { type: () => ID }) customerId: string,
    @Context() context: RequestContext,
  ): Promise<CustomerType> {
    return context.write((tx) => this.partnerCustomers.revoke(tx, partnerAppId, customerId));
  }
}
