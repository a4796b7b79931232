import { Injectable } from '@nestjs/common';
import type { Pool, QueryResultRow } from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { domainErrorOf, isSacrificed } from './constraint-errors.js';

const MAX_ATTEMPTS = 3;

/**
 * The only door to Postgres. A transaction belongs to one organization, or says by name that it works across them.
 */
@Injectable()
export class Database {
  constructor(private readonly dataSource: DataSource) {}

  /** Runs `work` in one read-write transaction of the organization. Throws what `work` throws, after rolling back. */
  async transaction<T>(organizationId: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.run(organizationId, work);
  }

  /** Does the work for real, reads off what it came to, and takes it all back: a preview that cannot differ from the deed. */
  async rehearse<T>(organizationId: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    let outcome: { result: T } | null = null;
    const rehearsed = new Error('rehearsed');
    await this.run(organizationId, async (tx) => {
      outcome = { result: await work(tx) };
      throw rehearsed;
    }).catch((error: unknown) => {
      if (error !== rehearsed) throw error;
    });
    return (outcome as { result: T } | null as { result: T }).result;
  }

  /** Work across tenants, such as claiming due periods. `purpose` names it for whoever reads the code. */
  async acrossOrganizations<T>(purpose: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.run(`* ${purpose}`, work);
  }

  /** Reads in one snapshot, which is closed afterwards. */
  async read<T>(organizationId: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const snapshot = await this.openSnapshot(organizationId);
    try {
      return await work(snapshot.tx);
    } catch (error) {
      throw domainErrorOf(error);
    } finally {
      await snapshot.close();
    }
  }

  /**
   * Runs one prepared statement, across organizations, as a transaction of its own: what the hot path needs and no more. A
   * connection parses and plans it once, under its name. `purpose` names it for whoever reads the code.
   */
  async statement<Row extends QueryResultRow>(_purpose: string, statement: PreparedStatement): Promise<Row[]> {
    return again(async () => (await this.pool.query<Row>(statement)).rows);
  }

  /**
   * Runs prepared statements in one read-write transaction, across organizations, on one connection. `purpose` names it for whoever
   * reads the code.
   */
  async statements<T>(_purpose: string, work: (run: Run) => Promise<T>): Promise<T> {
    return again(() => this.attemptStatements('BEGIN', work));
  }

  /** As `statements`, reading in one snapshot. */
  async snapshot<T>(_purpose: string, work: (run: Run) => Promise<T>): Promise<T> {
    return again(() => this.attemptStatements('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work));
  }

  private async attemptStatements<T>(begin: string, work: (run: Run) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    const ignore = (): void => undefined;
    // A connection that is lost fails the statement under way; nobody else is to hear of it.
    client.on('error', ignore);
    try {
      await client.query(begin);
      const result = await work(async (statement) => (await client.query(statement)).rows as never);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((cause: Error) => (broken = cause));
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(broken);
    }
  }

  /** Opens a read-only transaction with one snapshot. The caller must call `close`. */
  async openSnapshot(organizationId: string): Promise<Snapshot> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction('REPEATABLE READ');
      await runner.query('SET TRANSACTION READ ONLY');
    } catch (error) {
      await runner.release();
      throw domainErrorOf(error);
    }
    runner.data.organizationId = organizationId;
    return {
      tx: runner.manager,
      close: async () => {
        await rollBack(runner);
        await runner.release();
      },
    };
  }

  /** The pool behind TypeORM: one limit on connections holds for all. */
  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }

  private run<T>(owner: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return again(() => this.attempt(owner, work));
  }

  private async attempt<T>(owner: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    runner.data.organizationId = owner;
    try {
      await runner.startTransaction();
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await rollBack(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }
}

/** Runs a transaction, and once more when Postgres sacrificed it to resolve a deadlock: nothing of it has happened then. */
async function again<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (!isSacrificed(error) || attempt === MAX_ATTEMPTS) throw domainErrorOf(error);
    }
  }
}

/** Runs a statement of a transaction. */
export type Run = <Row extends QueryResultRow>(statement: PreparedStatement) => Promise<Row[]>;

export interface PreparedStatement {
  name: string;
  text: string;
  values: unknown[];
}

/** A connection that broke cannot roll back; Postgres has done so itself. */
async function rollBack(runner: QueryRunner): Promise<void> {
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
}

export interface Snapshot {
  tx: EntityManager;
  close(): Promise<void>;
}

/** The organization a transaction was opened for. */
export function organizationOf(tx: EntityManager): string {
  const owner: unknown = tx.queryRunner?.data.organizationId;
  if (typeof owner !== 'string' || owner.startsWith('*')) throw new Error('This needs a transaction of one organization.');
  return owner;
}
