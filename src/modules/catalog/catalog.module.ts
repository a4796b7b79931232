import { Module } from '@nestjs/common';
import { MeteringModule } from '../metering/index.js';
import { FeaturesService } from './features.service.js';
import { FeaturesResolver } from './graphql/features.resolver.js';
import { ChargesResolver, PlanFeaturesResolver, PlansResolver } from './graphql/plans.resolver.js';
import { PlansService } from './plans.service.js';

@Module({
  imports: [MeteringModule],
  providers: [FeaturesService, PlansService, FeaturesResolver, PlansResolver, ChargesResolver, PlanFeaturesResolver],
  exports: [FeaturesService, PlansService],
})
export class CatalogModule {}
