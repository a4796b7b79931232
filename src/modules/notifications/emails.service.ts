import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { organizationOf } from '../../platform/database/database.js';
import { newId } from '../../platform/database/ids.js';
import { DomainEvents } from '../../platform/events/domain-events.js';
import { Outbox } from '../../platform/outbox/outbox.js';
import { Clock } from '../../shared/clock.js';
import { conflict, DomainError } from '../../shared/errors.js';
import { CustomersService } from '../customers/index.js';
import { invoicesFinalized, invoicesPaid, InvoicesService, type Invoice, type InvoicesOf } from '../invoicing/index.js';
import { SENDABLE, type EmailKind } from './domain/email.js';
import { recordEmails, type RecordedEmail } from './queries/record-emails.query.js';

export const DELIVER = 'email.deliver';

/** Which mails there are to be: written down with what occasions them, to be delivered after the commit. */
@Injectable()
export class EmailsService implements OnModuleInit {
  constructor(
    private readonly clock: Clock,
    private readonly events: DomainEvents,
    private readonly outbox: Outbox,
    private readonly invoices: InvoicesService,
    private readonly customers: CustomersService,
  ) {}

  onModuleInit(): void {
    this.events.on(invoicesFinalized, (tx, invoices) => this.record(tx, invoices, 'INVOICE', 'finalized'));
    this.events.on(invoicesPaid, (tx, invoices) => this.record(tx, invoices, 'PAYMENT_RECEIVED', 'paid'));
  }

  /** Sends the invoice once more, whatever has been sent before. */
  async sendInvoice(tx: EntityManager, id: string): Promise<Invoice> {
    const invoice = await this.invoices.get(tx, id);
    if (!SENDABLE.INVOICE.includes(invoice.status))
      throw new DomainError('INVALID_TRANSITION', `The invoice is ${invoice.status} and is not sent.`);
    const customer = await this.customers.get(tx, invoice.customerId);
    if (!customer.email) throw conflict('The customer has no e-mail address.');
    const occurredAt = await this.customers.now(tx, customer);
    const occasion = { kind: 'INVOICE' as const, occasion: `by hand ${newId()}`, occurredAt, isAskedFor: true };
    const organizationId = organizationOf(tx);
    await this.enqueue(tx, await recordEmails(tx, { organizationId, invoiceIds: [id], ...occasion }, this.clock.now()));
    return invoice;
  }

  /** Leaves the delivery of what was recorded to the outbox. */
  async enqueue(tx: EntityManager, emails: RecordedEmail[]): Promise<void> {
    const pending = emails.filter(({ status }) => status === 'PENDING');
    await this.outbox.add(
      tx,
      DELIVER,
      pending.map(({ organizationId, id }) => ({ key: id, payload: { organizationId, emailId: id } })),
    );
  }

  private async record(tx: EntityManager, invoices: InvoicesOf, kind: EmailKind, occasion: string): Promise<void> {
    const emails = await recordEmails(tx, { ...invoices, kind, occasion, occurredAt: null, isAskedFor: false }, this.clock.now());
    await this.enqueue(tx, emails);
  }
}
