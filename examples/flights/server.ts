import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Server } from './api.js';

/** The product as `npm start` runs it. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const USUAL_PORT = 3000;

export interface RunningServer extends Server {
  /** Settles when the process is gone, asked to or not. */
  ended: Promise<unknown>;
  /** Stops the process and removes its data. */
  stop(): Promise<void>;
}

/** Starts Fluxrate in a process of its own, on an empty directory and with a key that is as short-lived as they are. */
export async function startServer(): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fluxrate-demo-'));
  // Started by root, the database runs under another account, which has to get in.
  await chmod(dataDir, 0o711);
  const apiKey = `sk_test_${randomBytes(18).toString('base64url')}`;
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
    env: { ...process.env, ...(await environment(dataDir, apiKey)) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    // A server that was killed leaves a database that is just stopping, and still writing.
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  const url = await Promise.race([announcedUrl(child), ended.then(() => null)]);
  if (url !== null) return { url, apiKey, ended, stop };
  await stop();
  throw new Error('Fluxrate did not start.');
}

async function environment(dataDir: string, apiKey: string): Promise<Record<string, string>> {
  return {
    DATA_DIR: dataDir,
    DATABASE_URL: '',
    BOOTSTRAP_API_KEY: apiKey,
    GRAPHIQL_ENABLED: 'true',
    HOST: process.env.HOST || '127.0.0.1',
    PORT: process.env.PORT || ((await isFree(USUAL_PORT)) ? String(USUAL_PORT) : '0'),
    LOG_LEVEL: process.env.LOG_LEVEL || 'warn',
  };
}

/** Reads the address off what the server says at its start; the rest of what it says goes to standard error. */
function announcedUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const url = /(http:\S+)\/graphql$/.exec(line)?.[1];
      if (url) resolve(url);
      else if (!line.startsWith('GraphiQL: ')) process.stderr.write(`${line}\n`);
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.on('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
