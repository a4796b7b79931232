import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { ConfigError, readConfig, type Config } from './config.js';
import { createApp } from './create-app.js';
import { migrate } from './migrate.js';
import { OrganizationsService } from './modules/organizations/index.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './platform/database/embedded-postgres.js';
import { createLog } from './platform/log.js';
import { SystemClock } from './shared/clock.js';

/** What is in flight when a signal comes gets this long to end. */
const SHUTDOWN_LIMIT_MS = 9_500;

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  let postgres: EmbeddedPostgres | null = null;
  let app: NestFastifyApplication | null = null;
  let stopping = false;
  const stop = async (reason: string, code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    await app?.close();
    await postgres?.stop();
    process.exit(code);
  };
  process.on('SIGINT', () => void stop('SIGINT', 0));
  process.on('SIGTERM', () => void stop('SIGTERM', 0));
  try {
    if (config.databaseUrl === null)
      postgres = await startDatabase(config, log, () => void stop('the embedded database ended', 1));
    const databaseUrl = config.databaseUrl ?? postgres?.url ?? '';
    await migrate(databaseUrl);
    const { databasePoolSize, schedulerEnabled, graphiqlEnabled } = config;
    app = await createApp({
      databaseUrl,
      databasePoolSize,
      schedulerEnabled,
      graphiqlEnabled,
      clock: new SystemClock(),
      logger: log,
    });
    const secret = await app.get(OrganizationsService).bootstrap(config.bootstrapApiKey);
    await app.listen(config.port, config.host);
    announce(await app.getUrl(), config, secret);
  } catch (error) {
    if (!stopping) {
      console.error(`Fluxrate cannot start: ${error instanceof Error ? error.message : String(error)}`);
      log.debug({ err: error }, 'start failed');
      await stop('start failed', 1);
    }
  }
}

const startDatabase = (config: Config, log: Logger, onExit: () => void): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDir: config.dataDir,
    log: (line) => log.info({ postgres: line }, 'database'),
    onExit: (message) => {
      log.error({ message }, 'the embedded database ended');
      onExit();
    },
  });

function announce(url: string, { bootstrapApiKey, graphiqlEnabled }: Config, secret: string | null): void {
  const base = url.replace(/\[::1?\]|0\.0\.0\.0|127\.0\.0\.1/, 'localhost');
  console.log(`Fluxrate serves GraphQL at ${base}/graphql`);
  if (graphiqlEnabled) console.log(`GraphiQL: ${base}/graphiql`);
  if (secret !== null && bootstrapApiKey === null) console.log(`API key of the first organization (shown this once): ${secret}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
});
