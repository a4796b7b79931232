import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { connectionFrom, idPage, type Connection } from '../../../platform/graphql/connection.js';
import { byId } from '../../../platform/graphql/loader.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { TestClock, TestClockType } from '../../organizations/index.js';
import { CustomersService } from '../customers.service.js';
import { countCustomers, searchCustomers } from '../queries/search-customers.query.js';
import { CreateCustomerInput, CustomerConnectionType, CustomerType, UpdateCustomerInput } from './customer.types.js';

const testClockById = byId(TestClock);

@Resolver(() => CustomerType)
export class CustomersResolver {
  constructor(private readonly customers: CustomersService) {}

  @Query(() => CustomerType, { nullable: true })
  @Requires('customers.read')
  customer(
    @Args('id', { type: () => ID, nullable: true }) id: string | null,
    @Args('externalId', { type: () => String, nullable: true }) externalId: string | null,
    @Context() context: RequestContext,
  ): Promise<CustomerType | null> {
    return context.read((tx) => this.customers.find(tx, { id, externalId }));
  }

  @Query(() => CustomerConnectionType, { name: 'customers' })
  @Requires('customers.read')
  async list(
    @Args('search', { type: () => String, nullable: true }) search: string | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<CustomerType>> {
    const page = idPage('Customer', { first, after });
    const rows = await context.read((tx) => searchCustomers(tx, search ?? null, page));
    return connectionFrom(rows, page, () => context.read((tx) => countCustomers(tx, search ?? null)));
  }

  @Mutation(() => CustomerType)
  @Requires('customers.write')
  createCustomer(@Args('input') input: CreateCustomerInput, @Context() context: RequestContext): Promise<CustomerType> {
    return context.write((tx) => this.customers.create(tx, input));
  }

  @Mutation(() => CustomerType)
  @Requires('customers.write')
  updateCustomer(
    @Args('id', { type: () => ID }) id: string,
    @Args('input') input: UpdateCustomerInput,
    @Context() context: RequestContext,
  ): Promise<CustomerType> {
    return context.write((tx) => this.customers.update(tx, id, input));
  }

  @Mutation(() => CustomerType)
  @Requires('customers.write')
  archiveCustomer(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<CustomerType> {
    return context.write((tx) => this.customers.archive(tx, id));
  }

  @ResolveField(() => TestClockType, { nullable: true })
  @Requires('any')
  testClock(@Parent() customer: CustomerType, @Context() context: RequestContext): Promise<TestClockType | null> | null {
    return customer.testClockId ? context.load(testClockById, customer.testClockId) : null;
  }
}
