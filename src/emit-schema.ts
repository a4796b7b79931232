import { writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { printSchema, lexicographicSortSchema } from 'graphql';
import { DOMAIN_MODULES, SCALARS } from './app.module.js';
import { LIVE_UPDATES } from './modules/metering/index.js';
import { withLiveUpdates } from './platform/graphql/live-updates.js';

/** Writes schema.gql from the resolvers' declarations; no database is needed. `node dist/src/emit-schema.js <file>` */
const app = await NestFactory.createApplicationContext(GraphQLSchemaBuilderModule, { logger: ['error'] });
const resolvers = DOMAIN_MODULES.flatMap((module) => (Reflect.getMetadata('providers', module) as unknown[]) ?? []).filter(
  (provider): provider is new () => object => typeof provider === 'function' && provider.name.endsWith('Resolver'),
);
const schema = withLiveUpdates(LIVE_UPDATES)(await app.get(GraphQLSchemaFactory).create(resolvers, SCALARS));
writeFileSync(process.argv[2] ?? 'schema.gql', `${printSchema(lexicographicSortSchema(schema))}\n`);
await app.close();
