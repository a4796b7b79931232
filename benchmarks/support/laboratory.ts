import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import type { Figure, Lab } from './figures.js';
import { readPostmasterPid } from './processes.js';

export type Part = (lab: Lab) => Promise<Figure[]>;

/**
 * Measures the parts one after the other on a Postgres of their own, prints the figures and writes them to reports/. Arguments
 * of the command name the parts that are wanted; BENCH_SCALE=0.1 makes everything smaller, BENCH_REPEATS repeats less or more,
 * `--full` fills large tables with ten million events instead of one. Rates are the machine's, and whoever else uses it takes
 * part in them; CPU times are hardly disturbed.
 */
export async function measure(name: string, parts: Record<string, Part>): Promise<void> {
  const scale = Number(process['env'].BENCH_SCALE ?? 1);
  const repeats = Number(process['env'].BENCH_REPEATS ?? 5);
  const wanted = process.argv.slice(2).filter((argument) => argument !== '--full');
  const stored = Math.ceil((process.argv.includes('--full') ? 10_000_000 : 1_000_000) * scale);
  const loadBefore = loadavg()[0];
  const dataDir = mkdtempSync(join(tmpdir(), 'fluxrate-bench-'));
  chmodSync(dataDir, 0o755); // Root's server runs as another account, which has to enter.
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => undefined });
  const figures: Figure[] = [];
  try {
    const lab: Lab = { postgres, postgresPid: readPostmasterPid(join(dataDir, 'postgres')), stored, scale, repeats };
    for (const [part, run] of Object.entries(parts)) {
      if (wanted.length > 0 && !wanted.includes(part)) continue;
      const found = await run(lab);
      figures.push(...found);
      for (const figure of found) console.log(lineOf(figure));
    }
  } finally {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  const load = [loadBefore, loadavg()[0]];
  const at = new Date(performance.timeOrigin).toISOString();
  mkdirSync('reports', { recursive: true });
  const file = `reports/${name}-${at.replace(/[:.]/g, '-')}.json`;
  writeFileSync(file, JSON.stringify({ at, node: process.version, stored, scale, repeats, load, figures }, null, 2));
  const goals = figures.filter(({ passes }) => passes !== null);
  const reached = goals.filter(({ passes }) => passes).length;
  console.log(
    `\n${reached} of ${goals.length} goals reached, at a load of ${load.join(' before and ')} after; all figures in ${file}`,
  );
}

function lineOf({ name, value, unit, goal, passes }: Figure): string {
  const verdict = passes === null ? '' : passes ? 'ok' : 'MISSED';
  return `${name.padEnd(62)} ${value.toFixed(value < 10 ? 2 : 0).padStart(9)} ${unit.padEnd(12)} ${(goal ?? '').padEnd(10)} ${verdict}`;
}
