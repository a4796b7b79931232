/** Which processes use a data directory: the lock of the owning Fluxrate, and servers that an earlier run left behind. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;
const hasProc = existsSync('/proc/self/stat');

/** True for a Node system error with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  // No `instanceof Error`: errors of another realm, as under a test runner, are meant too.
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}

/** Asks `done` every 50 ms until it says true; false when `milliseconds` passed before that. */
export async function waitUntil(done: () => boolean, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (!done()) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Sends a signal (0 only asks); false when there is no such process. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/**
 * What tells this process from a later one that was given the same number: boot and start time. Null when no such process
 * lives (one that was killed but not yet reaped by its parent counts as dead). Empty where the system cannot say.
 */
export function processStamp(pid: number): string | null {
  if (!signal(pid, 0)) return null;
  try {
    if (!hasProc) return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    // The command name, in parentheses, may hold blanks: the fields are counted from behind it (state is field 3).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
  } catch {
    return signal(pid, 0) ? '' : null;
  }
}

async function readLock(file: string): Promise<string> {
  // The owner creates the file and fills it in two steps: give it a moment for the second.
  for (let tries = 0; ; tries++) {
    const text = await readFile(file, 'utf8');
    if (text.endsWith('\n') || tries === 10) return text;
    await sleep(POLL_MS);
  }
}

/** Takes a dead owner's lock away, and puts it back if another process renewed it meanwhile. */
async function discardStaleLock(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  await rename(file, aside);
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, file);
  await unlink(aside);
}

/**
 * Takes the lock file: at most one living process holds it. A lock whose owner is dead, or whose process number now belongs to
 * another process, is taken over.
 * @returns gives the lock back; harmless when repeated.
 * @throws Error naming the process that uses `what` (shown to the operator).
 */
export async function acquireLock(file: string, what: string): Promise<() => Promise<void>> {
  const mine = `${process.pid}\n${processStamp(process.pid) ?? ''}\n`;
  for (;;) {
    try {
      await writeFile(file, mine, { flag: 'wx', mode: 0o644 });
      break;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    try {
      const text = await readLock(file);
      const [pid, stamp] = text.split('\n');
      if (Number(pid) > 0 && processStamp(Number(pid)) === stamp) {
        throw new Error(`another Fluxrate, process ${pid}, is using ${what}`);
      }
      await discardStaleLock(file, text);
    } catch (error) {
      // ENOENT, EEXIST: someone else was quicker to remove or renew the lock. Look again.
      if (!hasCode(error, 'ENOENT', 'EEXIST')) throw error;
    }
  }
  return async () => {
    const held = await readFile(file, 'utf8').catch(() => '');
    if (held === mine) await rm(file, { force: true });
  };
}

/** What a server says about itself in `postmaster.pid`: process number, TCP port, status. Null without such a file. */
export function readPostmasterFile(cluster: string): { pid: number; port: number; status: string } | null {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** The server processes that work in `cluster` (a real path), main process and sessions. */
export function serverProcesses(cluster: string): number[] {
  if (hasProc)
    return readdirSync('/proc')
      .filter(isNumber)
      .map(Number)
      .filter((pid) => worksIn(pid, cluster));
  const pid = readPostmasterFile(cluster)?.pid ?? 0;
  try {
    const command = pid > 0 ? execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }) : '';
    return command.includes(cluster) ? [pid] : [];
  } catch {
    return [];
  }
}

function isNumber(name: string): boolean {
  return /^[0-9]+$/.test(name);
}

/** Every server process has the cluster as its working directory (and an administrator's shell may have it too). */
function worksIn(pid: number, cluster: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === cluster && basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('postgres');
  } catch {
    return false;
  }
}

/**
 * Makes sure that no server of a dead Fluxrate works in `cluster`: waits for one that is shutting down, then asks it, then
 * forces it (crash recovery follows). Call it only with the lock held.
 * @throws Error when the server cannot be stopped.
 */
export async function clearLeftovers(cluster: string, log: (line: string) => void): Promise<void> {
  const gone = (): boolean => serverProcesses(cluster).length === 0;
  const recorded = readPostmasterFile(cluster)?.pid ?? 0;
  const signalServer = (name: NodeJS.Signals): void => {
    const pids = serverProcesses(cluster);
    for (const pid of pids.includes(recorded) ? [recorded] : pids) signal(pid, name);
  };
  if (!gone()) {
    log(`a server of an earlier run (process ${recorded}) still works in ${cluster}: waiting for it to stop`);
    if (!(await waitUntil(gone, 5_000))) signalServer('SIGINT');
    if (!(await waitUntil(gone, 10_000))) signalServer('SIGQUIT');
    if (!(await waitUntil(gone, 10_000))) throw new Error(`the server process ${recorded} in ${cluster} does not stop`);
  }
  // The server would take a foreign process that got the recorded number for a colleague and refuse to start. Nobody works in
  // this cluster, so the record is void. Otherwise the file stays: it lets the server check for itself.
  if (hasProc && recorded > 0 && signal(recorded, 0)) await rm(join(cluster, 'postmaster.pid'), { force: true });
}
