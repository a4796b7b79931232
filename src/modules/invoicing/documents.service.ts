import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { PublicUrl } from '../../platform/public-url.js';
import { CreditNote } from './credit-note.entity.js';
import { invoicePage, type InvoicePage } from './documents/invoice-page.js';
import { invoicePdf } from './documents/invoice-pdf.js';
import { invoiceDocument, type InvoiceDocument } from './domain/invoice-document.js';
import { InvoiceParties } from './invoice-parties.entity.js';
import { Invoice, InvoiceLine, Payment } from './invoice.entity.js';
import { invoicesFinalized } from './invoice.events.js';
import { InvoicesService } from './invoices.service.js';
import { keepInvoiceParties, loadPresentParties } from './queries/load-invoice-parties.query.js';

/** What an invoice looks like: its document, set as a PDF or as a page. */
@Injectable()
export class DocumentsService implements OnModuleInit {
  constructor(
    private readonly events: DomainEvents,
    private readonly invoices: InvoicesService,
    private readonly publicUrl: PublicUrl,
  ) {}

  onModuleInit(): void {
    this.events.on(invoicesFinalized, (tx, { organizationId, invoiceIds }) => keepInvoiceParties(tx, organizationId, invoiceIds));
  }

  async document(tx: EntityManager, id: string): Promise<InvoiceDocument> {
    const organizationId = organizationOf(tx);
    const invoice = await this.invoices.get(tx, id);
    const key = { organizationId, invoiceId: id };
    const lines = await tx.find(InvoiceLine, { where: { ...key, removed: false }, order: { position: 'ASC' } });
    const payments = await tx.find(Payment, { where: key, order: { paidAt: 'ASC', id: 'ASC' } });
    const creditNotes = await tx.find(CreditNote, { where: key, order: { id: 'ASC' } });
    const parties = (await tx.findOneBy(InvoiceParties, key)) ?? (await loadPresentParties(tx, organizationId, id));
    return invoiceDocument({ ...parties, invoice, lines, payments, creditNotes });
  }

  pdf(document: InvoiceDocument): Promise<Buffer> {
    return invoicePdf(document);
  }

  page(document: InvoiceDocument, { publicToken }: Invoice): InvoicePage {
    return invoicePage(document, this.publicUrl.of(`/i/${publicToken}/pdf`));
  }
}

/** What the file of a document is called. */
export const fileName = ({ number, title }: InvoiceDocument): string =>
  `${number ?? title.toLowerCase().replaceAll(' ', '-')}.pdf`;
