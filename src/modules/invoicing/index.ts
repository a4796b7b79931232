export { BalanceEntry } from './balance-entry.entity.js';
export { BillingFailure } from './billing-failure.entity.js';
export { CreditNote, CreditNoteCounter, CreditNoteLine } from './credit-note.entity.js';
export { Invoice, InvoiceCounter, InvoiceLine, Payment } from './invoice.entity.js';
export { InvoicingModule } from './invoicing.module.js';
export {
  billingParked,
  invoicesFinalized,
  invoicesOverdue,
  invoicesPaid,
  type InvoicesOf,
  type ParkedBilling,
} from './invoice.events.js';
export { InvariantsService } from './invariants.service.js';
export { Refund } from './refund.entity.js';
export { TaxRate } from './tax-rate.entity.js';
export { WorkerRun, WorkerRunShare } from './worker-run.entity.js';
export { WorkersService } from './workers.service.js';
