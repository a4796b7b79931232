import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Organization } from './organization.entity.js';

/** A frozen time that customers of a TEST organization are attached to. */
@Entity('test_clocks')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'test_clocks_organization_fkey' })
export class TestClock {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'test_clocks_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'test_clocks_pkey' }) id: string;
  @Column('text', { nullable: true }) name: string | null;
  /** Named apart from SQL's now(). */
  @Column('timestamptz', { name: 'clock_now' }) now: Date;
  @Column('timestamptz') createdAt: Date;
}
