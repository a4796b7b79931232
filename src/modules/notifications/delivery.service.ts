import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { MAX_ATTEMPTS, Outbox } from '../../platform/outbox/outbox.js';
import { PublicUrl } from '../../platform/public-url.js';
import { Clock } from '../../shared/clock.js';
import { CustomersService, type Customer } from '../customers/index.js';
import { DocumentsService, InvoicesService, type Invoice } from '../invoicing/index.js';
import { SENDABLE } from './domain/email.js';
import { emailContent, type EmailContent } from './domain/email-content.js';
import { Email } from './email.entity.js';
import { DELIVER } from './emails.service.js';
import { Mailer, type Delivery } from './mailer.js';

/** A mail ready to go: what it says, to whom, and how the invoice is attached. */
interface Letter {
  content: EmailContent;
  recipient: string;
  attach: () => Promise<{ filename: string; content: Buffer }>;
  buyerName: string;
  sender: { name: string; replyTo: string | null };
}

/** Delivers the mails that were recorded, one a job. */
@Injectable()
export class DeliveryService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly outbox: Outbox,
    private readonly mailer: Mailer,
    private readonly publicUrl: PublicUrl,
    private readonly invoices: InvoicesService,
    private readonly customers: CustomersService,
    private readonly documents: DocumentsService,
  ) {}

  onModuleInit(): void {
    this.outbox.on(DELIVER, (payload, stopping) =>
      this.deliver(payload as { organizationId: string; emailId: string }, stopping),
    );
  }

  /**
   * One attempt, in one transaction that holds the mail's row: a process that dies lets go of it at once, and one that is only slow
   * keeps every other off. If the process dies after the server has taken the mail and before the commit, the mail is sent again,
   * under the same Message-ID: SMTP knows no way to ask.
   */
  async deliver({ organizationId, emailId }: { organizationId: string; emailId: string }, stopping: AbortSignal): Promise<void> {
    const isDone = await this.database.transaction(organizationId, async (tx) => {
      const key = { organizationId, id: emailId };
      if ((await tx.findOneBy(Email, key))?.status !== 'PENDING') return true;
      const lock = { mode: 'for_no_key_update' as const, onLocked: 'skip_locked' as const };
      const email = await tx.findOne(Email, { where: key, lock });
      if (!email) return false;
      const changes = email.status === 'PENDING' ? await this.attempt(tx, email, stopping) : {};
      if (Object.keys(changes).length > 0) await tx.update(Email, key, changes);
      return (changes.status ?? email.status) !== 'PENDING';
    });
    if (!isDone) throw new Error('The mail is not sent yet.');
  }

  /** What becomes of the mail. */
  private async attempt(tx: EntityManager, email: Email, stopping: AbortSignal): Promise<Partial<Email>> {
    const invoice = await this.invoices.get(tx, email.invoiceId);
    const customer = await this.customers.get(tx, email.customerId);
    if (!SENDABLE[email.kind].includes(invoice.status)) return { status: 'SKIPPED', reason: 'OVERTAKEN' };
    if (!customer.email) return { status: 'SKIPPED', reason: 'NO_ADDRESS', recipient: null };
    const letter = await this.write(tx, email, invoice, customer.email);
    const messageId = email.messageId ?? this.mailer.messageIdOf(email.id);
    const { content, recipient } = letter;
    const written = { recipient, messageId, subject: content.subject, bodyText: content.text, bodyHtml: content.html };
    const kept = this.reasonToKeep(customer);
    if (kept) return { ...written, status: 'KEPT', reason: kept };
    const mail = {
      messageId,
      ...content,
      sender: letter.sender,
      to: { name: letter.buyerName, address: recipient },
      attachment: email.kind === 'INVOICE' ? await letter.attach() : null,
    };
    return { ...written, ...this.outcomeOf(await this.mailer.send(mail, stopping), email.attempts + 1) };
  }

  /** Customers on a test clock live in a time of their own: nobody is there to read. */
  private reasonToKeep({ testClockId }: Customer): 'TEST_CLOCK' | 'NO_SERVER' | null {
    if (testClockId !== null) return 'TEST_CLOCK';
    return this.mailer.isSetUp ? null : 'NO_SERVER';
  }

  private async write(tx: EntityManager, email: Email, invoice: Invoice, recipient: string): Promise<Letter> {
    const document = await this.documents.document(tx, invoice.id);
    const content = emailContent(email.kind, {
      ...document,
      isPaid: invoice.status === 'PAID',
      isOverdue: invoice.dueAt !== null && email.occurredAt > invoice.dueAt,
      link: this.publicUrl.of(`/i/${invoice.publicToken}`),
    });
    return {
      content,
      recipient,
      attach: async () => ({ filename: `${document.number}.pdf`, content: await this.documents.pdf(document) }),
      buyerName: document.buyer.name,
      sender: { name: document.seller.name, replyTo: document.seller.email },
    };
  }

  private outcomeOf(delivery: Delivery, attempts: number): Partial<Email> {
    if (delivery.outcome === 'SENT') return { attempts, status: 'SENT', sentAt: this.clock.now(), lastError: null };
    const { outcome, error } = delivery;
    if (outcome === 'REFUSED') return { attempts, status: 'FAILED', reason: 'REFUSED', lastError: error };
    if (attempts >= MAX_ATTEMPTS) return { attempts, status: 'FAILED', reason: 'UNREACHABLE', lastError: error };
    return { attempts, lastError: error };
  }
}
