import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/index.js';
import { CustomersModule } from '../customers/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { BalancesService } from './balances.service.js';
import { BillingFailuresService } from './billing-failures.service.js';
import { BillingJobs } from './billing.jobs.js';
import { BillingService } from './billing.service.js';
import { CreditNotesService } from './credit-notes.service.js';
import { DraftsService } from './drafts.service.js';
import { DocumentsService } from './documents.service.js';
import { FinalizationService } from './finalization.service.js';
import { BalanceEntriesResolver, CustomerBalancesResolver } from './graphql/balances.resolver.js';
import { BillingFailuresResolver, SubscriptionBillingResolver, WorkerRunsResolver } from './graphql/billing-runs.resolver.js';
import { CreditNotesResolver, InvoiceCreditNotesResolver } from './graphql/credit-notes.resolver.js';
import { DraftsResolver } from './graphql/drafts.resolver.js';
import { InvoiceLinesResolver, MeterReadingsResolver } from './graphql/invoice-lines.resolver.js';
import { InvoiceLinksResolver } from './graphql/invoice-links.resolver.js';
import { InvoicesResolver, TimeTravelResolver } from './graphql/invoices.resolver.js';
import {
  CustomerInvoicesResolver,
  InvoiceSubscriptionsResolver,
  SubscriptionInvoicesResolver,
} from './graphql/owners-of-invoices.resolver.js';
import { PlanChangesResolver } from './graphql/plan-changes.resolver.js';
import { InvoiceRefundsResolver, PaymentRefundsResolver, RefundsResolver } from './graphql/refunds.resolver.js';
import { TaxRatesResolver } from './graphql/tax-rates.resolver.js';
import { InvariantsService } from './invariants.service.js';
import { InvoicesService } from './invoices.service.js';
import { PlanChangesService } from './plan-changes.service.js';
import { PreviewsService } from './previews.service.js';
import { SimulatedCustomersResolver, SimulationsResolver } from './graphql/simulations.resolver.js';
import { VerificationResolver } from './graphql/verification.resolver.js';
import { InvoiceDocumentsController } from './rest/invoice-documents.controller.js';
import { PublicInvoicesController } from './rest/public-invoices.controller.js';
import { WorkersHealthController } from './rest/workers-health.controller.js';
import { RunLogService } from './run-log.service.js';
import { RefundsService } from './refunds.service.js';
import { SimulationsService } from './simulations.service.js';
import { StandingService } from './standing.service.js';
import { TaxRatesService } from './tax-rates.service.js';
import { TimeTravelService } from './time-travel.service.js';
import { VerificationService } from './verification.service.js';
import { WorkersService } from './workers.service.js';

@Module({
  imports: [CustomersModule, CatalogModule, SubscriptionsModule],
  controllers: [WorkersHealthController, InvoiceDocumentsController, PublicInvoicesController],
  providers: [
    BalancesService,
    BillingFailuresService,
    BillingService,
    BillingJobs,
    CreditNotesService,
    DraftsService,
    FinalizationService,
    DocumentsService,
    InvariantsService,
    InvoicesService,
    PlanChangesService,
    PreviewsService,
    RefundsService,
    RunLogService,
    SimulationsService,
    StandingService,
    TaxRatesService,
    TimeTravelService,
    VerificationService,
    WorkersService,
    BalanceEntriesResolver,
    BillingFailuresResolver,
    SubscriptionBillingResolver,
    WorkerRunsResolver,
    CreditNotesResolver,
    CustomerBalancesResolver,
    DraftsResolver,
    InvoiceCreditNotesResolver,
    InvoiceRefundsResolver,
    PaymentRefundsResolver,
    RefundsResolver,
    TaxRatesResolver,
    InvoicesResolver,
    InvoiceLinksResolver,
    InvoiceLinesResolver,
    MeterReadingsResolver,
    TimeTravelResolver,
    PlanChangesResolver,
    VerificationResolver,
    CustomerInvoicesResolver,
    InvoiceSubscriptionsResolver,
    SubscriptionInvoicesResolver,
    SimulationsResolver,
    SimulatedCustomersResolver,
  ],
  exports: [WorkersService, InvariantsService, InvoicesService, DocumentsService],
})
export class InvoicingModule {}
