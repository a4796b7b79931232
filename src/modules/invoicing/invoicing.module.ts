import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/index.js';
import { CustomersModule } from '../customers/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { BillingJobs } from './billing.jobs.js';
import { BillingService } from './billing.service.js';
import { DocumentsService } from './documents.service.js';
import { FinalizationService } from './finalization.service.js';
import { InvoiceLinesResolver, MeterReadingsResolver } from './graphql/invoice-lines.resolver.js';
import { InvoiceLinksResolver } from './graphql/invoice-links.resolver.js';
import { InvoicesResolver, TimeTravelResolver } from './graphql/invoices.resolver.js';
import { CustomerInvoicesResolver, SubscriptionInvoicesResolver } from './graphql/owners-of-invoices.resolver.js';
import { PlanChangesResolver } from './graphql/plan-changes.resolver.js';
import { InvoicesService } from './invoices.service.js';
import { PlanChangesService } from './plan-changes.service.js';
import { PreviewsService } from './previews.service.js';
import { SimulatedCustomersResolver, SimulationsResolver } from './graphql/simulations.resolver.js';
import { VerificationResolver } from './graphql/verification.resolver.js';
import { InvoiceDocumentsController } from './rest/invoice-documents.controller.js';
import { PublicInvoicesController } from './rest/public-invoices.controller.js';
import { WorkersHealthController } from './rest/workers-health.controller.js';
import { SimulationsService } from './simulations.service.js';
import { StandingService } from './standing.service.js';
import { TimeTravelService } from './time-travel.service.js';
import { VerificationService } from './verification.service.js';
import { WorkersService } from './workers.service.js';

@Module({
  imports: [CustomersModule, CatalogModule, SubscriptionsModule],
  controllers: [WorkersHealthController, InvoiceDocumentsController, PublicInvoicesController],
  providers: [
    BillingService,
    BillingJobs,
    FinalizationService,
    DocumentsService,
    InvoicesService,
    PlanChangesService,
    PreviewsService,
    SimulationsService,
    StandingService,
    TimeTravelService,
    VerificationService,
    WorkersService,
    InvoicesResolver,
    InvoiceLinksResolver,
    InvoiceLinesResolver,
    MeterReadingsResolver,
    TimeTravelResolver,
    PlanChangesResolver,
    VerificationResolver,
    CustomerInvoicesResolver,
    SubscriptionInvoicesResolver,
    SimulationsResolver,
    SimulatedCustomersResolver,
  ],
  exports: [WorkersService, InvoicesService, DocumentsService],
})
export class InvoicingModule {}
