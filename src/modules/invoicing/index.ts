export { BalanceEntry } from './balance-entry.entity.js';
export { CreditNote, CreditNoteCounter, CreditNoteLine } from './credit-note.entity.js';
export { Invoice, InvoiceCounter, InvoiceLine, Payment, WorkerRun } from './invoice.entity.js';
export { InvoicingModule } from './invoicing.module.js';
export { Refund } from './refund.entity.js';
export { TaxRate } from './tax-rate.entity.js';
export { WorkersService } from './workers.service.js';
