export { Customer } from './customer.entity.js';
export { CustomersModule } from './customers.module.js';
export { CustomersService } from './customers.service.js';
export { PartnerCustomer } from './partner-customer.entity.js';
export { PortalSession } from './portal-session.entity.js';
export { CustomerType } from './graphql/customer.types.js';
