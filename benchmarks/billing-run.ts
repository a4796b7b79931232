/**
 * One run of a worker as a process of its own, as in production: `node billing-run.js generate|finalize`. Prints what it did, how
 * long that took and what it needed, as JSON.
 */
import pg from 'pg';
import { createApp } from '../src/create-app.js';
import { WorkersService } from '../src/modules/invoicing/workers.service.js';
import { createLog } from '../src/platform/log.js';
import { SystemClock } from '../src/shared/clock.js';
import type { RunReport } from './support/billing-world.js';

/** Milliseconds from taking numbers to the end of the COMMIT: for so long nobody else of the organization gets any. */
const numberingMs: number[] = [];
watchNumbering();

const app = await createApp({
  databaseUrl: process['env'].DATABASE_URL ?? '',
  databasePoolSize: 10,
  schedulerEnabled: false,
  graphiqlEnabled: false,
  corsOrigins: [],
  clock: new SystemClock(),
  outboxEnabled: false,
  publicUrl: null,
  mail: null,
  logger: createLog('error'),
});
const workers = app.get(WorkersService, { strict: false });
const cpuBefore = process.cpuUsage();
const began = performance.now();
const { done, failed } = await (process.argv[2] === 'finalize' ? workers.finalizeInvoices() : workers.generateInvoices());
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
const peakMiB = process.resourceUsage().maxRSS / 1_024;
await app.close();
const report: RunReport = { done, failed, seconds, cpuSeconds: (user + system) / 1e6, peakMiB, numberingMs };
process.stdout.write(`${JSON.stringify(report)}\n`);

function watchNumbering(): void {
  const original = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  const since = new WeakMap<object, number>();
  pg.Client.prototype.query = function query(this: object, ...args: unknown[]): unknown {
    const [first] = args;
    const text = typeof first === 'string' ? first : ((first as { text?: string } | undefined)?.text ?? '');
    if (text.includes('INSERT INTO invoice_counters')) since.set(this, performance.now());
    const answer = original.apply(this, args);
    const from = since.get(this);
    if (text === 'COMMIT' && from !== undefined) {
      since.delete(this);
      void Promise.resolve(answer).then(() => numberingMs.push(performance.now() - from));
    }
    return answer;
  } as typeof pg.Client.prototype.query;
}
