import { Global, Module } from '@nestjs/common';
import { ApiKeysService } from './api-keys.service.js';
import { AccessResolver } from './graphql/access.resolver.js';
import { OrganizationsResolver } from './graphql/organizations.resolver.js';
import { AuditResolver } from './graphql/audit.resolver.js';
import { PartnerAppsResolver } from './graphql/partner-apps.resolver.js';
import { SignInResolver } from './graphql/sign-in.resolver.js';
import { UsersResolver } from './graphql/users.resolver.js';
import { OrganizationsService } from './organizations.service.js';
import { PartnerAppsService } from './partner-apps.service.js';
import { SignInService } from './sign-in.service.js';
import { TestClocksService } from './test-clocks.service.js';
import { UsersService } from './users.service.js';

@Global()
@Module({
  providers: [
    ApiKeysService,
    PartnerAppsService,
    OrganizationsService,
    TestClocksService,
    SignInService,
    UsersService,
    AccessResolver,
    OrganizationsResolver,
    AuditResolver,
    PartnerAppsResolver,
    SignInResolver,
    UsersResolver,
  ],
  exports: [PartnerAppsService, OrganizationsService, TestClocksService],
})
export class OrganizationsModule {}
