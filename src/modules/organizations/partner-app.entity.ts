import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Organization } from './organization.entity.js';

/** Somebody else's product that works with some of the organization's customers: those it creates, and those it was granted. */
@Entity('partner_apps')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'partner_apps_organization_fkey' })
export class PartnerApp {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'partner_apps_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'partner_apps_pkey' }) id: string;
  @Column('text') name: string;
  /** Plans that it may read and subscribe customers to; null: all. */
  @Column('text', { array: true, nullable: true }) planLookupKeys: string[] | null;
  @Column('timestamptz', { nullable: true }) archivedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}
