export { Customer } from './customer.entity.js';
export { CustomersModule } from './customers.module.js';
export { CustomersService } from './customers.service.js';
export { CustomerType } from './graphql/customer.types.js';
