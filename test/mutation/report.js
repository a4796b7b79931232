/**
 * Prints what mutation testing found, file by file, and each mutant that lives. Exits 1 when fewer than 90 % were killed. All
 * mutants count, those too that change nothing a test could see (docs/mutation-testing.md says which live, and why).
 */
import { readFile } from 'node:fs/promises';

const LEAST_SCORE = 90;
const KILLED = ['Killed', 'Timeout'];
const LIVES = ['Survived', 'NoCoverage'];

const { files } = JSON.parse(await readFile('reports/mutation.json', 'utf8'));
const rows = Object.entries(files)
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([file, { source, mutants }]) => ({
    file,
    killed: mutants.filter(({ status }) => KILLED.includes(status)).length,
    alive: mutants.filter(({ status }) => LIVES.includes(status)).map((mutant) => textOf(mutant, source.split('\n'))),
  }))
  .filter(({ killed, alive }) => killed + alive.length > 0);
const all = { killed: rows.reduce((sum, row) => sum + row.killed, 0), alive: rows.flatMap((row) => row.alive) };

console.table(
  Object.fromEntries(
    [...rows, { file: 'all', ...all }].map(({ file, killed, alive }) => [
      file,
      { mutants: killed + alive.length, killed, alive: alive.length, score: scoreOf(killed, alive) },
    ]),
  ),
);
for (const { file, alive } of rows) for (const text of alive) console.log(`${file}:${text}`);

const score = scoreOf(all.killed, all.alive);
console.log(`${score} % of ${all.killed + all.alive.length} mutants killed; at least ${LEAST_SCORE} % are asked for.`);
if (score < LEAST_SCORE) process.exitCode = 1;

function textOf({ mutatorName, replacement, location: { start, end } }, lines) {
  const taken = lines.slice(start.line - 1, end.line);
  taken[taken.length - 1] = taken.at(-1).slice(0, end.column - 1);
  taken[0] = taken[0].slice(start.column - 1);
  return `${start.line} ${mutatorName}: ${oneLine(taken.join('\n'))} → ${oneLine(replacement)}`;
}

function oneLine(text) {
  return text.replace(/\s+/g, ' ').trim();
}

/** In per cent, rounded down: 89.99 is not 90. */
function scoreOf(killed, alive) {
  return Math.floor((1000 * killed) / (killed + alive.length)) / 10;
}
