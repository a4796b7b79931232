import { Module } from '@nestjs/common';
import { CustomersService } from './customers.service.js';
import { CustomersResolver } from './graphql/customers.resolver.js';
import { PartnerCustomersResolver } from './graphql/partner-customers.resolver.js';
import { PortalSessionsResolver } from './graphql/portal-sessions.resolver.js';
import { PortalSessionsService } from './portal-sessions.service.js';
import { PartnerCustomersService } from './partner-customers.service.js';

@Module({
  providers: [
    CustomersService,
    CustomersResolver,
    PartnerCustomersService,
    PartnerCustomersResolver,
    PortalSessionsService,
    PortalSessionsResolver,
  ],
  exports: [CustomersService],
})
export class CustomersModule {}
