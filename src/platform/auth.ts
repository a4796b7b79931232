import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { GraphQLResolveInfo } from 'graphql';
import { may, type Actor, type Scope } from '../shared/actor.js';
import { DomainError } from '../shared/errors.js';
import { sessionOf } from './session-cookie.js';
import type { RequestContext } from './graphql/request-context.js';

const REQUIRED = 'fluxrate:required-scope';

/** Declares beside an operation what it needs: a scope, `any` for any valid key, or `public` for operations without a key. */
export const Requires = (scope: Scope | 'any' | 'public'): MethodDecorator => SetMetadata(REQUIRED, scope);

/** What a handler declares to need; undefined: nothing is declared. */
export const requirementOf = (reflector: Reflector, handler: object): Scope | 'any' | 'public' | undefined =>
  reflector.get<Scope | 'any' | 'public' | undefined>(REQUIRED, handler as never);

/** Turns a key into an actor. Implemented by organizations; null: no such key, or it is revoked or expired. */
export abstract class Authenticator {
  abstract authenticate(secret: string): Promise<Actor | null>;
}

interface RequestWithActor {
  headers: Record<string, string | string[] | undefined>;
  actor?: Actor;
}

/** A request that has passed the guard. */
export type AuthenticatedRequest = FastifyRequest & { actor: Actor };

/** The API key of a request: `X-API-Key`, or `Authorization: Bearer`. */
export function apiKeyOf(headers: RequestWithActor['headers']): string | null {
  const key = headers['x-api-key'];
  if (typeof key === 'string' && key !== '') return key;
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization?.toString() ?? '');
  return bearer ? bearer[1] : null;
}

/** The secret of a request: its API key or token, else the session of a browser. */
export const secretOf = (headers: RequestWithActor['headers']): string | null => apiKeyOf(headers) ?? sessionOf(headers);

/** Guards every operation by what it declares; one that declares nothing is refused. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const required = requirementOf(this.reflector, context.getHandler());
    const isGraphql = context.getType<string>() === 'graphql';
    if (isGraphql) noteOperation(context);
    if (required === 'public') return true;
    if (isGraphql) {
      const request = context.getArgByIndex<RequestContext>(2);
      return check(request.actor, required);
    }
    return this.guardRequest(context.switchToHttp().getRequest<RequestWithActor>(), required);
  }

  private async guardRequest(request: RequestWithActor, required: Scope | 'any' | undefined): Promise<boolean> {
    request.actor = await actorOf(request.headers, this.authenticator, required);
    return true;
  }
}

/** Mutations of a request run one after the other: what changes from here on is this one's doing. */
function noteOperation(context: ExecutionContext): void {
  const { parentType, fieldName } = context.getArgByIndex<GraphQLResolveInfo>(3);
  if (parentType.name === 'Mutation') context.getArgByIndex<RequestContext>(2).trail.operation = fieldName;
}

/** Who sends a request with these headers. Throws UNAUTHENTICATED, or FORBIDDEN when the scope is not his. */
export async function actorOf(
  headers: RequestWithActor['headers'],
  authenticator: Authenticator,
  required: Scope | 'any' | 'public' | undefined,
): Promise<Actor> {
  const secret = secretOf(headers);
  const actor = secret === null ? null : await authenticator.authenticate(secret);
  if (!actor) throw new DomainError('UNAUTHENTICATED', 'Send a valid API key as X-API-Key or Authorization: Bearer.');
  check(actor, required);
  return actor;
}

function check(actor: Actor, required: Scope | 'any' | 'public' | undefined): boolean {
  if (required === 'any' || required === 'public' || (required !== undefined && may(actor, required))) return true;
  throw new DomainError('FORBIDDEN', required ? `This needs the scope ${required}.` : 'This operation is not open to API keys.');
}
