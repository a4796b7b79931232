/** Running the server's programs, and creating a cluster with them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { createInterface } from 'node:readline';
import { type Account, type ClusterPlace, program } from './embedded-postgres-host.js';
import { hasCode } from './embedded-postgres-processes.js';

/** Name of the database and of its superuser. */
export const DATABASE_NAME = 'fluxrate';

/**
 * What a server program gets to see: nothing of Fluxrate's own environment, which may hold secrets. (On Windows, Node adds what
 * the system itself needs.)
 */
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' };

/** Runs a program in a directory every account can enter, as `account`. */
export function run(command: string, args: string[], account: Account | null, detached: boolean): ChildProcess {
  return spawn(command, args, {
    cwd: parse(process.cwd()).root,
    env: ENVIRONMENT,
    detached,
    windowsHide: true,
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  });
}

/** Hands every line the program prints to `onLine`. */
export function eachLine(child: ChildProcess, stream: 'stdout' | 'stderr', onLine: (line: string) => void): void {
  const input = child[stream];
  if (input) createInterface({ input }).on('line', onLine);
}

/** The superuser's password: made at the first start, kept in `<dataDir>/postgres.password`, which only its owner may read. */
export async function loadPassword(dataDir: string, clusterExists: boolean): Promise<string> {
  const file = join(dataDir, 'postgres.password');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    if (clusterExists)
      throw new Error(`${file} is missing, and without it the database cannot be opened: restore it`, { cause: error });
  }
  const password = randomBytes(24).toString('base64url');
  await rm(`${file}.tmp`, { force: true });
  await writeFile(`${file}.tmp`, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true });
  await rename(`${file}.tmp`, file);
  await syncDirectory(dataDir);
  await syncDirectory(dirname(dataDir));
  return password;
}

/** Makes new names in a directory survive a power cut. Windows has no such call and needs none. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates the cluster under another name, so that one which stands at its place is whole. */
export async function initialise(place: ClusterPlace, native: string, password: string): Promise<void> {
  // A name of its own: the initdb of a process that was killed may still be at work in the last one.
  const beginning = `${basename(place.path)}.tmp-`;
  for (const name of await readdir(dirname(place.path))) {
    if (name.startsWith(beginning)) await rm(join(dirname(place.path), name), { recursive: true, force: true });
  }
  const scratch = join(dirname(place.path), `${beginning}${randomBytes(6).toString('hex')}`);
  const passwordFile = `${scratch}.password`;
  try {
    await mkdir(scratch, { mode: 0o700 });
    await chmod(scratch, 0o700);
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    if (place.account) {
      await chown(scratch, place.account.uid, place.account.gid);
      await chown(passwordFile, place.account.uid, place.account.gid);
    }
    const args = [
      '-D',
      scratch,
      '-U',
      DATABASE_NAME,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ];
    args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
    await runInitdb(program(native, 'initdb'), args, place.account);
    await rename(scratch, place.path);
    await syncDirectory(dirname(place.path));
    if (place.link) {
      await symlink(place.path, place.link);
      await syncDirectory(dirname(place.link));
    }
  } finally {
    await rm(passwordFile, { force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

function runInitdb(command: string, args: string[], account: Account | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = run(command, args, account, false);
    const tail: string[] = [];
    child.stdin?.end();
    child.stdout?.resume();
    eachLine(child, 'stderr', (line) => void tail.splice(0, tail.push(line) - 20));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the database cluster could not be created (initdb ended with ${code}):\n${tail.join('\n')}`));
    });
  });
}
