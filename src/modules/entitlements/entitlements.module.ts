import { Module } from '@nestjs/common';
import { DirectRoutes } from '../../platform/direct-routes.js';
import { CatalogModule } from '../catalog/index.js';
import { CustomersModule } from '../customers/index.js';
import { MeteringModule } from '../metering/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { AlertsService } from './alerts.service.js';
import { ConsumptionLedger } from './consumption-ledger.js';
import { ConsumptionQueue } from './consumption-queue.js';
import { ConsumptionService } from './consumption.service.js';
import { EntitlementJobs } from './entitlement.jobs.js';
import { EntitlementDirectory } from './entitlement-directory.js';
import { EntitlementsService } from './entitlements.service.js';
import { GrantsService } from './grants.service.js';
import {
  CustomerEntitlementsResolver,
  EntitlementOverridesResolver,
  EntitlementsResolver,
} from './graphql/entitlements.resolver.js';
import { ConsumptionResolver, ReservationsResolver } from './graphql/consumption.resolver.js';
import { CustomerGrantsResolver, GrantsResolver } from './graphql/grants.resolver.js';
import { OverridesService } from './overrides.service.js';
import { QuestionQueue } from './question-queue.js';
import { AlertsResolver } from './graphql/alerts.resolver.js';
import { UsageReader } from './usage-reader.js';
import { UsageWatch } from './usage-watch.js';
import { EntitlementFeed } from './graphql/entitlement-feed.js';
import { EntitlementsRoutes } from './rest/entitlements.routes.js';

@Module({
  imports: [CustomersModule, MeteringModule, CatalogModule, SubscriptionsModule],
  providers: [
    DirectRoutes,
    EntitlementDirectory,
    UsageReader,
    QuestionQueue,
    EntitlementsService,
    OverridesService,
    GrantsService,
    AlertsService,
    UsageWatch,
    EntitlementFeed,
    EntitlementJobs,
    AlertsResolver,
    ConsumptionLedger,
    ConsumptionQueue,
    ConsumptionService,
    EntitlementsRoutes,
    EntitlementsResolver,
    EntitlementOverridesResolver,
    CustomerEntitlementsResolver,
    GrantsResolver,
    CustomerGrantsResolver,
    ConsumptionResolver,
    ReservationsResolver,
  ],
  exports: [EntitlementsService, AlertsService, UsageWatch],
})
export class EntitlementsModule {}
