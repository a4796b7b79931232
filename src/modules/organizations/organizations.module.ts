import { Global, Module } from '@nestjs/common';
import { Authenticator } from '../../platform/auth.js';
import { ApiKeysService } from './api-keys.service.js';
import { AccessResolver } from './graphql/access.resolver.js';
import { OrganizationsResolver } from './graphql/organizations.resolver.js';
import { OrganizationsService } from './organizations.service.js';
import { TestClocksService } from './test-clocks.service.js';

@Global()
@Module({
  providers: [
    ApiKeysService,
    { provide: Authenticator, useExisting: ApiKeysService },
    OrganizationsService,
    TestClocksService,
    AccessResolver,
    OrganizationsResolver,
  ],
  exports: [ApiKeysService, Authenticator, OrganizationsService, TestClocksService],
})
export class OrganizationsModule {}
