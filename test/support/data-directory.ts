import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** An empty data directory. Root's server runs as another account, which has to be able to enter. */
export function makeDataDirectory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'fluxrate-process-')));
  chmodSync(path, 0o755);
  made.push(path);
  return path;
}

/** Removes what was made; their servers must have stopped. */
export function removeDataDirectories(): void {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
}
