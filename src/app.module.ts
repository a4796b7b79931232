import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { dataSourceOptions } from './data-source.js';
import { CatalogModule } from './modules/catalog/index.js';
import { CustomersModule } from './modules/customers/index.js';
import { ENTITLEMENT_UPDATES, EntitlementsModule } from './modules/entitlements/index.js';
import { InvoicingModule } from './modules/invoicing/index.js';
import { LIVE_UPDATES, MeteringModule } from './modules/metering/index.js';
import { NotificationsModule } from './modules/notifications/index.js';
import { OrganizationsModule } from './modules/organizations/index.js';
import { SubscriptionsModule } from './modules/subscriptions/index.js';
import { Authenticator, ScopeGuard, secretOf } from './platform/auth.js';
import { Credentials } from './platform/credentials.js';
import { Database } from './platform/database/database.js';
import { Notifications } from './platform/database/notifications.js';
import { DomainEvents } from './platform/events/domain-events.js';
import { DateTimeScalar } from './platform/graphql/date-time.scalar.js';
import { DecimalScalar } from './platform/graphql/decimal.scalar.js';
import { DomainErrorFilter } from './platform/graphql/domain-error.filter.js';
import { formatError, requestLifecycle } from './platform/graphql/errors.js';
import { JsonObjectScalar } from './platform/graphql/json-object.scalar.js';
import { withLiveUpdates } from './platform/graphql/live-updates.js';
import { RequestContext } from './platform/graphql/request-context.js';
import { fieldsOfSubscription } from './platform/graphql/subscription-type.js';
import { HealthController } from './platform/health/health.controller.js';
import { Log } from './platform/log.js';
import { Outbox } from './platform/outbox/outbox.js';
import { PublicUrl } from './platform/public-url.js';
import { Settings } from './platform/settings.js';
import { StorableTextPipe } from './platform/storable-text.pipe.js';
import { Clock } from './shared/clock.js';

export interface AppOptions extends Settings {
  databaseUrl: string;
  databasePoolSize: number;
  graphiqlEnabled: boolean;
  /** Origins whose pages may call the API from a browser, with a token. */
  corsOrigins: readonly string[];
  clock: Clock;
  logger: Logger;
}

export const DOMAIN_MODULES = [
  OrganizationsModule,
  CustomersModule,
  MeteringModule,
  CatalogModule,
  SubscriptionsModule,
  EntitlementsModule,
  InvoicingModule,
  NotificationsModule,
];
export const SCALARS = [DecimalScalar, DateTimeScalar, JsonObjectScalar];

/** The plumbing that every module may use. */
@Global()
@Module({})
class PlatformModule {
  static register(options: AppOptions): DynamicModule {
    const providers = [
      { provide: Clock, useValue: options.clock },
      { provide: Log, useValue: options.logger },
      { provide: Settings, useValue: options },
      Database,
      Notifications,
      Credentials,
      { provide: Authenticator, useExisting: Credentials },
      DomainEvents,
      DomainErrorFilter,
      Outbox,
      PublicUrl,
    ];
    return { module: PlatformModule, providers: [...providers, ...SCALARS], exports: providers, controllers: [HealthController] };
  }
}

@Module({})
export class AppModule {
  static register(options: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.register(options),
        TypeOrmModule.forRoot({ ...dataSourceOptions(options.databaseUrl, options.databasePoolSize), retryAttempts: 0 }),
        ScheduleModule.forRoot({ cronJobs: options.schedulerEnabled }),
        GraphQLModule.forRootAsync<ApolloDriverConfig>({
          driver: ApolloDriver,
          inject: [Database, Authenticator, Log],
          useFactory: graphqlOptions,
        }),
        ...DOMAIN_MODULES,
      ],
      providers: [
        { provide: APP_GUARD, useClass: ScopeGuard },
        { provide: APP_FILTER, useExisting: DomainErrorFilter },
        { provide: APP_PIPE, useClass: StorableTextPipe },
      ],
    };
  }
}

function graphqlOptions(database: Database, authenticator: Authenticator, log: Log): ApolloDriverConfig {
  return {
    autoSchemaFile: true,
    sortSchema: true,
    transformResolvers: fieldsOfSubscription,
    transformSchema: withLiveUpdates(LIVE_UPDATES + ENTITLEMENT_UPDATES),
    graphiql: false,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    // Not before the HTTP server has let go of its last request.
    stopOnApplicationShutdown: true,
    preserveHttpStatusForExecutionErrors: false,
    fieldResolverEnhancers: ['guards'],
    formatError: formatError(log),
    plugins: [requestLifecycle],
    context: async (request: FastifyRequest, reply: FastifyReply) => {
      const secret = secretOf(request.headers);
      return new RequestContext(database, request, reply, secret === null ? null : await authenticator.authenticate(secret));
    },
  };
}
