import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { Change } from '../../platform/database/audit.js';
import { Organization } from './organization.entity.js';

/** What one mutation changed, and whose doing it was. Written by the database (`record_audit`), and never again. */
@Entity('audit_entries')
@Unique('audit_entries_sequence_key', ['organizationId', 'sequence'])
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'audit_entries_organization_fkey' })
export class AuditEntry {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_entries_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_entries_pkey' }) id: string;
  @Column('int8') sequence: string;
  /** The database's own time: the log is about what was done, not about what is billed. */
  @Column('timestamptz') occurredAt: Date;
  @Column('text') actor: string;
  @Column('text') requestId: string;
  @Column('text') operation: string;
  @Column('jsonb') changes: Change[];
  @Column('bytea') previousHash: Buffer;
  @Column('bytea') hash: Buffer;
}
