import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../shared/clock.js';
import { exampleOperations } from './examples.js';

/** What the page loads, all of it from here; the build puts the libraries beside the page. */
const FILES = ['page.js', 'react.production.min.js', 'react-dom.production.min.js', 'graphiql.min.js', 'graphiql.min.css'];
const CONTENT_TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** The editor sets styles from scripts, and its style sheet brings its fonts along. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** Serves GraphiQL at /graphiql, to anyone: it holds no data, and what it sends needs an API key. */
export function serveGraphiql(server: FastifyInstance, clock: Clock): void {
  serveFile(server, '/graphiql', 'page.html');
  for (const file of FILES) serveFile(server, `/graphiql/${file}`, file);
  server.get('/graphiql/examples.json', (_request, reply) =>
    reply.headers(SECURITY_HEADERS).send(exampleOperations(clock.now())),
  );
}

function serveFile(server: FastifyInstance, path: string, file: string): void {
  const type = `${CONTENT_TYPES[extname(file)]}; charset=utf-8`;
  server.get(path, async (_request, reply) =>
    reply
      .headers(SECURITY_HEADERS)
      .type(type)
      .send(await readFile(new URL(file, import.meta.url))),
  );
}
