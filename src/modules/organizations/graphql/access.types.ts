import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';

@ObjectType('ApiKey')
export class ApiKeyType {
  @Field(() => ID) id: string;
  @Field() name: string;
  @Field() prefix: string;
  @Field(() => [String]) scopes: string[];
  @Field(() => DateTimeScalarType, { nullable: true }) expiresAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) lastUsedAt: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true }) revokedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
}

@ObjectType('CreatedApiKey')
export class CreatedApiKeyType {
  @Field(() => ApiKeyType) apiKey: ApiKeyType;
  @Field({ description: 'Shown this once.' }) secret: string;
}

@InputType()
export class CreateApiKeyInput {
  @Field() name: string;
  @Field(() => [String]) scopes: string[];
  @Field(() => DateTimeScalarType, { nullable: true }) expiresAt?: Date | null;
}

@ObjectType('TestClock')
export class TestClockType {
  @Field(() => ID) id: string;
  @Field(() => String, { nullable: true }) name: string | null;
  @Field(() => DateTimeScalarType) now: Date;
}
