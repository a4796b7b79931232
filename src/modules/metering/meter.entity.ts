import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { duplicateOf } from '../../platform/database/constraint-errors.js';
import { Organization } from '../organizations/index.js';
import type { Aggregation, MeterFilter } from './domain/index.js';

/** What is counted, and how. The definition cannot change; a meter is archived and replaced. */
@Entity('meters')
@Unique('meters_token_key', ['organizationId', 'token'])
@Unique('meters_name_key', ['organizationId', 'name'])
@Check('meters_aggregation_check', `aggregation IN ('SUM', 'MAX', 'UNIQUE_COUNT', 'LAST', 'COUNT')`)
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'meters_organization_fkey' })
export class Meter {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'meters_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'meters_pkey' }) id: string;
  /** What events name. */
  @Column('uuid') token: string;
  @Column('text') name: string;
  @Column('text') aggregation: Aggregation;
  @Column('text', { nullable: true }) valueProperty: string | null;
  @Column('text', { nullable: true }) unit: string | null;
  @Column('boolean', { default: false }) carriesOver: boolean;
  @Column('boolean', { default: false }) allowsNegative: boolean;
  @Column('jsonb', { default: [] }) filters: MeterFilter[];
  @Column('timestamptz', { nullable: true }) archivedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}

duplicateOf('meters_name_key', 'name', 'A meter with this name exists already.');
