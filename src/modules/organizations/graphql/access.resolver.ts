import { Args, Context, ID, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { ApiKey } from '../api-key.entity.js';
import { ApiKeysService } from '../api-keys.service.js';
import { TestClocksService } from '../test-clocks.service.js';
import { ApiKeyConnectionType, ApiKeyType, CreateApiKeyInput, CreatedApiKeyType, TestClockType } from './access.types.js';

const DEFAULT_OVERLAP_MINUTES = 24 * 60;

@Resolver()
export class AccessResolver {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly testClocks: TestClocksService,
  ) {}

  @Query(() => ApiKeyConnectionType, { name: 'apiKeys', description: 'All keys ever made, without their secrets.' })
  @Requires('admin')
  listApiKeys(
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<ApiKeyType>> {
    return pageOfRows(context.read.bind(context), ApiKey, {}, { first, after });
  }

  @Mutation(() => CreatedApiKeyType)
  @Requires('admin')
  createApiKey(@Args('input') input: CreateApiKeyInput, @Context() context: RequestContext): Promise<CreatedApiKeyType> {
    return context.write((tx) => this.apiKeys.create(tx, context.actor, input));
  }

  @Mutation(() => CreatedApiKeyType, {
    description: 'Makes a successor with the same rights; the old key stays good for the overlap, by default a day.',
  })
  @Requires('admin')
  rotateApiKey(
    @Args('id', { type: () => ID }) id: string,
    @Args('overlapMinutes', { type: () => Int, nullable: true, defaultValue: DEFAULT_OVERLAP_MINUTES })
    overlapMinutes: number | null,
    @Context() context: RequestContext,
  ): Promise<CreatedApiKeyType> {
    const minutes = overlapMinutes ?? DEFAULT_OVERLAP_MINUTES;
    return context.write((tx) => this.apiKeys.rotate(tx, context.actor, id, minutes));
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
