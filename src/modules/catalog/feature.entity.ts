import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { duplicateOf } from '../../platform/database/constraint-errors.js';
import { Meter } from '../metering/index.js';
import { Organization } from '../organizations/index.js';

export type FeatureType = 'METER' | 'SWITCH' | 'CUSTOM';

/** What a plan can unlock. */
@Entity('features')
@Unique('features_lookup_key_key', ['organizationId', 'lookupKey'])
@Check('features_type_check', `type IN ('METER', 'SWITCH', 'CUSTOM')`)
@Check('features_meter_check', `(type = 'METER') = (meter_id IS NOT NULL)`)
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'features_organization_fkey' })
@ForeignKey(() => Meter, ['organizationId', 'meterId'], ['organizationId', 'id'], { name: 'features_meter_fkey' })
export class Feature {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'features_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'features_pkey' }) id: string;
  @Column('text') lookupKey: string;
  @Column('text') name: string;
  @Column('text') type: FeatureType;
  @Column('text', { nullable: true }) description: string | null;
  @Column('uuid', { nullable: true }) meterId: string | null;
  /** METER: percentages of the limit that are told when use reaches them. */
  @Column('int', { array: true, default: '{}' }) alertThresholds: number[];
  @Column('timestamptz', { nullable: true }) archivedAt: Date | null;
  @Column('timestamptz') createdAt: Date;
}

duplicateOf('features_lookup_key_key', 'lookupKey', 'A feature with this lookupKey exists already.');
