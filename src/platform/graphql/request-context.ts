import type { FastifyReply, FastifyRequest } from 'fastify';
import DataLoader from 'dataloader';
import type { EntityManager } from 'typeorm';
import type { Actor } from '../../shared/actor.js';
import { DomainError } from '../../shared/errors.js';
import type { Trail } from '../database/audit.js';
import { explained, type Database, type Snapshot } from '../database/database.js';
import type { LoaderDefinition } from './loader.js';

/**
 * What one GraphQL request carries: who asks, one read-only snapshot that is opened at the first read and closed with the
 * answer, and the loaders that live as long as that snapshot.
 */
export class RequestContext {
  /** Of what this request changes. */
  readonly trail: Trail;
  private readonly authenticated: Actor | null;
  private snapshot: Promise<Snapshot> | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private loaders = new Map<LoaderDefinition<never, unknown>, DataLoader<unknown, unknown>>();

  constructor(
    private readonly database: Database,
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
    authenticated: Actor | null,
  ) {
    this.trail = { requestId: String(request.id), operation: null };
    this.authenticated = authenticated && { ...authenticated, trail: this.trail };
  }

  get actor(): Actor {
    if (!this.authenticated)
      throw new DomainError('UNAUTHENTICATED', 'Send a valid API key as X-API-Key or Authorization: Bearer.');
    return this.authenticated;
  }

  /** Reads in the request's snapshot. Reads queue up on its one connection; `work` must not call `read` itself. */
  read<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const result = this.queue.then(async () => {
      this.snapshot ??= this.database.openSnapshot(this.actor);
      const { tx } = await this.snapshot;
      return work(tx).catch((error: unknown) => {
        throw explained(error, this.actor);
      });
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Writes in a transaction of its own; what is read afterwards sees it. */
  async write<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    await this.close();
    return this.database.transaction(this.actor, work);
  }

  /** The loader of this definition for the present snapshot. */
  load<K, V>(definition: LoaderDefinition<K, V>, key: K): Promise<V> {
    let loader = this.loaders.get(definition as LoaderDefinition<never, unknown>) as DataLoader<K, V, unknown> | undefined;
    if (!loader) {
      loader = new DataLoader<K, V, unknown>((keys) => this.read((tx) => definition.batch(tx, keys)), {
        cacheKeyFn: definition.cacheKey,
      });
      this.loaders.set(definition as LoaderDefinition<never, unknown>, loader as DataLoader<unknown, unknown>);
    }
    return loader.load(key);
  }

  /** Ends the snapshot. Called with the answer, and before each write. */
  async close(): Promise<void> {
    await this.queue;
    const open = this.snapshot;
    this.snapshot = null;
    this.loaders = new Map();
    if (open) await (await open.catch(() => null))?.close();
  }
}
