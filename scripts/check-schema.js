/** Fails when schema.gql is not what the resolvers declare, showing the first line that differs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'fluxrate-schema-'));
try {
  const file = join(folder, 'schema.gql');
  execFileSync(process.execPath, ['dist/src/emit-schema.js', file], { stdio: 'inherit' });
  const declared = readFileSync(file, 'utf8').split('\n');
  const kept = readFileSync('schema.gql', 'utf8').split('\n');
  const line = Array.from({ length: Math.max(declared.length, kept.length) }).findIndex((_, n) => declared[n] !== kept[n]);
  if (line >= 0) {
    console.error(
      `schema.gql is not up to date: npm run schema:emit\n  line ${line + 1}: ${kept[line]}\n  declared: ${declared[line]}`,
    );
    process.exitCode = 1;
  } else console.log('schema.gql is up to date');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
