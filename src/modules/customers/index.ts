export { Customer, type Address } from './customer.entity.js';
export { CustomersModule } from './customers.module.js';
export { CustomersService, isCountry } from './customers.service.js';
export { CustomerType } from './graphql/customer.types.js';
