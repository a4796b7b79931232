import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/**
 * Lets node import the TypeScript of the sandbox as jest does: compiled by swc, `.js` standing for `.ts`, and `@jest/globals`
 * answered by our own. The query of a module (its generation) is handed on to what it imports, so that one process can load
 * the code afresh.
 */
const JEST_GLOBALS = new URL('./jest-globals.js', import.meta.url).href;

const compiled = new Map();

export function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: JEST_GLOBALS, shortCircuit: true };
  const isOurs = specifier.startsWith('.') && context.parentURL?.split('?')[0].endsWith('.ts');
  if (!isOurs) return next(specifier, context);
  const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
  url.search = new URL(context.parentURL).search;
  return { url: url.href, shortCircuit: true };
}

export async function load(url, context, next) {
  const [file] = url.split('?');
  if (!file.endsWith('.ts')) return next(url, context);
  if (!compiled.has(file)) compiled.set(file, compile(fileURLToPath(file)));
  return { format: 'module', source: await compiled.get(file), shortCircuit: true };
}

async function compile(filename) {
  const { code } = await transform(await readFile(filename, 'utf8'), { filename, sourceMaps: false });
  return code;
}
