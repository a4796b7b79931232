import { Args, Context, Field, ID, Int, ObjectType, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Requires } from '../../../platform/auth.js';
import type { Change } from '../../../platform/database/audit.js';
import { connectionOf, pageOfRows, type Connection } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { JsonObjectScalarType } from '../../../platform/graphql/json-object.scalar.js';
import type { RequestContext } from '../../../platform/graphql/request-context.js';
import { AuditEntry } from '../audit-entry.entity.js';
import { verifyAudit } from '../queries/verify-audit.query.js';

@ObjectType('AuditChange', {
  description: 'A row that was made (no before), removed (no after) or changed: then, what of it differs.',
})
export class AuditChangeType {
  @Field() table: string;
  @Field(() => JsonObjectScalarType, { nullable: true }) before: object | null;
  @Field(() => JsonObjectScalarType, { nullable: true }) after: object | null;
}

@ObjectType('AuditEntry', { description: 'What one mutation changed.' })
export class AuditEntryType {
  @Field(() => ID) id: string;
  @Field(() => String, { description: 'Counts the entries of the organization, from 1.' }) sequence: string;
  @Field(() => DateTimeScalarType) occurredAt: Date;
  @Field({ description: 'api_key:<id>, user:<id> or invitation:<id>.' }) actor: string;
  @Field() requestId: string;
  @Field({ description: 'The mutation.' }) operation: string;
  @Field(() => [AuditChangeType]) changes: Change[];
  hash: Buffer;
}

const AuditEntryConnectionType = connectionOf(AuditEntryType, 'AuditEntry');

@ObjectType('AuditVerification')
export class AuditVerificationType {
  @Field(() => Int) entries: number;
  @Field(() => String, { nullable: true, description: 'The first entry that was altered, or stands where others are missing.' })
  brokenAt: string | null;
}

@Resolver(() => AuditEntryType)
export class AuditResolver {
  @Query(() => AuditEntryConnectionType)
  @Requires('admin')
  auditEntries(
    @Args('actor', { type: () => String, nullable: true }) actor: string | null,
    @Args('operation', { type: () => String, nullable: true }) operation: string | null,
    @Args('first', { type: () => Int, nullable: true }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Context() context: RequestContext,
  ): Promise<Connection<AuditEntryType>> {
    const where = {
      ...(typeof actor === 'string' ? { actor } : {}),
      ...(typeof operation === 'string' ? { operation } : {}),
    };
    return pageOfRows(context.read.bind(context), AuditEntry, where, { first, after });
  }

  @Query(() => AuditVerificationType, { description: 'Computes the chain of hashes over the whole log again.' })
  @Requires('admin')
  verifyAuditLog(@Context() context: RequestContext): Promise<AuditVerificationType> {
    return context.read(verifyAudit);
  }

  @ResolveField(() => String, {
    description: 'SHA-256 over the entry and the hash before it. Keep one elsewhere to prove the log.',
  })
  @Requires('any')
  hash(@Parent() entry: AuditEntryType): string {
    return entry.hash.toString('hex');
  }
}
