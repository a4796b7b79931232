export { BalanceEntry, Invoice, InvoiceCounter, InvoiceLine, Payment, WorkerRun } from './invoice.entity.js';
export { InvoicingModule } from './invoicing.module.js';
export { WorkersService } from './workers.service.js';
