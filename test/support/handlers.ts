import { ModulesContainer } from '@nestjs/core';
import type { TestApp } from './test-app.js';

export interface Handler {
  kind: string;
  name: string;
  method: string;
  scope: unknown;
}

/** Every method that Nest routes requests to, with what it declares: operations, fields that a resolver makes, REST routes. */
export function handlersOf(app: TestApp): Handler[] {
  const modules = [...app.nest.get(ModulesContainer).values()];
  const classes = modules.flatMap((module) => [...module.providers.values(), ...module.controllers.values()]);
  const handlers = new Map<unknown, Handler>();
  for (const { metatype } of classes) {
    const prototype = (metatype as { prototype?: object } | null)?.prototype;
    if (!prototype) continue;
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const method = Object.getOwnPropertyDescriptor(prototype, key)?.value as object | undefined;
      if (typeof method !== 'function' || key === 'constructor') continue;
      const handler = handlerOf(metatype as object, method, key);
      if (handler) handlers.set(method, handler);
    }
  }
  return [...handlers.values()];
}

function handlerOf(type: object, method: object, key: string): Handler | null {
  const scope: unknown = Reflect.getMetadata('fluxrate:required-scope', method);
  const kind = Reflect.getMetadata('graphql:resolver_type', method) as string | undefined;
  const name = (Reflect.getMetadata('graphql:resolver_name', method) as string | undefined) ?? key;
  if (kind !== undefined || Reflect.getMetadata('graphql:resolve_property', method) === true)
    return { kind: kind ?? 'Field', name, method: '', scope };
  const path = Reflect.getMetadata('path', method) as string | undefined;
  if (path === undefined) return null;
  const controller = Reflect.getMetadata('path', type) as string;
  const verb = Reflect.getMetadata('method', method) === 1 ? 'POST' : 'GET';
  return { kind: 'Route', name: `/${controller}/${path}`.replace(/\/+$/, '').replace(/\/+/g, '/'), method: verb, scope };
}

/** The paths that the HTTP server knows, from its own printed tree. */
export function routesOf(app: TestApp): string[] {
  const server = app.nest.getHttpAdapter().getInstance() as unknown as { printRoutes(options: object): string };
  const parents: string[] = [];
  return server
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .filter((line) => line.includes('/'))
    .map((line) => {
      const depth = line.search(/[├└]/) / 4;
      parents[depth] = (parents[depth - 1] ?? '') + (/\/\S*/.exec(line)?.[0] ?? '');
      return parents[depth];
    });
}
