export { ApiKey } from './api-key.entity.js';
export { AddressInput, AddressType } from './graphql/address.types.js';
export { ProrationEnum } from './graphql/organization.types.js';
export { TestClockType } from './graphql/access.types.js';
export { Organization, type LateUsagePolicy } from './organization.entity.js';
export { OrganizationsModule } from './organizations.module.js';
export { OrganizationsService } from './organizations.service.js';
export { TestClock } from './test-clock.entity.js';
export { TestClocksService } from './test-clocks.service.js';
