import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { PartnerApp } from '../organizations/index.js';
import { Customer } from './customer.entity.js';

/** A customer that a partner app may touch: it created it, or was granted it. Row-level security rests on these rows. */
@Entity('partner_customers')
@ForeignKey(() => PartnerApp, ['organizationId', 'partnerAppId'], ['organizationId', 'id'], {
  name: 'partner_customers_partner_app_fkey',
})
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], {
  name: 'partner_customers_customer_fkey',
  deferrable: 'INITIALLY DEFERRED',
})
export class PartnerCustomer {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'partner_customers_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'partner_customers_pkey' }) partnerAppId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'partner_customers_pkey' }) customerId: string;
  @Column('timestamptz') grantedAt: Date;
}
