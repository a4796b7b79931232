import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/index.js';
import { CustomersModule } from '../customers/index.js';
import { CustomerSubscriptionsResolver, SubscriptionsResolver } from './graphql/subscriptions.resolver.js';
import { SubscriptionChangesService } from './subscription-changes.service.js';
import { SubscriptionUsageService } from './subscription-usage.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Module({
  imports: [CustomersModule, CatalogModule],
  providers: [
    SubscriptionsService,
    SubscriptionChangesService,
    SubscriptionUsageService,
    SubscriptionsResolver,
    CustomerSubscriptionsResolver,
  ],
  exports: [SubscriptionsService, SubscriptionChangesService],
})
export class SubscriptionsModule {}
