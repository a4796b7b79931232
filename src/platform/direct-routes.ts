import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor, Scope } from '../shared/actor.js';
import { DomainError } from '../shared/errors.js';
import { actorOf, Authenticator } from './auth.js';
import { DomainErrorFilter } from './graphql/domain-error.filter.js';

/** Takes a body in pieces, as they come in, and makes of it what the route works on. */
export interface BodyReader<Body> {
  push(chunk: Buffer): void;
  end(): Body;
}

/** A route past Nest's pipeline, with what it requires declared beside it. */
export interface DirectRoute<Body> {
  method: 'POST';
  url: string;
  requires: Scope;
  /** A reader for each content type. Compressed bodies are inflated before they come to it. */
  bodies: Record<string, () => BodyReader<Body>>;
  /** Answers with JSON text. */
  handle(body: Body, actor: Actor, reply: FastifyReply): Promise<string>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope a direct route requires. */
    requires?: Scope;
  }
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * The hot path: routes registered on the HTTP server itself, since Nest's pipeline costs a small request more than all its own
 * work. The rules are the same: the key is checked before the body is read, the scope is declared with the route, failures
 * leave through the same filter.
 */
@Injectable()
export class DirectRoutes {
  readonly routes: DirectRoute<unknown>[] = [];

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly authenticator: Authenticator,
    private readonly errors: DomainErrorFilter,
  ) {}

  /** To be called while the application starts. */
  register<Body>(route: DirectRoute<Body>): void {
    this.routes.push(route as DirectRoute<unknown>);
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    void server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.setErrorHandler((error, request, reply) => this.errors.answer(error, request, reply));
      for (const [type, reader] of Object.entries(route.bodies)) {
        scope.addContentTypeParser(type, (request: FastifyRequest, payload: Readable) => readBody(request, payload, reader()));
      }
      scope.route({
        method: route.method,
        url: route.url,
        config: { requires: route.requires },
        onRequest: async (request: FastifyRequest & { actor?: Actor }) => {
          request.actor = await actorOf(request.headers, this.authenticator, route.requires);
        },
        handler: async (request, reply) => {
          const { actor } = request as FastifyRequest & { actor: Actor };
          const text = await route.handle(request.body as Body, actor, reply);
          return reply.header('content-type', 'application/json; charset=utf-8').send(text);
        },
      });
    });
  }
}

const tooLarge = (): DomainError => new DomainError('PAYLOAD_TOO_LARGE', 'The body is too large.');

/** Passes the body on as it comes in; the limit holds before and after inflation. */
function readBody<Body>(request: FastifyRequest, payload: Readable, reader: BodyReader<Body>): Promise<Body> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.reject(tooLarge());
  if (encoding === 'identity') return consume(payload, reader);
  if (encoding !== 'gzip') {
    return Promise.reject(new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Content-Encoding must be gzip or identity.'));
  }
  const inflated = createGunzip();
  payload.on('error', (error) => inflated.destroy(error));
  payload.on('aborted', () => inflated.destroy());
  return consume(payload.pipe(inflated), reader).finally(() => payload.unpipe(inflated).resume());
}

function consume<Body>(stream: Readable, reader: BodyReader<Body>): Promise<Body> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const fail = (error: unknown): void => {
      stream.removeListener('data', onData);
      stream.resume();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return fail(tooLarge());
      try {
        reader.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    stream.on('data', onData);
    stream.on('end', () => {
      try {
        resolve(reader.end());
      } catch (error) {
        fail(error);
      }
    });
    stream.on('error', (error: Error & { code?: string }) =>
      fail(error.code?.startsWith('Z_') ? new DomainError('MALFORMED_REQUEST', 'The body is not gzip.') : error),
    );
    stream.on('close', () => fail(new DomainError('MALFORMED_REQUEST', 'The body ended early.')));
  });
}
