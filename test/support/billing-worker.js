/** The product's workers in a process of their own, over and over: hours of its scheduler in seconds. */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../dist/src/config.js';
import { createApp } from '../../dist/src/create-app.js';
import { WorkersService } from '../../dist/src/modules/invoicing/index.js';
import { createLog } from '../../dist/src/platform/log.js';
import { SystemClock } from '../../dist/src/shared/clock.js';

const PAUSE_MS = 100;

const app = await createApp({
  ...readConfig(),
  databasePoolSize: 5,
  schedulerEnabled: false,
  outboxEnabled: false,
  graphiqlEnabled: false,
  clock: new SystemClock(),
  logger: createLog('silent'),
});
const workers = app.get(WorkersService);
for (;;) {
  await workers.generateInvoices();
  await workers.finalizeInvoices();
  if (process.env.SCANS_OVERDUE) await workers.scanOverdue();
  await sleep(PAUSE_MS);
}
