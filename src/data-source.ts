import type { DataSourceOptions } from 'typeorm';
import { CreateSchema1700000000001 } from './migrations/1700000000001-create-schema.js';
import { CreateUsage1700000000002 } from './migrations/1700000000002-create-usage.js';
import { CreateTaxesAndCredits1700000000003 } from './migrations/1700000000003-create-taxes-and-credits.js';
import { ProtectBooks1700000000004 } from './migrations/1700000000004-protect-books.js';
import { CreateDocumentsAndMail1700000000005 } from './migrations/1700000000005-create-documents-and-mail.js';
import { ConsolidateInvoices1700000000006 } from './migrations/1700000000006-consolidate-invoices.js';
import { CreateEntitlements1700000000007 } from './migrations/1700000000007-create-entitlements.js';
import { CreateAccess1700000000010 } from './migrations/1700000000010-create-access.js';
import { Charge, Feature, Plan, PlanFeature } from './modules/catalog/index.js';
import { Customer, PartnerCustomer, PortalSession } from './modules/customers/index.js';
import { EntitlementAlert, EntitlementOverride, Grant } from './modules/entitlements/index.js';
import {
  BalanceEntry,
  BillingFailure,
  CreditNote,
  CreditNoteCounter,
  CreditNoteLine,
  Invoice,
  InvoiceCounter,
  InvoiceLine,
  InvoiceParties,
  InvoiceSubscription,
  Payment,
  Refund,
  TaxRate,
  WorkerRun,
  WorkerRunShare,
} from './modules/invoicing/index.js';
import { Meter } from './modules/metering/index.js';
import { Email } from './modules/notifications/index.js';
import {
  ApiKey,
  AuditEntry,
  Invitation,
  Organization,
  PartnerApp,
  Session,
  TestClock,
  User,
} from './modules/organizations/index.js';
import { Subscription, SubscriptionEntry, SubscriptionTransition } from './modules/subscriptions/index.js';
import { SnakeNamingStrategy } from './platform/database/naming.js';

export const ENTITIES = [
  Organization,
  PartnerApp,
  ApiKey,
  User,
  Session,
  Invitation,
  AuditEntry,
  TestClock,
  Customer,
  PartnerCustomer,
  PortalSession,
  Meter,
  Feature,
  Plan,
  Charge,
  PlanFeature,
  Subscription,
  SubscriptionEntry,
  SubscriptionTransition,
  EntitlementAlert,
  EntitlementOverride,
  Grant,
  Invoice,
  InvoiceLine,
  Payment,
  InvoiceCounter,
  BalanceEntry,
  TaxRate,
  CreditNote,
  CreditNoteLine,
  CreditNoteCounter,
  Refund,
  BillingFailure,
  WorkerRun,
  WorkerRunShare,
  InvoiceParties,
  InvoiceSubscription,
  Email,
];

export const MIGRATIONS = [
  CreateSchema1700000000001,
  CreateUsage1700000000002,
  CreateTaxesAndCredits1700000000003,
  ProtectBooks1700000000004,
  CreateDocumentsAndMail1700000000005,
  ConsolidateInvoices1700000000006,
  CreateEntitlements1700000000007,
  CreateAccess1700000000010,
];

/** How TypeORM meets Postgres: entities, migrations, and a pool whose sessions run in UTC. */
export const dataSourceOptions = (url: string, poolSize: number): DataSourceOptions => ({
  type: 'postgres',
  url,
  entities: ENTITIES,
  migrations: MIGRATIONS,
  migrationsTableName: 'schema_migrations',
  namingStrategy: new SnakeNamingStrategy(),
  synchronize: false,
  poolSize,
  installExtensions: false,
  extra: { options: '-c timezone=UTC', connectionTimeoutMillis: 10_000 },
});
