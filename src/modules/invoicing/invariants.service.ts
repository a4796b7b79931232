import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Log } from '../../platform/log.js';
import { Clock } from '../../shared/clock.js';
import { checkInvariants } from './queries/check-invariants.query.js';
import { deleteOldRuns, noteCheck, type RunCounts } from './queries/worker-runs.query.js';
import { RunLogService } from './run-log.service.js';

/** Looks every night whether the books are what they must be. A breach is a bug or tampering: it is logged, and shown in the health of workers. */
@Injectable()
export class InvariantsService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly runs: RunLogService,
  ) {}

  checkAll(): Promise<RunCounts> {
    return this.runs.run('billing_invariants', async ({ id }) => {
      const { checked, checks } = await this.database.acrossOrganizations('check the books', async (tx) => {
        await tx.query('SET TRANSACTION READ ONLY');
        return checkInvariants(tx, null);
      });
      const broken = checks.filter(({ violations }) => violations > 0);
      if (broken.length > 0) this.log.error({ broken }, 'the books are not what they must be');
      await this.database.acrossOrganizations('log a run', async (tx) => {
        await noteCheck(
          tx,
          id,
          checked,
          broken.reduce((total, { violations }) => total + violations, 0),
        );
        await deleteOldRuns(tx, this.clock.now());
      });
    });
  }
}
