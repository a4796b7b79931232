import { Module } from '@nestjs/common';
import { LiveUpdates } from '../../platform/graphql/live-updates.js';
import { UsageFeed } from './graphql/usage-feed.js';
import { DirectRoutes } from '../../platform/direct-routes.js';
import { CustomersModule } from '../customers/index.js';
import { EventCorrectionsService } from './event-corrections.service.js';
import { UsageInsightResolver } from './graphql/usage-insight.resolver.js';
import { UsageJobs } from './usage.jobs.js';
import { UsageUpkeepService } from './usage-upkeep.service.js';
import { EventPartitionsService } from './event-partitions.service.js';
import { MetersResolver } from './graphql/meters.resolver.js';
import { UsageResolver } from './graphql/usage.resolver.js';
import { IngestionDirectory } from './ingestion-directory.js';
import { IngestionQueue } from './ingestion-queue.js';
import { MetersService } from './meters.service.js';
import { MeterUsageController } from './rest/meter-usage.controller.js';
import { UsageRoutes } from './rest/usage.routes.js';
import { UsageReportsService } from './usage-reports.service.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [CustomersModule],
  controllers: [MeterUsageController],
  providers: [
    DirectRoutes,
    LiveUpdates,
    UsageFeed,
    EventPartitionsService,
    EventCorrectionsService,
    UsageUpkeepService,
    UsageJobs,
    UsageInsightResolver,
    IngestionDirectory,
    IngestionQueue,
    MetersService,
    UsageService,
    UsageRoutes,
    UsageReportsService,
    MetersResolver,
    UsageResolver,
  ],
  exports: [LiveUpdates, UsageFeed, MetersService, UsageService, UsageReportsService],
})
export class MeteringModule {}
