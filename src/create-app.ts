import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { HttpException } from '@nestjs/common';
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { NestFactory } from '@nestjs/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule, type AppOptions } from './app.module.js';
import { serveGraphiql } from './graphiql/serve-graphiql.js';
import { newId } from './platform/database/ids.js';
import { Ndjson, parseJson } from './platform/json.js';

/** A request's body, compressed and not. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const REQUEST_ID = /^[\w-]{8,64}$/;

/** The application, ready to `listen`. The database must be migrated. */
export async function createApp(options: AppOptions): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    // A caller's own id, so that its log and ours can be joined, if it looks like one.
    genReqId: ({ headers }: IncomingMessage) => REQUEST_ID.exec(headers['x-request-id']?.toString() ?? '')?.[0] ?? newId(),
    // Clients whose base URL ends in a slash ask for //sdk/track.
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
    // What the router refuses never reaches the error filter.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      void reply.status(error.statusCode ?? 400).send({ detail: 'The URL is not valid.', code: 'MALFORMED_REQUEST' });
    },
  });
  adapter.getInstance().addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  registerBodyParsers(adapter);
  closeKeptConnections(adapter);
  if (options.graphiqlEnabled) serveGraphiql(adapter.getInstance(), options.clock);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.register(options), adapter, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
    cors: corsFor(options.corsOrigins),
  });
  await app.init();
  return app;
}

/** Pages of these origins may send tokens; cookies are never taken from another origin, nor is the header that guards them. */
const corsFor = (origins: readonly string[]): CorsOptions => ({
  origin: [...origins],
  credentials: false,
  methods: ['GET', 'POST'],
  allowedHeaders: ['authorization', 'content-type', 'x-api-key'],
  maxAge: 600,
});

/** How often a server that is closing looks for connections whose last answer has gone out. */
const SWEEP_MS = 50;

/**
 * Lets `close` end with the last answer. Closing shuts the connections that are idle at that moment; one that is still being
 * answered stays open afterwards, kept for a next request that nobody would answer, until it times out.
 */
function closeKeptConnections(adapter: FastifyAdapter): void {
  const instance = adapter.getInstance();
  instance.addHook('preClose', (done) => {
    const sweep = setInterval(() => instance.server.closeIdleConnections(), SWEEP_MS);
    instance.server.once('close', () => clearInterval(sweep));
    done();
  });
}

/** Bodies are read as text, so that numbers keep their digits; gzip is taken in both formats. */
function registerBodyParsers(adapter: FastifyAdapter): void {
  const instance = adapter.getInstance();
  instance.removeContentTypeParser('text/plain');
  const textOf = (body: Buffer, encoding: string | undefined): string => {
    if (encoding === undefined || encoding === 'identity') return decode(body);
    if (encoding !== 'gzip') throw new HttpException('Content-Encoding must be gzip or identity.', 415);
    return decode(inflate(body));
  };
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, parseBody(textOf(body as Buffer, request.headers['content-encoding'])));
    } catch (error) {
      done(error as Error);
    }
  });
  instance.addContentTypeParser('application/x-ndjson', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, new Ndjson(textOf(body as Buffer, request.headers['content-encoding'])));
    } catch (error) {
      done(error as Error);
    }
  });
}

function inflate(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const tooLarge = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new HttpException(tooLarge ? 'The body is too large.' : 'The body is not gzip.', tooLarge ? 413 : 400);
  }
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new HttpException('The body is not UTF-8.', 400);
  }
}

function parseBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new HttpException('The body is not JSON.', 400);
  }
}
