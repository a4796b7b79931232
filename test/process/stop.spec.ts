import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { readPostmasterFile, serverProcesses } from '../../src/platform/database/embedded-postgres-processes.js';
import { makeDataDirectory, removeDataDirectories } from '../support/data-directory.js';
import { eventually } from '../support/eventually.js';
import { FluxrateProcess, NPM_START } from '../support/fluxrate-process.js';
import { GraphqlClient } from '../support/graphql-client.js';

const EXIT_LIMIT_MS = 10_000;
const KEY = 'sk_test_0123456789abcdefghijklmnop';

const running: FluxrateProcess[] = [];
const clients: pg.Client[] = [];

function start(dataDir: string): FluxrateProcess {
  const fluxrate = new FluxrateProcess({ DATA_DIR: dataDir, BOOTSTRAP_API_KEY: KEY });
  running.push(fluxrate);
  return fluxrate;
}

/** A look into the embedded server, past the product. */
async function connect(dataDir: string): Promise<pg.Client> {
  const port = readPostmasterFile(join(dataDir, 'postgres'))?.port;
  const password = readFileSync(join(dataDir, 'postgres.password'), 'utf8').trim();
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'fluxrate', password, database: 'fluxrate' });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** Makes statements that write customers wait, until the client commits or is gone. */
async function holdUp(dataDir: string): Promise<pg.Client> {
  const client = await connect(dataDir);
  await client.query('BEGIN');
  await client.query('LOCK TABLE customers IN EXCLUSIVE MODE');
  return client;
}

/** Waits until a statement waits for a lock. */
const someoneWaits = (client: pg.Client): Promise<void> =>
  eventually('a statement waits', async () => (await client.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === 1);

const createCustomer = (api: GraphqlClient, externalId: string) =>
  api.send<{ createCustomer: { externalId: string } }>(
    'mutation ($id: String!) { createCustomer(input: { externalId: $id }) { externalId } }',
    { id: externalId },
  );

const serverEnds = (dataDir: string): Promise<void> =>
  eventually('the server ends', () => serverProcesses(join(dataDir, 'postgres')).length === 0);

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  await Promise.all(running.splice(0).map((fluxrate) => fluxrate.stop('SIGKILL')));
  removeDataDirectories();
});

describe('a process that is asked to stop', () => {
  it('finishes what is in flight, and leaves no server', async () => {
    const dataDir = makeDataDirectory();
    const fluxrate = start(dataDir);
    const api = new GraphqlClient(await fluxrate.ready(), KEY);
    const client = await holdUp(dataDir);
    const inFlight = createCustomer(api, 'ada');
    await someoneWaits(client);
    const began = performance.now();
    // Ctrl-C under npm comes twice, from the terminal and from npm.
    for (const name of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) fluxrate.signal(name);
    await sleep(500);
    await client.query('COMMIT');
    expect(await inFlight).toEqual({ data: { createCustomer: { externalId: 'ada' } } });
    expect(await fluxrate.ended()).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(EXIT_LIMIT_MS);
    expect(serverProcesses(join(dataDir, 'postgres'))).toEqual([]);
  });

  it('does so when npm is asked, and npm waits for it', async () => {
    const dataDir = makeDataDirectory();
    const npm = new FluxrateProcess({ DATA_DIR: dataDir, BOOTSTRAP_API_KEY: KEY }, NPM_START);
    running.push(npm);
    const url = await npm.ready();
    await npm.stop();
    expect(npm.log.at(-1)).toMatchObject({ reason: 'SIGTERM', msg: 'stopping' });
    expect(serverProcesses(join(dataDir, 'postgres'))).toEqual([]);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it('takes back what does not end in time, and ends within 10 s', async () => {
    const dataDir = makeDataDirectory();
    const fluxrate = start(dataDir);
    const api = new GraphqlClient(await fluxrate.ready(), KEY);
    const client = await holdUp(dataDir);
    const inFlight = createCustomer(api, 'ada').catch(() => 'cut off');
    await someoneWaits(client);
    const began = performance.now();
    expect(await fluxrate.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(EXIT_LIMIT_MS);
    expect(serverProcesses(join(dataDir, 'postgres'))).toEqual([]);
    expect(await inFlight).not.toMatchObject({ data: { createCustomer: { externalId: 'ada' } } });
  });

  it.each(['postgres.password', 'postgres/postmaster.pid'])('ends in good order while it is starting (%s)', async (file) => {
    const dataDir = makeDataDirectory();
    const fluxrate = start(dataDir);
    await fluxrate.until(() => existsSync(join(dataDir, file)) || undefined, 'to begin');
    expect(await fluxrate.stop()).toEqual({ code: 0, signal: null });
    expect(fluxrate.stderr).toEqual([]);
    expect(serverProcesses(join(dataDir, 'postgres'))).toEqual([]);
  });
});

describe('a process that is killed', () => {
  it('takes its server with it; the next one starts at once on what was committed', async () => {
    const dataDir = makeDataDirectory();
    const first = start(dataDir);
    const api = new GraphqlClient(await first.ready(), KEY);
    expect((await createCustomer(api, 'ada')).errors).toBeUndefined();
    await first.stop('SIGKILL');

    const second = start(dataDir);
    const next = new GraphqlClient(await second.ready(), KEY);
    expect((await createCustomer(next, 'ada')).errors?.[0].extensions.code).toBe('CONFLICT');
    await second.stop('SIGKILL');
    await serverEnds(dataDir);
  });

  it('ends, too, when its server is killed, and says so; the next one recovers', async () => {
    const dataDir = makeDataDirectory();
    const first = start(dataDir);
    await first.ready();
    process.kill(readPostmasterFile(join(dataDir, 'postgres'))?.pid ?? 0, 'SIGKILL');
    expect(await first.ended()).toEqual({ code: 1, signal: null });
    expect(first.log).toContainEqual(expect.objectContaining({ level: 50, msg: 'the embedded database ended' }));
    const second = start(dataDir);
    expect((await fetch(`${await second.ready()}/health/ready`)).status).toBe(200);
  });
});
