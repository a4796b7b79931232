import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity.js';

/** Lets a customer's own browser read what is theirs, for a while. */
@Entity('portal_sessions')
@Index('portal_sessions_digest_key', ['digest'], { unique: true })
@Index('portal_sessions_customer_idx', ['organizationId', 'customerId'])
@ForeignKey(() => Customer, ['organizationId', 'customerId'], ['organizationId', 'id'], { name: 'portal_sessions_customer_fkey' })
export class PortalSession {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'portal_sessions_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'portal_sessions_pkey' }) id: string;
  @Column('uuid') customerId: string;
  @Column('bytea') digest: Buffer;
  @Column('timestamptz') expiresAt: Date;
  @Column('timestamptz') createdAt: Date;
}
