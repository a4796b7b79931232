import type { Pool, PoolClient } from 'pg';
import type { Log } from '../log.js';

/** Chosen once, for ever: the first half of the advisory locks that say a worker lives. */
const LEASES = 7_215_002;
/** A worker takes its first job while its lease is still on the way; a job taken this lately is left alone. */
const GRACE = '15 seconds';

/**
 * Tells which workers of the outbox live: each holds an advisory lock on one session of its process, which Postgres takes back with
 * the connection, however the process ends. Jobs of workers without one are set free; the queue by itself would wait four hours.
 */
export class WorkerLeases {
  private readonly workers = new Set<string>();
  private session: Session | null = null;
  /** One statement at a time on the session. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly pool: Pool,
    private readonly log: Log,
  ) {}

  take(workerId: string): void {
    this.workers.add(workerId);
    void this.renew();
  }

  give(workerId: string): void {
    this.workers.delete(workerId);
    void this.renew();
  }

  /** Takes the leases again if their session was lost, and frees the jobs of workers that have none. */
  async sweep(): Promise<void> {
    try {
      await this.renew();
      // On another session: on their own, locks could be taken once more.
      const { rows } = await this.pool.query<{ worker: string }>(
        `SELECT locked_by AS worker FROM (SELECT DISTINCT locked_by FROM graphile_worker.jobs WHERE locked_at < now() - $2::interval) AS w
          WHERE pg_try_advisory_xact_lock($1, hashtext(locked_by))`,
        [LEASES, GRACE],
      );
      if (rows.length === 0) return;
      await this.pool.query('SELECT graphile_worker.force_unlock_workers($1)', [rows.map(({ worker }) => worker)]);
      this.log.warn({ workers: rows.length }, 'jobs of workers that are gone have been freed');
    } catch (error) {
      this.log.warn({ err: error }, 'jobs of workers that are gone could not be looked for');
    }
  }

  end(): void {
    this.session?.client.release(true);
    this.session = null;
    this.workers.clear();
  }

  /** Holds the leases of the workers that there are, and no others. */
  private renew(): Promise<void> {
    const renewal = this.queue.then(async () => {
      if (this.workers.size === 0 && !this.session) return;
      const { client, held } = (this.session ??= await this.open());
      const wanted = [...this.workers].filter((worker) => !held.has(worker));
      const unwanted = [...held].filter((worker) => !this.workers.has(worker));
      await client.query('SELECT pg_advisory_lock($1, hashtext(w)) FROM unnest($2::text[]) AS w', [LEASES, wanted]);
      await client.query('SELECT pg_advisory_unlock($1, hashtext(w)) FROM unnest($2::text[]) AS w', [LEASES, unwanted]);
      for (const worker of wanted) held.add(worker);
      for (const worker of unwanted) held.delete(worker);
    });
    // Without a database there is nothing to hold, and nobody who could take a job: the next sweep tries again.
    this.queue = renewal.catch(() => undefined);
    return this.queue;
  }

  private async open(): Promise<Session> {
    const client = await this.pool.connect();
    client.once('error', () => {
      if (this.session?.client === client) this.session = null;
      client.release(true);
    });
    return { client, held: new Set() };
  }
}

interface Session {
  client: PoolClient;
  held: Set<string>;
}
