import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Subscription } from '../subscriptions/index.js';
import { Invoice } from './invoice.entity.js';

/** That an invoice of several subscriptions, which names none itself, is about this one, too. */
@Entity('invoice_subscriptions')
@Index('invoice_subscriptions_subscription_idx', ['organizationId', 'subscriptionId', 'invoiceId'])
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], {
  name: 'invoice_subscriptions_invoice_fkey',
})
@ForeignKey(() => Subscription, ['organizationId', 'subscriptionId'], ['organizationId', 'id'], {
  name: 'invoice_subscriptions_subscription_fkey',
})
export class InvoiceSubscription {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_subscriptions_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_subscriptions_pkey' }) invoiceId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_subscriptions_pkey' }) subscriptionId: string;
}
