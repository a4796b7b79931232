/** Where the embedded server's programs and data lie, and the account it runs as. */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { hasCode } from './embedded-postgres-processes.js';

/** A system account. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Where a cluster is or is to be created. */
export interface ClusterPlace {
  /** Real path of the cluster. */
  path: string;
  exists: boolean;
  /** Symbolic link to make once the cluster exists, when it had to be placed elsewhere. */
  link: string | null;
  /** Who runs the server; null: whoever runs Fluxrate. */
  account: Account | null;
}

const executable = process.platform === 'win32' ? '.exe' : '';

/** Path of a server program in a `native` directory. */
export function program(native: string, name: 'initdb' | 'pg_ctl' | 'postgres'): string {
  return join(native, 'bin', `${name}${executable}`);
}

/**
 * The account a server started by root runs as, from the text of `/etc/passwd`: `postgres` if there is one, else `nobody`.
 * @throws Error when there is neither.
 */
export function chooseAccount(passwd: string): Account {
  const rows = passwd.split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const row = rows.find(([login]) => login === name);
    if (row) return { name, uid: Number(row[2]), gid: Number(row[3]) };
  }
  throw new Error('PostgreSQL does not run as root, and this system has neither an account "postgres" nor "nobody"');
}

/** True when `account` may do `wanted` (4 read, 1 execute or enter; summed) with an existing file of these attributes. */
export function permits(account: Account, file: { uid: number; gid: number; mode: number }, wanted: number): boolean {
  const shift = file.uid === account.uid ? 6 : file.gid === account.gid ? 3 : 0;
  return ((file.mode >> shift) & wanted) === wanted;
}

/** True when `account` may enter every directory on the way to `path`, and do `wanted` with `path` itself. */
export async function canReach(account: Account, path: string, wanted: number): Promise<boolean> {
  const real = await realpath(path);
  if (!permits(account, await stat(real), wanted)) return false;
  for (let folder = real; folder !== dirname(folder);) {
    folder = dirname(folder);
    if (!permits(account, await stat(folder), 1)) return false;
  }
  return true;
}

/**
 * The `native` directory (bin, lib, share) of the installed platform package of `embedded-postgres`.
 * @throws Error when there is none for this platform.
 */
export function findNativeDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Seen from embedded-postgres, whose dependency it is: package managers need not show it to us.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return resolve(dirname(createRequire(wrapper).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(`no embedded PostgreSQL for this platform: the package ${name} is not installed`, { cause });
  }
}

/** Makes the programs executable and creates the library links, which npm packages cannot hold; touches only what lacks. */
async function completeBinaries(native: string): Promise<void> {
  for (const name of ['initdb', 'pg_ctl', 'postgres'] as const) {
    const { mode } = await stat(program(native, name));
    if ((mode & 0o111) !== 0o111) await chmod(program(native, name), mode | 0o555);
  }
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const linkPath = resolve(native, '..', target);
    const present = await lstat(linkPath).catch(() => null);
    if (present) continue;
    await symlink(relative(dirname(target), source), linkPath).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  }
}

/** Lets everyone read the tree, and enter or run what its owner may. */
async function openToAll(path: string): Promise<void> {
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = join(entry.parentPath, entry.name);
    const { mode } = await stat(file);
    await chmod(file, mode | (mode & 0o100 ? 0o555 : 0o444));
  }
  await chmod(path, 0o755);
}

async function makeOpenDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true });
  if (made) await chmod(path, 0o755);
}

/** A directory of ours for program copies: `stateDir`, else one in the temporary directory that nobody else can write. */
async function copiesDirectory(stateDir: string): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  for (const folder of [stateDir, join(tmpdir(), `fluxrate-${uid}`)]) {
    try {
      await makeOpenDirectory(folder);
      await access(folder, constants.W_OK);
      const found = await lstat(folder);
      if (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0) return folder;
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST')) throw error;
    }
  }
  const fresh = await mkdtemp(join(tmpdir(), 'fluxrate-'));
  await chmod(fresh, 0o755);
  return fresh;
}

/** Copies the programs once; later calls find the copy. Safe when several processes do so at a time. */
async function copyBinaries(native: string, stateDir: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const { size, mtimeMs } = await stat(program(native, 'postgres'));
  const key = createHash('sha256').update(`${native}\n${size}\n${mtimeMs}`).digest('hex').slice(0, 16);
  const target = join(await copiesDirectory(stateDir), `postgresql-${manifest.version}-${key}`);
  const found = await stat(target).catch(() => null);
  if (found) return join(target, 'native');
  const scratch = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await cp(native, join(scratch, 'native'), { recursive: true, verbatimSymlinks: true });
    await completeBinaries(join(scratch, 'native'));
    await openToAll(scratch);
    await rename(scratch, target).catch((error: unknown) => {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return join(target, 'native');
}

/**
 * A `native` directory whose programs `account` (null: the present one) can run: the installed one, or a copy of it in
 * `stateDir` when the account cannot reach it or the installation is incomplete and read-only.
 */
export async function prepareBinaries(
  native: string,
  account: Account | null,
  stateDir: string,
  log: (line: string) => void,
): Promise<string> {
  try {
    await completeBinaries(native);
    if (!account) return native;
    const needed: [string, number][] = [
      [program(native, 'postgres'), 5],
      [join(native, 'lib'), 5],
      [join(native, 'share', 'postgresql'), 5],
    ];
    const reached = await Promise.all(needed.map(([path, wanted]) => canReach(account, path, wanted)));
    if (reached.every(Boolean)) return native;
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
  }
  const copy = await copyBinaries(native, stateDir);
  if (account && !(await canReach(account, program(copy, 'postgres'), 5))) {
    throw new Error(`the account ${account.name}, which runs PostgreSQL for root, can enter neither ${native} nor ${copy}`);
  }
  log(
    `PostgreSQL runs from ${copy}, since ${account ? `the account ${account.name} cannot reach` : 'nobody may complete'} ${native}`,
  );
  return copy;
}

async function chownAll(path: string, account: Account): Promise<void> {
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
  await chown(path, account.uid, account.gid);
}

/**
 * Decides where the cluster of `dataDir` (a real path) lies. For an ordinary user that is `<dataDir>/postgres`. Root's server
 * runs as `account`, or as the owner of a cluster that exists; if that account cannot enter `dataDir`, the cluster lies in
 * `<stateDir>/clusters` and `<dataDir>/postgres` is a symbolic link to it.
 * @throws Error when what is there is no cluster, or the account cannot be given a reachable one.
 */
export async function placeCluster(dataDir: string, account: Account | null, stateDir: string): Promise<ClusterPlace> {
  const usual = join(dataDir, 'postgres');
  const present = await lstat(usual).catch(() => null);
  const path = await realpath(usual).catch(() => null);
  if (present && !path)
    throw new Error(
      `${usual} links to a place that is gone or closed to this user: bring it back, or delete the link to start afresh`,
    );
  const content = path ? await readdir(path) : [];
  if (path && content.length > 0) {
    if (!content.includes('PG_VERSION')) throw new Error(`${usual} is not empty and no PostgreSQL cluster`);
    const owner = await ownerOf(path, account);
    if (!owner || (await canReach(owner, path, 5))) return { path, exists: true, link: null, account: owner };
    if (present?.isSymbolicLink())
      throw new Error(`the account ${owner.name}, which runs PostgreSQL for root, cannot enter ${path}`);
    const moved = await moveCluster(path, await externalPath(stateDir, owner), usual);
    return { path: moved, exists: true, link: null, account: owner };
  }
  if (!account || (await canReach(account, dataDir, 1))) return { path: path ?? usual, exists: false, link: null, account };
  return { path: await externalPath(stateDir, account), exists: false, link: usual, account };
}

/** As root: the account that owns the cluster; one that root owns (restored from a backup, say) is handed to `account`. */
async function ownerOf(path: string, account: Account | null): Promise<Account | null> {
  if (!account) return null;
  const { uid, gid } = await stat(path);
  if (uid !== 0) return uid === account.uid ? account : { name: `number ${uid}`, uid, gid };
  await chownAll(path, account);
  return account;
}

async function externalPath(stateDir: string, account: Account): Promise<string> {
  const folder = join(stateDir, 'clusters');
  await makeOpenDirectory(stateDir);
  await makeOpenDirectory(folder);
  if (await canReach(account, folder, 1)) return join(await realpath(folder), randomBytes(8).toString('hex'));
  throw new Error(
    `the account ${account.name}, which runs PostgreSQL for root, cannot enter ${folder}: choose a data directory it can enter`,
  );
}

/** Moves a cluster that its account can no longer reach, and leaves a link in its place. */
async function moveCluster(from: string, to: string, usual: string): Promise<string> {
  await rename(from, to).catch((cause: unknown) => {
    throw new Error(`${basename(from)} cannot be moved from ${dirname(from)}, which its account cannot enter, to ${to}`, {
      cause,
    });
  });
  await symlink(to, usual);
  return to;
}
