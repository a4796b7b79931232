import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Organization } from '../organizations/index.js';

/** One run of a worker, for whoever watches. Its counts grow as it goes. */
@Entity('worker_runs')
@Index('worker_runs_worker_idx', ['worker', 'startedAt'])
export class WorkerRun {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'worker_runs_pkey' }) id: string;
  @Column('text') worker: string;
  @Column('timestamptz') startedAt: Date;
  @Column('timestamptz', { nullable: true }) finishedAt: Date | null;
  @Column('int', { default: 0 }) found: number;
  @Column('int', { default: 0 }) done: number;
  @Column('int', { default: 0 }) failed: number;
  @Column('text', { nullable: true }) error: string | null;
}

/** What of a run was an organization's: all that its own people are shown. Its id is the run's. */
@Entity('worker_run_shares')
@Index('worker_run_shares_run_idx', ['id'])
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'worker_run_shares_organization_fkey' })
export class WorkerRunShare {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'worker_run_shares_pkey' }) organizationId: string;
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'worker_run_shares_pkey' }) id: string;
  @Column('int') found: number;
  @Column('int') done: number;
  @Column('int') failed: number;
}
