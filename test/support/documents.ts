import { readdirSync, readFileSync } from 'node:fs';

const SOURCE_FOLDERS = ['src', 'test', 'docs', 'examples', 'packages', 'benchmarks', 'scripts'];

/** Every file of the project that its documents can speak of: those at the root, and all below the folders of the source. */
export const FILES: string[] = readdirSync('.', { withFileTypes: true }).flatMap((entry) => {
  if (entry.isFile()) return [entry.name];
  if (!SOURCE_FOLDERS.includes(entry.name) && entry.name !== '.ci') return [];
  return readdirSync(entry.name, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => `${file.parentPath}/${file.name}`);
});

export const DOCUMENTS: string[] = FILES.filter((file) => file.endsWith('.md'));
export const CODE: string[] = FILES.filter((file) => /\.(ts|js|cjs)$/.test(file));

export const read = (file: string): string => readFileSync(file, 'utf8');

/** All matches of the expression's first group. */
export const findAll = (text: string, expression: RegExp): string[] => [...text.matchAll(expression)].map((match) => match[1]);

/** The text below a heading, up to the next of the same level or a higher one; a line in a code block is no heading. */
export function section(document: string, heading: string): string {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === heading && line.startsWith('#'));
  if (start === -1) throw new Error(`There is no section "${heading}".`);
  const level = lines[start].indexOf(' ');
  let inCode = false;
  const length = lines.slice(start + 1).findIndex((line) => {
    if (line.startsWith('```')) inCode = !inCode;
    return !inCode && /^#+ /.test(line) && line.indexOf(' ') <= level;
  });
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join('\n');
}

/** The cells of the rows of all tables in a text, without code marks; the heads are left out. */
export const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line, index, lines) => line.startsWith('|') && !/^\|[ -]*-/.test(line) && !/^\|[ -]*-/.test(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );

/** The anchors that a Markdown document's headings get on the web. */
export function anchorsOf(document: string): Set<string> {
  const prose = document.replaceAll(/^```[\s\S]*?^```/gm, '');
  return new Set(
    findAll(prose, /^#+ (.+)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
