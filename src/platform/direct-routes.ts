import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../shared/actor.js';
import { DomainError } from '../shared/errors.js';
import { actorOf, Authenticator, requirementOf } from './auth.js';
import { DomainErrorFilter } from './graphql/domain-error.filter.js';

/** Takes a body in pieces, as they come in, and makes of it what the route works on. */
export interface BodyReader<Body> {
  push(chunk: Buffer): void;
  end(): Body;
}

/** A reader for each content type. Compressed bodies are inflated before they come to it. */
export type BodyReaders<Body> = Record<string, () => BodyReader<Body>>;

/** The parameters of a request's address; one that is given twice is a list. */
export type Query = Record<string, unknown>;

/** A body that is made sense of when all of it has come. */
export class WholeBody<Body> implements BodyReader<Body> {
  private readonly chunks: Buffer[] = [];

  constructor(private readonly read: (text: string) => Body) {}

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  end(): Body {
    try {
      return this.read(UTF8.decode(Buffer.concat(this.chunks)));
    } catch (error) {
      throw error instanceof TypeError ? new DomainError('MALFORMED_REQUEST', 'The body is not UTF-8.') : error;
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Answers with JSON text. */
export type DirectHandler<Body> = (body: Body, actor: Actor, reply: FastifyReply) => Promise<string>;

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * The hot path: routes registered on the HTTP server itself, since Nest's pipeline costs a small request more than all its own
 * work. They are declared by the decorators of any controller and the rules are the same: the key is checked, before the body
 * is read, for the scope that the method declares, and failures leave through the same filter.
 */
@Injectable()
export class DirectRoutes {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly errors: DomainErrorFilter,
  ) {}

  /** Serves a method of `owner` that is declared with `@Post` and `@Requires`. To be called while the application starts. */
  register<Name extends string, Body>(owner: Record<Name, DirectHandler<Body>>, name: Name, bodies: BodyReaders<Body>): void {
    const { method, required, url } = this.declared(owner, name);
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    void server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.setErrorHandler((error, request, reply) => this.errors.answer(error, request, reply));
      for (const [type, reader] of Object.entries(bodies)) {
        scope.addContentTypeParser(type, (request: FastifyRequest, payload: Readable) => readBody(request, payload, reader()));
      }
      scope.route({
        method: 'POST',
        url,
        onRequest: async (request: FastifyRequest & { actor?: Actor }) => {
          request.actor = await actorOf(request.headers, this.authenticator, required);
        },
        handler: async (request, reply) => {
          const { actor } = request as FastifyRequest & { actor: Actor };
          const text = await method.call(owner, request.body as Body, actor, reply);
          return reply.header('content-type', 'application/json; charset=utf-8').send(text);
        },
      });
    });
  }

  /** As `register`, for a method that is declared with `@Get`. */
  registerGet<Name extends string>(owner: Record<Name, DirectHandler<Query>>, name: Name): void {
    const { method, required, url } = this.declared(owner, name);
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    void server.register(async (scope) => {
      scope.setErrorHandler((error, request, reply) => this.errors.answer(error, request, reply));
      scope.route({
        method: 'GET',
        url,
        handler: async (request, reply) => {
          const actor = await actorOf(request.headers, this.authenticator, required);
          const text = await method.call(owner, request.query as Query, actor, reply);
          return reply.header('content-type', 'application/json; charset=utf-8').send(text);
        },
      });
    });
  }

  private declared<Name extends string, Body>(
    owner: Record<Name, DirectHandler<Body>>,
    name: Name,
  ): { method: DirectHandler<Body>; required: ReturnType<typeof requirementOf>; url: string } {
    const method = owner[name];
    const path = [owner.constructor, method].map((target) => this.reflector.get<string>(PATH_METADATA, target)).join('/');
    return { method, required: requirementOf(this.reflector, method), url: `/${path}` };
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
    let isOver = false;
    const fail = (error: unknown): void => {
      isOver = true;
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
      isOver = true;
      try {
        resolve(reader.end());
      } catch (error) {
        fail(error);
      }
    });
    stream.on('error', (error: Error & { code?: string }) =>
      fail(error.code?.startsWith('Z_') ? new DomainError('MALFORMED_REQUEST', 'The body is not gzip.') : error),
    );
    stream.on('close', () => {
      // An error costs more than all else here: none is made in vain.
      if (!isOver) fail(new DomainError('MALFORMED_REQUEST', 'The body ended early.'));
    });
  });
}
