/**
 * Builds dist/: src/ compiled, and beside it what the browser loads for GraphiQL (our page and its libraries), so that it is
 * served without a network and without those packages being installed. Types are the business of `npm run types`.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { transformFile } from '@swc/core';

const OUT = 'dist';
const GRAPHIQL = join('src', 'graphiql');
const GRAPHIQL_LIBRARIES = [
  'react/umd/react.production.min.js',
  'react-dom/umd/react-dom.production.min.js',
  'graphiql/graphiql.min.js',
  'graphiql/graphiql.min.css',
];

/** Folders to build besides src/, such as examples: their data goes along. */
const EXTRA = process.argv.slice(2);

await rm(OUT, { recursive: true, force: true });
const extraFiles = (await Promise.all(EXTRA.map(filesIn))).flat();
const sources = [...(await filesIn('src')), ...extraFiles].filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
await Promise.all([...sources, 'ormconfig.ts'].map(compile));
await Promise.all(extraFiles.filter((file) => !file.endsWith('.ts')).map((file) => cp(file, join(OUT, file))));
await Promise.all([
  ...(await filesIn(GRAPHIQL)).filter((file) => !file.endsWith('.ts')).map((file) => cp(file, join(OUT, file))),
  ...GRAPHIQL_LIBRARIES.map((file) => cp(resolveFile(file), join(OUT, GRAPHIQL, basename(file)))),
]);

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function compile(file) {
  const target = join(OUT, file.replace(/\.ts$/, '.js'));
  const { code, map } = await transformFile(file, { sourceFileName: relative(dirname(target), file) });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, `${code}//# sourceMappingURL=${basename(target)}.map\n`);
  await writeFile(`${target}.map`, map);
}

/** Packages say in `exports` what may be imported; a file for the browser is taken from the folder. */
function resolveFile(file) {
  const [name, ...path] = file.split('/');
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), ...path);
}
