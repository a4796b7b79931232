import { Args, Context, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { ApiKeysService } from '../api-keys.service.js';
import { TestClocksService } from '../test-clocks.service.js';
import { ApiKeyType, CreateApiKeyInput, CreatedApiKeyType, TestClockType } from './access.types.js';

@Resolver()
export class AccessResolver {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly testClocks: TestClocksService,
  ) {}

  @Mutation(() => CreatedApiKeyType)
  @Requires('admin')
  createApiKey(@Args('input') input: CreateApiKeyInput, @Context() context: RequestContext): Promise<CreatedApiKeyType> {
    return context.write((tx) => this.apiKeys.create(tx, context.actor, input));
  }

  @Mutation(() => ApiKeyType)
  @Requires('admin')
  revokeApiKey(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<ApiKeyType> {
    return context.write((tx) => this.apiKeys.revoke(tx, id));
  }

  @Mutation(() => TestClockType)
  @Requires('admin')
  createTestClock(
    @Args('now', { type: () => DateTimeScalarType }) now: Date,
    @Args('name', { type: () => String, nullable: true }) name: string | null,
    @Context() context: RequestContext,
  ): Promise<TestClockType> {
    return context.write((tx) => this.testClocks.create(tx, now, name ?? null));
  }

  @Query(() => TestClockType)
  @Requires('admin')
  testClock(@Args('id', { type: () => ID }) id: string, @Context() context: RequestContext): Promise<TestClockType> {
    return context.read((tx) => this.testClocks.get(tx, id));
  }
}
