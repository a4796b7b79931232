import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
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
  @Field(() => ID, { nullable: true, description: 'Of the partner app whose key it is.' }) partnerAppId: string | null;
}

export const ApiKeyConnectionType = connectionOf(ApiKeyType, 'ApiKey');

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
  @Field(() => ID, { nullable: true, description: 'Makes it a key of this partner app.' }) partnerAppId?: string | null;
}

@ObjectType('PartnerApp', { description: 'Another product that works with some of the customers.' })
export class PartnerAppType {
  @Field(() => ID) id: string;
  @Field() name: string;
  @Field(() => [String], { nullable: true, description: 'Plans that it may subscribe customers to; null: all.' })
  planLookupKeys: string[] | null;
  @Field(() => DateTimeScalarType, { nullable: true }) archivedAt: Date | null;
  @Field(() => DateTimeScalarType) createdAt: Date;
}

export const PartnerAppConnectionType = connectionOf(PartnerAppType, 'PartnerApp');

@InputType()
export class CreatePartnerAppInput {
  @Field() name: string;
  @Field(() => [String], { nullable: true }) planLookupKeys?: string[] | null;
}

@InputType()
export class UpdatePartnerAppInput {
  @Field({ nullable: true }) name?: string;
  @Field(() => [String], { nullable: true }) planLookupKeys?: string[] | null;
}

@ObjectType('TestClock')
export class TestClockType {
  @Field(() => ID) id: string;
  @Field(() => String, { nullable: true }) name: string | null;
  @Field(() => DateTimeScalarType) now: Date;
}
