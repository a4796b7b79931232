import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { extendSchema, getOperationAST, parse, type GraphQLError, type GraphQLSchema } from 'graphql';
import { CloseCode, type Context, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Actor, Scope } from '../../shared/actor.js';
import { DomainError } from '../../shared/errors.js';
import { actorOf, Authenticator } from '../auth.js';
import { domainErrorOf } from '../database/constraint-errors.js';
import { Log } from '../log.js';
import { graphqlError } from './domain-error.filter.js';

/** A field of `LiveUpdates`: what happens, as it happens. */
export interface LiveField<Args, Item> {
  name: string;
  requires: Scope;
  /** Throws, before anything is sent, when the actor may not have it. */
  open(actor: Actor, args: Args, signal: AbortSignal): Promise<AsyncIterable<Item>>;
}

/** Adds GraphQL's root of subscriptions to a schema: under a name of its own, since `Subscription` is a customer's contract here. */
export const withLiveUpdates =
  (declarations: string) =>
  (schema: GraphQLSchema): GraphQLSchema =>
    extendSchema(schema, parse(`${declarations} extend schema { subscription: LiveUpdates }`));

const MAX_MESSAGE_BYTES = 65_536;
const MAX_SUBSCRIPTIONS = 100;
const GRAPHQL_PATH = /^\/+graphql\/?(\?|$)/;

interface ConnectionExtra extends Record<PropertyKey, unknown> {
  request: { headers: Record<string, string | string[] | undefined> };
}

/** Serves `LiveUpdates` over WebSocket (protocol graphql-transport-ws), on the path of GraphQL. */
@Injectable()
export class LiveUpdates implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly fields: LiveField<never, unknown>[] = [];
  private dispose: (() => void | Promise<void>) | null = null;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModuleRef,
    private readonly authenticator: Authenticator,
    private readonly log: Log,
  ) {}

  /** To be called while the application starts. */
  add<Args, Item>(field: LiveField<Args, Item>): void {
    this.fields.push(field);
  }

  onApplicationBootstrap(): void {
    const { schema } = this.modules.get(GraphQLSchemaHost, { strict: false });
    const root = schema.getSubscriptionType()?.getFields() ?? {};
    for (const field of this.fields) {
      root[field.name].subscribe = (_source, args, context: { headers: ConnectionExtra['request']['headers'] }) =>
        this.stream(field, args as never, context.headers);
    }
    const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
    const server = this.host.httpAdapter.getHttpServer() as Server;
    const upgrade = (request: Parameters<typeof sockets.handleUpgrade>[0], socket: Duplex, head: Buffer): void => {
      if (GRAPHQL_PATH.test(request.url ?? '')) {
        sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
      } else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
    };
    server.on('upgrade', upgrade);
    const served = useServer<Record<string, unknown>, ConnectionExtra>(
      {
        schema,
        onConnect: async (context) => {
          await actorOf(headersOf(context), this.authenticator, 'any').catch((error: unknown) => {
            if (error instanceof DomainError && error.code === 'UNAUTHENTICATED')
              return context.extra.socket.close(CloseCode.Forbidden, 'Forbidden');
            throw error;
          });
          return true;
        },
        context: (context) => ({ headers: headersOf(context) }),
        onSubscribe: (context, _id, payload) => refusal(context, payload),
        onError: (_context, _id, _payload, errors) => errors.map((error) => this.shown(error)),
      },
      sockets,
    );
    this.dispose = () => served.dispose();
  }

  /** Open streams would keep the server from closing. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.dispose?.();
  }

  /** A generator that waits hears of its end only with the next item; the signal wakes it up. */
  private stream(
    field: LiveField<never, unknown>,
    args: never,
    headers: ConnectionExtra['request']['headers'],
  ): AsyncIterableIterator<Record<string, unknown>> {
    const ended = new AbortController();
    const items = this.items(field, args, headers, ended.signal);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => items.next(),
      return: () => {
        ended.abort();
        return items.return(undefined);
      },
    };
  }

  /** The key is checked at the start and with every item: a stream ends with its key. */
  private async *items(
    field: LiveField<never, unknown>,
    args: never,
    headers: ConnectionExtra['request']['headers'],
    signal: AbortSignal,
  ): AsyncGenerator<Record<string, unknown>, void> {
    try {
      const actor = await actorOf(headers, this.authenticator, field.requires);
      for await (const item of await field.open(actor, args, signal)) {
        await actorOf(headers, this.authenticator, field.requires);
        yield { [field.name]: item };
      }
    } catch (error) {
      throw this.explained(error);
    }
  }

  private explained(thrown: unknown): GraphQLError {
    const error = domainErrorOf(thrown);
    if (error instanceof DomainError) return graphqlError(error);
    this.log.error({ err: error }, 'unexpected error');
    return graphqlError(new DomainError('INTERNAL_ERROR', 'Something went wrong on our side.'));
  }

  private shown(error: GraphQLError): ReturnType<GraphQLError['toJSON']> {
    return { ...error.toJSON(), extensions: error.extensions.code ? error.extensions : { code: 'VALIDATION_FAILED' } };
  }
}

/** The key is given with the connection's parameters, as browsers can set no headers, or in a header. */
function headersOf({ connectionParams, extra }: Context<Record<string, unknown>, ConnectionExtra>): Record<string, string> {
  const given = { ...extra.request.headers, ...connectionParams };
  const lower = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]);
  return Object.fromEntries(
    lower.filter(([name, value]) => /^(x-api-key|authorization)$/.test(String(name)) && typeof value === 'string'),
  );
}

/** Queries and mutations have their guards on the way over HTTP alone. */
function refusal(
  context: Context<Record<string, unknown>, ConnectionExtra>,
  { query, operationName }: SubscribePayload,
): GraphQLError[] | undefined {
  const refuse = (message: string): GraphQLError[] => [graphqlError(new DomainError('VALIDATION_FAILED', message))];
  if (Object.keys(context.subscriptions).length > MAX_SUBSCRIPTIONS)
    return refuse(`A connection has at most ${MAX_SUBSCRIPTIONS} subscriptions.`);
  try {
    const operation = getOperationAST(parse(query, { maxTokens: 1_000 }), operationName);
    return operation && operation.operation !== 'subscription' ? refuse('Send queries and mutations over HTTP.') : undefined;
  } catch {
    return refuse('The document is not GraphQL.');
  }
}
