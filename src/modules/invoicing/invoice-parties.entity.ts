import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { Party } from './domain/invoice-document.js';
import { Invoice } from './invoice.entity.js';

/** Who billed whom, as it was when the invoice was finalized: what a document says does not change with the customer. */
@Entity('invoice_parties')
@ForeignKey(() => Invoice, ['organizationId', 'invoiceId'], ['organizationId', 'id'], { name: 'invoice_parties_invoice_fkey' })
export class InvoiceParties {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_parties_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invoice_parties_pkey' }) invoiceId: string;
  @Column('jsonb') seller: Party;
  @Column('jsonb') buyer: Party;
  @Column('text') locale: string;
  @Column('text') timeZone: string;
  @Column('text', { nullable: true }) brandColor: string | null;
}
