export { BalanceEntry } from './balance-entry.entity.js';
export { BillingFailure } from './billing-failure.entity.js';
export { CreditNote, CreditNoteCounter, CreditNoteLine } from './credit-note.entity.js';
export { DocumentsService } from './documents.service.js';
export type { InvoiceDocument } from './domain/invoice-document.js';
export { InvoiceType } from './graphql/invoice.types.js';
export { invoiceById } from './graphql/invoicing.loaders.js';
export { InvariantsService } from './invariants.service.js';
export { InvoiceParties } from './invoice-parties.entity.js';
export { InvoiceSubscription } from './invoice-subscription.entity.js';
export { Invoice, InvoiceCounter, InvoiceLine, Payment } from './invoice.entity.js';
export {
  billingParked,
  invoicesFinalized,
  invoicesOverdue,
  invoicesPaid,
  type InvoicesOf,
  type ParkedBilling,
} from './invoice.events.js';
export { InvoicesService } from './invoices.service.js';
export { InvoicingModule } from './invoicing.module.js';
export { Refund } from './refund.entity.js';
export { TaxRate } from './tax-rate.entity.js';
export { testClockMoved, type ClockMove } from './time-travel.events.js';
export { WorkerRun, WorkerRunShare } from './worker-run.entity.js';
export { WorkersService } from './workers.service.js';
