import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Pool, QueryResultRow } from 'pg';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import type { Actor, Limit } from '../../shared/actor.js';
import { DomainError } from '../../shared/errors.js';
import { BEGIN_AUDIT, recordAudit } from './audit.js';
import { domainErrorOf, isForbidden, isSacrificed } from './constraint-errors.js';
import { isId } from './ids.js';
import { availableRoles, LIMITED_ROLE, TENANT_ROLE } from './tenancy.js';

const MAX_ATTEMPTS = 3;

/**
 * Whose transaction it is: an organization's as a whole, or an actor's, who may be limited to some of its customers. What an actor
 * changes in the course of a mutation is noted.
 */
export type Owner = string | Pick<Actor, 'organizationId' | 'name' | 'limit' | 'trail'>;

/**
 * The only door to Postgres. A transaction belongs to one organization, or says by name that it works across them. That of an
 * organization runs as a role that sees its rows alone (tenancy.ts), that of a limited actor as one that sees those of its customers.
 */
@Injectable()
export class Database implements OnModuleInit {
  private roles: ReadonlySet<string> = new Set();

  constructor(private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    this.roles = await availableRoles(async (text) => (await this.pool.query<{ name: string }>(text)).rows);
  }

  /** Runs `work` in one read-write transaction of the owner. Throws what `work` throws, after rolling back. */
  async transaction<T>(owner: Owner, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.run(owner, work);
  }

  /** Does the work for real, reads off what it came to, and takes it all back: a preview that cannot differ from the deed. */
  async rehearse<T>(owner: Owner, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    let outcome: { result: T } | null = null;
    const rehearsed = new Error('rehearsed');
    const unheard = typeof owner === 'string' ? owner : { ...owner, trail: undefined };
    await this.run(unheard, async (tx) => {
      outcome = { result: await work(tx) };
      throw rehearsed;
    }).catch((error: unknown) => {
      if (error !== rehearsed) throw error;
    });
    return (outcome as { result: T } | null as { result: T }).result;
  }

  /** Work across tenants, such as claiming due periods. `purpose` names it for whoever reads the code. */
  async acrossOrganizations<T>(purpose: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.run(`${ACROSS}${purpose}`, work);
  }

  /** Reads in one snapshot, which is closed afterwards. */
  async read<T>(owner: Owner, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const snapshot = await this.openSnapshot(owner);
    try {
      return await work(snapshot.tx);
    } catch (error) {
      throw domainErrorOf(explained(error, owner));
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
  async openSnapshot(owner: Owner): Promise<Snapshot> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const identity = this.identityOf(owner);
      await runner.startTransaction();
      // One message: each costs a short query a tenth of its time.
      await runner.query(['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY', ...setting(identity)].join('; '));
    } catch (error) {
      await rollBack(runner);
      await runner.release();
      throw domainErrorOf(error);
    }
    own(runner, owner);
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

  /** What makes a transaction the owner's, until it ends. Without the roles (`applyTenancy`) there is less of it. */
  private identityOf(owner: Owner): [name: string, value: string][] {
    const { organizationId, limit } = typeof owner === 'string' ? { organizationId: owner, limit: undefined } : owner;
    if (organizationId.startsWith(ACROSS)) return [];
    const role = limit ? LIMITED_ROLE : TENANT_ROLE;
    const mayTakeOn = this.roles.has(role);
    if (limit && !mayTakeOn)
      throw new DomainError('FORBIDDEN', `The database account cannot take on the role ${role}, which this needs.`);
    const settings = { organization: organizationId, ...(limit ? settingOf(limit) : {}) };
    if (!Object.values(settings).every(isId)) throw new Error('A transaction is of an organization.');
    return [
      ...Object.entries(settings).map(([name, id]): [string, string] => [`fluxrate.${name}`, id]),
      ...(mayTakeOn ? [['role', role] as [string, string]] : []),
    ];
  }

  private run<T>(owner: Owner, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return again(() => this.attempt(owner, work));
  }

  private async attempt<T>(owner: Owner, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const trail = typeof owner === 'string' ? undefined : owner.trail;
    const audited = typeof owner !== 'string' && trail?.operation ? { actor: owner.name, trail } : null;
    const settings = setting([...this.identityOf(owner), ...(audited ? BEGIN_AUDIT : [])]);
    const runner = this.dataSource.createQueryRunner();
    own(runner, owner);
    try {
      await runner.startTransaction();
      for (const statement of settings) await runner.query(statement);
      const result = await work(runner.manager);
      if (audited) await recordAudit(runner.manager, audited.actor, audited.trail);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await rollBack(runner);
      throw explained(error, owner);
    } finally {
      await runner.release();
    }
  }
}

/** Begins the name of an owner that is none. */
const ACROSS = '* ';

/** Settings that end with the transaction, with one statement; none for none. The values are ids and names of ours. */
const setting = (settings: readonly [name: string, value: string][]): string[] =>
  settings.length === 0
    ? []
    : [`SELECT ${settings.map(([name, value]) => `set_config('${name}', '${value}', true)`).join(', ')}`];

const settingOf = (limit: Limit): Record<string, string> =>
  'customerId' in limit ? { customer: limit.customerId } : { partner: limit.partnerAppId };

/** What Postgres refuses a limited actor is not theirs to do; for anybody else it is a fault of ours. */
export const explained = (error: unknown, owner: Owner): unknown =>
  typeof owner !== 'string' && owner.limit && isForbidden(error)
    ? new DomainError('FORBIDDEN', 'This is not open to who is limited to some customers.')
    : error;

function own(runner: QueryRunner, owner: Owner): void {
  runner.data.organizationId = typeof owner === 'string' ? owner : owner.organizationId;
  runner.data.limit = typeof owner === 'string' ? undefined : owner.limit;
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
  if (typeof owner !== 'string' || owner.startsWith(ACROSS)) throw new Error('This needs a transaction of one organization.');
  return owner;
}

/** What the transaction's actor is limited to, if at all. */
export const limitOf = (tx: EntityManager): Limit | undefined => tx.queryRunner?.data.limit as Limit | undefined;
