import { Module } from '@nestjs/common';
import { CustomersModule } from '../customers/index.js';
import { MetersResolver } from './graphql/meters.resolver.js';
import { UsageResolver } from './graphql/usage.resolver.js';
import { MetersService } from './meters.service.js';
import { MeterUsageController } from './rest/meter-usage.controller.js';
import { UsageController } from './rest/usage.controller.js';
import { UsageReportsService } from './usage-reports.service.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [CustomersModule],
  controllers: [UsageController, MeterUsageController],
  providers: [MetersService, UsageService, UsageReportsService, MetersResolver, UsageResolver],
  exports: [MetersService, UsageService, UsageReportsService],
})
export class MeteringModule {}
