import { Args, Context, ID, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { FeatureType } from '../../catalog/index.js';
import { CustomersService, CustomerType } from '../../customers/index.js';
import { customerById } from '../../metering/index.js';
import { EntitlementAlert } from '../alert.entity.js';
import { EntitlementAlertConnectionType, EntitlementAlertType } from './entitlement.types.js';
import { featureById } from './entitlements.loaders.js';

@Resolver(() => EntitlementAlertType)
export class AlertsResolver {
  constructor(private readonly customers: CustomersService) {}

  @Query(() => EntitlementAlertConnectionType, { name: 'entitlementAlerts' })
  @Requires('usage.read')
  async list(
    @Args('customerId', { type: () => ID, nullable: true }) customerId: string | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<EntitlementAlertType>> {
    if (typeof customerId === 'string') await context.read((tx) => this.customers.get(tx, customerId));
    const where = typeof customerId === 'string' ? { customerId } : {};
    return pageOfRows(context.read.bind(context), EntitlementAlert, where, { first, after });
  }

  @ResolveField(() => CustomerType)
  @Requires('customers.read')
  customer(@Parent() alert: EntitlementAlertType, @Context() context: RequestContext): Promise<CustomerType | null> {
    return context.load(customerById, alert.customerId);
  }

  @ResolveField(() => FeatureType)
  @Requires('any')
  feature(@Parent() alert: EntitlementAlertType, @Context() context: RequestContext): Promise<FeatureType | null> {
    return context.load(featureById, alert.featureId);
  }
}
