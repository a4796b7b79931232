import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';
import type { LoaderDefinition } from '../../../platform/graphql/loader.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { CustomerType } from '../../customers/index.js';
import { FeatureType } from '../../catalog/index.js';
import { checkedQuantity, crossed, requireKnown } from '../check-requests.js';
import { EntitlementsService } from '../entitlements.service.js';
import { OverridesService } from '../overrides.service.js';
import { checkView, entitlementView } from './entitlement-view.js';
import {
  CustomerEntitlementCheckType,
  EntitlementCheckType,
  EntitlementOverrideType,
  EntitlementType,
  SetEntitlementOverrideInput,
} from './entitlement.types.js';
import { featureById } from './entitlements.loaders.js';

@Resolver()
export class EntitlementsResolver {
  constructor(
    private readonly entitlements: EntitlementsService,
    private readonly overrides: OverridesService,
  ) {}

  @Query(() => EntitlementCheckType, { description: 'May this customer use so much more of the feature now?' })
  @Requires('usage.read')
  async checkEntitlement(
    @Args('customerExternalId') customerExternalId: string,
    @Args('featureLookupKey') featureLookupKey: string,
    @Args('quantity', { type: () => DecimalScalarType, nullable: true, defaultValue: '1' }) quantity: string | null,
    @Context() { actor }: RequestContext,
  ): Promise<EntitlementCheckType> {
    const request = { customerExternalId, featureLookupKey, quantity: checkedQuantity(quantity) };
    return checkView(requireKnown(await this.entitlements.check(actor, request)));
  }

  @Query(() => [CustomerEntitlementCheckType], {
    description: 'Each of these customers with each of these features, up to 10,000 pairs. What is unknown is not allowed.',
  })
  @Requires('usage.read')
  async checkEntitlements(
    @Args('customerExternalIds', { type: () => [String] }) customerExternalIds: string[],
    @Args('featureLookupKeys', { type: () => [String] }) featureLookupKeys: string[],
    @Args('quantity', { type: () => DecimalScalarType, nullable: true, defaultValue: '1' }) quantity: string | null,
    @Context() { actor }: RequestContext,
  ): Promise<CustomerEntitlementCheckType[]> {
    const requests = crossed(customerExternalIds, featureLookupKeys, checkedQuantity(quantity), [
      'customerExternalIds',
      'featureLookupKeys',
    ]);
    const checks = await this.entitlements.checkAll(actor, requests);
    return checks.map((check, index) => ({ ...requests[index], ...checkView(check) }));
  }

  @Mutation(() => EntitlementOverrideType, {
    description: 'What this customer has of the feature from now on, whatever its plans say.',
  })
  @Requires('customers.write')
  setEntitlementOverride(
    @Args('input') input: SetEntitlementOverrideInput,
    @Context() context: RequestContext,
  ): Promise<EntitlementOverrideType> {
    return context.write((tx) => this.overrides.set(tx, input));
  }

  @Mutation(() => Boolean, { description: 'The plan’s word holds again. False: there was no override.' })
  @Requires('customers.write')
  removeEntitlementOverride(
    @Args('customerId', { type: () => ID }) customerId: string,
    @Args('featureId', { type: () => ID }) featureId: string,
    @Context() context: RequestContext,
  ): Promise<boolean> {
    return context.write((tx) => this.overrides.remove(tx, customerId, featureId));
  }
}

@Resolver(() => EntitlementOverrideType)
export class EntitlementOverridesResolver {
  @ResolveField(() => FeatureType)
  @Requires('any')
  feature(@Parent() override: EntitlementOverrideType, @Context() context: RequestContext): Promise<FeatureType | null> {
    return context.load(featureById, override.featureId);
  }
}

@Resolver(() => CustomerType)
export class CustomerEntitlementsResolver {
  private readonly ofCustomer: LoaderDefinition<string, EntitlementType[]>;

  constructor(entitlements: EntitlementsService) {
    this.ofCustomer = {
      batch: async (tx, ids) => {
        const found = await entitlements.entitlementsOf(tx, ids);
        return ids.map((id) => (found.get(id) ?? []).map(entitlementView));
      },
    };
  }

  @ResolveField(() => [EntitlementType], { description: 'What plans, overrides and grants give, as it is now.' })
  @Requires('usage.read')
  entitlements(@Parent() customer: CustomerType, @Context() context: RequestContext): Promise<EntitlementType[]> {
    return context.load(this.ofCustomer, customer.id);
  }
}
