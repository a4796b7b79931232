import { Module } from '@nestjs/common';
import { CustomersService } from './customers.service.js';
import { CustomersResolver } from './graphql/customers.resolver.js';

@Module({ providers: [CustomersService, CustomersResolver], exports: [CustomersService] })
export class CustomersModule {}
