import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';
import { chooseAccount, findNativeDirectory } from './embedded-postgres-host.js';
import { readPostmasterFile, serverProcesses, signal, waitUntil } from './embedded-postgres-processes.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = realpathSync(mkdtempSync(join(tmpdir(), 'fluxrate-embedded-')));
const stateDir = join(root, 'state');
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
let lines: string[] = [];

/** Starts a server that the test's end stops. */
async function start(
  dataDir: string,
  more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, stateDir, log: (line) => void lines.push(line), ...more });
  running.push(server);
  return server;
}

/** Runs one statement over its own connection; the first row. */
async function query(url: string, statement: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(statement);
    return result.rows[0];
  } finally {
    await client.end();
  }
}

/** A directory of this spec that every account can enter. */
function directory(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { mode: 0o755 });
  return path;
}

/** Builds the modules as the product's build does and runs a server in a Node process of its own; its process and URL. */
async function startInChild(dataDir: string, outDir: string): Promise<{ child: ChildProcess; url: string }> {
  const script = join(outDir, 'run.mjs');
  writeFileSync(
    script,
    `import { startEmbeddedPostgres } from './embedded-postgres.js';
    const { url } = await startEmbeddedPostgres({ dataDir: process.argv[2], stateDir: process.argv[3], log: (line) => console.error(line) });
    console.log(url);`,
  );
  const child = spawn(process.execPath, [script, dataDir, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, url };
}

function buildModules(): string {
  const outDir = directory('built');
  writeFileSync(join(outDir, 'package.json'), '{"type":"module"}');
  symlinkSync(findNativeDirectory().replace(/(node_modules).*/, '$1'), join(outDir, 'node_modules'));
  for (const name of readdirSync(here).filter((file) => /^embedded-postgres(-\w+)?\.ts$/.test(file))) {
    const { code } = transformFileSync(join(here, name), {
      swcrc: false,
      module: { type: 'es6' },
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    });
    writeFileSync(join(outDir, name.replace(/\.ts$/, '.js')), code);
  }
  return outDir;
}

beforeAll(() => chmodSync(root, 0o755));

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  lines = [];
});

afterAll(async () => {
  const clusters = readdirSync(root).map((name) => join(root, name, 'postgres'));
  await waitUntil(() => clusters.every((path) => serverProcesses(path).length === 0), 5_000);
  rmSync(root, { recursive: true, force: true });
});

describe('an embedded server', () => {
  it('starts fresh, durable and local, stops, and has its data at the next start', async () => {
    const dataDir = directory('restart');
    const began = performance.now();
    const first = await start(dataDir, { settings: { work_mem: '7MB' } });
    console.log(`fresh start: ${Math.round(performance.now() - began)} ms`);
    const state = await query(
      first.url,
      `SELECT current_database() AS db, current_user AS "user", current_setting('server_version_num')::int / 10000 AS version,
         current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('TimeZone') AS zone,
         current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS address,
         current_setting('unix_socket_directories') AS sockets, current_setting('work_mem') AS work_mem,
         (SELECT datlocale FROM pg_database WHERE datname = current_database()) AS locale`,
    );
    expect(state).toEqual({
      db: 'fluxrate',
      user: 'fluxrate',
      version: 18,
      fsync: 'on',
      commit: 'on',
      zone: 'UTC',
      encoding: 'UTF8',
      address: '127.0.0.1',
      sockets: '',
      work_mem: '7MB',
      locale: 'C.UTF-8',
    });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    await first.stop();
    expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres.password']);
    expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);

    const again = performance.now();
    const second = await start(dataDir);
    console.log(`start of an existing cluster: ${Math.round(performance.now() - again)} ms`);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual({ answer: 42 });
  });

  it('asks for the password', async () => {
    const { url } = await start(directory('password'));
    await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('refuses a second start on its directory, naming the process, and stays as it is', async () => {
    const dataDir = directory('twice');
    const { url } = await start(dataDir);
    await expect(start(dataDir)).rejects.toThrow(`another Fluxrate, process ${process.pid}, is using ${dataDir}`);
    expect(await query(url, 'SELECT 1 AS one')).toEqual({ one: 1 });
  });

  it('tells when the server ends by itself, and recovers at the next start', async () => {
    const dataDir = directory('crash');
    const told: string[] = [];
    const first = await start(dataDir, { onExit: (message) => void told.push(message) });
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS answer');
    signal(readPostmasterFile(join(dataDir, 'postgres'))?.pid ?? 0, 'SIGKILL');
    await waitUntil(() => told.length > 0, 5_000);
    expect(told).toEqual([expect.stringContaining('PostgreSQL ended by itself')]);
    await first.stop();
    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual({ answer: 1 });
  });

  it('reports why a start failed and leaves the directory free', async () => {
    const dataDir = directory('setting');
    await expect(start(dataDir, { settings: { shared_buffers: 'plenty' } })).rejects.toThrow(/shared_buffers/);
    const { url } = await start(dataDir);
    expect(await query(url, 'SELECT 1 AS one')).toEqual({ one: 1 });
  });

  it('reports the last words of a failed creation and leaves nothing half made', async () => {
    const dataDir = directory('init');
    const nativeDir = join(directory('broken'), 'native');
    mkdirSync(join(nativeDir, 'bin'), { recursive: true });
    for (const folder of ['lib', 'share/postgresql']) mkdirSync(join(nativeDir, folder), { recursive: true });
    for (const name of ['initdb', 'pg_ctl', 'postgres']) {
      writeFileSync(join(nativeDir, 'bin', name), '#!/bin/sh\necho "no room left" >&2\nexit 3\n', { mode: 0o755 });
    }
    await expect(start(dataDir, { nativeDir })).rejects.toThrow(/initdb ended with 3\):\nno room left/);
    expect(readdirSync(dataDir)).toEqual(['postgres.password']);
  });
});

describe('a Fluxrate process that is killed', () => {
  let outDir = '';
  beforeAll(() => {
    outDir = buildModules();
  });

  it('takes its server with it, and everything committed is there afterwards', async () => {
    const dataDir = directory('killed');
    const cluster = join(dataDir, 'postgres');
    const { child, url } = await startInChild(dataDir, outDir);
    await query(url, 'CREATE TABLE kept AS SELECT 7 AS answer');
    await expect(start(dataDir)).rejects.toThrow(`another Fluxrate, process ${child.pid}, is using ${dataDir}`);
    expect(serverProcesses(cluster).length).toBeGreaterThan(1);
    child.kill('SIGKILL');
    expect(await waitUntil(() => serverProcesses(cluster).length === 0, 5_000)).toBe(true);
    const { url: next } = await start(dataDir);
    expect(await query(next, 'SELECT answer FROM kept')).toEqual({ answer: 7 });
  });

  it('can be replaced at once, while its server is still ending', async () => {
    const dataDir = directory('replaced');
    const { child, url } = await startInChild(dataDir, outDir);
    await query(url, 'CREATE TABLE kept AS SELECT 8 AS answer');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { url: next } = await start(dataDir);
    expect(await query(next, 'SELECT answer FROM kept')).toEqual({ answer: 8 });
  });

  it('leaves a lock and server record that hold nobody up, even when their number lives on in another process', async () => {
    const dataDir = directory('stale');
    const { child, url } = await startInChild(dataDir, outDir);
    await query(url, 'CREATE TABLE kept AS SELECT 9 AS answer');
    const server = readPostmasterFile(join(dataDir, 'postgres'))?.pid ?? 0;
    child.kill('SIGKILL');
    signal(server, 'SIGKILL');
    await waitUntil(() => serverProcesses(join(dataDir, 'postgres')).length === 0, 5_000);
    const record = join(dataDir, 'postgres', 'postmaster.pid');
    writeFileSync(record, readFileSync(record, 'utf8').replace(/^\d+/, String(process.pid)));
    writeFileSync(join(dataDir, 'fluxrate.pid'), `${process.pid}\nanother time\n`);
    const { url: next } = await start(dataDir);
    expect(await query(next, 'SELECT answer FROM kept')).toEqual({ answer: 9 });
  });
});

if (process.getuid?.() === 0) {
  console.log('running as root: the tests of a server that root starts');
  describe('a server that root starts', () => {
    it('runs programs and data that only root can reach from a place the account can enter', async () => {
      const closed = directory('rooms');
      chmodSync(closed, 0o700);
      // As npm leaves the package when install scripts are blocked: without its links.
      const nativeDir = join(closed, 'package', 'native');
      cpSync(dirname(findNativeDirectory()), dirname(nativeDir), { recursive: true, verbatimSymlinks: true });
      for (const name of readdirSync(join(nativeDir, 'lib'))) {
        const file = join(nativeDir, 'lib', name);
        if (lstatSync(file).isSymbolicLink()) rmSync(file);
      }
      const dataDir = join(closed, 'data');
      const first = await start(dataDir, { nativeDir });
      await query(first.url, 'CREATE TABLE kept AS SELECT 5 AS answer');
      const cluster = readlinkSync(join(dataDir, 'postgres'));
      expect(dirname(cluster)).toBe(join(stateDir, 'clusters'));
      expect(statSync(cluster).uid).toBe(chooseAccount(readFileSync('/etc/passwd', 'utf8')).uid);
      expect(lines.filter((line) => line.startsWith('PostgreSQL runs from '))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith(`the cluster of ${dataDir} lies in `))).toHaveLength(1);
      await first.stop();

      const second = await start(dataDir, { nativeDir });
      expect(await query(second.url, 'SELECT answer FROM kept')).toEqual({ answer: 5 });
      // A copied data directory leads to the same cluster.
      cpSync(dataDir, join(closed, 'copy'), { recursive: true, verbatimSymlinks: true });
      rmSync(join(closed, 'copy', 'fluxrate.pid'));
      await expect(start(join(closed, 'copy'), { nativeDir })).rejects.toThrow(`process ${process.pid}, is using ${cluster}`);
      await second.stop();

      rmSync(dataDir, { recursive: true });
      const third = await start(dataDir, { nativeDir });
      expect(await query(third.url, `SELECT to_regclass('kept') AS kept`)).toEqual({ kept: null });
      expect(readdirSync(stateDir).filter((name) => name.startsWith('postgresql-'))).toHaveLength(1);
    });

    it('runs as nobody where there is no account postgres, and goes on as the owner of the cluster later', async () => {
      const dataDir = directory('nobody');
      const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
      const passwd = `nobody:x:${uid}:${execFileSync('id', ['-g', 'nobody'], { encoding: 'utf8' }).trim()}::/:/bin/false\n`;
      const first = await start(dataDir, { passwd });
      expect(statSync(join(dataDir, 'postgres')).uid).toBe(uid);
      await first.stop();
      const { url } = await start(dataDir);
      expect(await query(url, 'SELECT 1 AS one')).toEqual({ one: 1 });
      expect(statSync(join(dataDir, 'postgres')).uid).toBe(uid);
    });
  });
} else {
  console.log('running as an ordinary user: the tests of an ordinary user’s server');
  describe('a server that an ordinary user starts', () => {
    it('runs as that user in the data directory, even one that nobody else may enter', async () => {
      const dataDir = directory('own');
      chmodSync(dataDir, 0o700);
      const { url } = await start(dataDir);
      expect(await query(url, 'SELECT 1 AS one')).toEqual({ one: 1 });
      expect(lstatSync(join(dataDir, 'postgres')).isDirectory()).toBe(true);
      expect(statSync(join(dataDir, 'postgres')).uid).toBe(process.getuid?.());
    });
  });
}
