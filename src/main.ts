import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { ConfigError, readConfig, type Config } from './config.js';
import { createApp } from './create-app.js';
import { migrate } from './migrate.js';
import { OrganizationsService } from './modules/organizations/index.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './platform/database/embedded-postgres.js';
import { createLog } from './platform/log.js';
import { SystemClock } from './shared/clock.js';
import { explainStartFailure, unusableDatabase } from './start-failure.js';

/** What is in flight when a signal comes gets this long to end; then the database goes, and takes the rest back. */
const DRAIN_LIMIT_MS = 6_000;
/** Whatever happens, the process ends this long after a signal. */
const STOP_LIMIT_MS = 9_500;
/** Connections to the embedded server beyond the pool's: for migrations and for whoever looks in. */
const SPARE_CONNECTIONS = 20;

/** What has been started, to be stopped in the opposite order. */
interface Parts {
  postgres: EmbeddedPostgres | null;
  app: NestFastifyApplication | null;
  stopping: boolean;
}

type Stop = (reason: string, exitCode: number) => void;

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const parts: Parts = { postgres: null, app: null, stopping: false };
  const stop: Stop = (reason, exitCode) => {
    if (parts.stopping) return;
    parts.stopping = true;
    log.info({ reason }, 'stopping');
    void stopAll(parts, started, log).then(() => process.exit(exitCode));
  };
  process.on('SIGINT', () => stop('SIGINT', 0));
  process.on('SIGTERM', () => stop('SIGTERM', 0));
  const started = startAll(parts, config, log, stop);
  try {
    await started;
  } catch (error) {
    if (parts.stopping) return;
    parts.stopping = true;
    console.error(`Fluxrate cannot start: ${explainStartFailure(error, config)}`);
    log.debug({ err: error }, 'start failed');
    await stopAll(parts, started, log);
    process.exit(1);
  }
}

async function startAll(parts: Parts, config: Config, log: Logger, stop: Stop): Promise<void> {
  if (config.databaseUrl === null) parts.postgres = await startDatabase(parts, config, log, stop);
  const databaseUrl = config.databaseUrl ?? parts.postgres?.url ?? '';
  if (parts.stopping) return;
  await migrate(databaseUrl).catch((cause: unknown) => {
    throw unusableDatabase(databaseUrl, cause);
  });
  if (parts.stopping) return;
  const clock = new SystemClock();
  parts.app = await createApp({ ...config, databaseUrl, clock, logger: log });
  if (parts.stopping) return;
  await parts.app.listen(config.port, config.host);
  // After this nothing fails any more: a key that is made is shown.
  const secret = await parts.app.get(OrganizationsService).bootstrap(config.bootstrapApiKey);
  announce(await parts.app.getUrl(), config, secret);
}

async function stopAll(parts: Parts, started: Promise<void>, log: Logger): Promise<void> {
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
  const drained = started
    .catch(() => undefined)
    .then(() => parts.app?.close())
    .catch((error: unknown) => log.error({ err: error }, 'the application did not close'));
  await Promise.race([drained, sleep(DRAIN_LIMIT_MS)]);
  await parts.postgres?.stop();
}

const startDatabase = (parts: Parts, config: Config, log: Logger, stop: Stop): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDir: config.dataDir,
    settings: { max_connections: String(config.databasePoolSize + SPARE_CONNECTIONS) },
    log: (line) => {
      const isRoutine = line.startsWith('postgres: LOG:') || parts.stopping;
      log[isRoutine ? 'debug' : 'info']({ postgres: line }, 'database');
    },
    onExit: (message) => {
      log.error({ message }, 'the embedded database ended');
      stop('the embedded database ended', 1);
    },
  });

function announce(url: string, { bootstrapApiKey, graphiqlEnabled }: Config, secret: string | null): void {
  const base = url.replace(/\[::1?\]|0\.0\.0\.0|127\.0\.0\.1/, 'localhost');
  const lines = [`Fluxrate serves GraphQL at ${base}/graphql`];
  if (graphiqlEnabled) lines.push(`GraphiQL: ${base}/graphiql`);
  if (secret !== null && bootstrapApiKey === null) lines.push(`API key of the first organization (shown this once): ${secret}`);
  // One write: whoever waits for the first line has the key, too.
  console.log(lines.join('\n'));
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? `Fluxrate cannot start: ${error.message}` : error);
  process.exitCode = 1;
});
