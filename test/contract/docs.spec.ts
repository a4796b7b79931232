import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { DOMAIN_MODULES } from '../../src/app.module.js';
import { readConfig } from '../../src/config.js';
import { INVOICE_TRANSITIONS } from '../../src/modules/invoicing/domain/invoice-status.js';
import { SUBSCRIPTION_TRANSITIONS } from '../../src/modules/subscriptions/domain/status.js';
import { HealthController } from '../../src/platform/health/health.controller.js';
import { anchorsOf, CODE, DOCUMENTS, FILES, findAll, read, rows, section } from '../support/documents.js';

type Constructor = { name: string; prototype: Record<string, object> };

const README = read('README.md');
const RULES = read('docs/billing-rules.md');
const API = read('docs/api.md');
const firstCells = (text: string): string[] => rows(text).map(([cell]) => cell);

describe('the environment', () => {
  const inCode = findAll(read('src/config.ts'), /\(env, '([A-Z_]+)'/g);
  const ofComposeAlone = findAll(read('compose.yaml'), /\$\{([A-Z_]+)/g).filter((name) => !inCode.includes(name));
  const expected = [...new Set([...inCode, ...ofComposeAlone])].sort();

  it('is in the README and in .env.example, every variable and no other', () => {
    expect(inCode).toContain('DATABASE_URL');
    expect(firstCells(section(README, 'Environment')).sort()).toEqual(expected);
    expect(findAll(read('.env.example'), /^([A-Z_]+)=/gm).sort()).toEqual(expected);
  });

  it('has the defaults that both of them show', () => {
    expect(readConfig(parseEnv(read('.env.example')) as Record<string, string>)).toEqual(readConfig({}));
    for (const [name, shown] of rows(section(README, 'Environment'))) {
      expect(`${name}=${shown === 'none' ? '' : shown}`).toBe(read('.env.example').match(new RegExp(`^${name}=.*`, 'm'))?.[0]);
    }
  });
});

describe('codes', () => {
  it('of errors are in the README, with their HTTP status', () => {
    const codes = findAll(read('src/shared/errors.ts'), /^ {2}(?:\| ')?([A-Z_]{4,})(?:';?|: \d+,)$/gm);
    const where = read('src/shared/errors.ts') + read('src/platform/graphql/domain-error.filter.ts');
    const status = new Map([...where.matchAll(/^ {2}([A-Z_]+): (\d{3}),$/gm)].map(([, code, number]) => [code, number]));
    expect(codes).toContain('NOT_FOUND');
    const documented = rows(section(README, 'Error codes')).map(([code, number]) => [code, number]);
    expect(documented.sort()).toEqual(codes.map((code) => [code, status.get(code)]).sort());
  });

  it('of rejected events, and verdicts, are in the description of the API', () => {
    const type = read('src/modules/metering/domain/usage-event.ts').split('export type RejectionCode')[1].split(';')[0];
    const verdicts = read('src/modules/metering/usage.service.ts').split('export type UsageVerdict')[1].split(';')[0];
    const expected = [...findAll(verdicts, /'([A-Z_]+)'/g), ...findAll(type, /'([A-Z_]+)'/g)];
    expect(expected).toContain('TIMESTAMP_TOO_OLD');
    expect(firstCells(section(API, 'Verdicts')).sort()).toEqual(expected.sort());
  });
});

describe('scopes', () => {
  const scopeOf = (method: object): string | undefined => Reflect.getMetadata('fluxrate:required-scope', method) as string;
  const methodsOf = ({ prototype }: Constructor): { name: string; method: object }[] =>
    Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== 'constructor')
      .map((name) => ({ name, method: prototype[name] }));
  const listed = (module: object, key: string): Constructor[] => (Reflect.getMetadata(key, module) as Constructor[]) ?? [];

  /** Queries and mutations of a resolver, each under the name that clients use. */
  const operationsOf = (resolver: Constructor): [string, string | undefined][] =>
    methodsOf(resolver)
      .filter(({ method }) => ['Query', 'Mutation'].includes(Reflect.getMetadata('graphql:resolver_type', method) as string))
      .map(({ name, method }) => [(Reflect.getMetadata('graphql:resolver_name', method) as string) ?? name, scopeOf(method)]);

  /** Fields that need more than their operation, as `Type.field`. */
  const fieldsOf = (resolver: Constructor): [string, string | undefined][] =>
    methodsOf(resolver)
      .filter(({ method }) => Reflect.hasMetadata('graphql:resolve_property', method) && scopeOf(method) !== 'any')
      .map(({ name, method }) => [
        `${Reflect.getMetadata('graphql:resolver_type', resolver) as string}.${name}`,
        scopeOf(method),
      ]);

  const routesOf = (controller: Constructor): [string, string | undefined][] =>
    methodsOf(controller)
      .filter(({ method }) => Reflect.hasMetadata('path', method))
      .map(({ method }) => {
        const verb = Reflect.getMetadata('method', method) === 1 ? 'POST' : 'GET';
        const path = join('/', Reflect.getMetadata('path', controller) as string, Reflect.getMetadata('path', method) as string);
        return [`${verb} ${path.replace(/(.)\/$/, '$1')}`, scopeOf(method)];
      });

  it('of every operation, field and route are as the description of the API says', () => {
    const resolvers = DOMAIN_MODULES.flatMap((module) => listed(module, 'providers')).filter(({ name }) =>
      name?.endsWith('Resolver'),
    );
    const direct = DOMAIN_MODULES.flatMap((module) => listed(module, 'providers')).filter(({ name }) => name?.endsWith('Routes'));
    const controllers = [
      ...DOMAIN_MODULES.flatMap((module) => listed(module, 'controllers')),
      ...direct,
      HealthController as never,
    ];
    const inCode = [...resolvers.flatMap(operationsOf), ...resolvers.flatMap(fieldsOf), ...controllers.flatMap(routesOf)].map(
      ([name, scope]) => `${{ any: 'any key', public: 'no key' }[scope ?? ''] ?? scope}: ${name}`,
    );
    expect(inCode).toContain('usage.write: recordUsage');
    const table = section(API, 'Authentication and scopes')
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const documented = table.flatMap((line) => {
      const [, scope, ...names] = line.split('|');
      if (scope.includes('usage.backfill')) return [];
      return findAll(names.join(), /`([^`]+)`/g).map((name) => `${scope.replaceAll('`', '').trim()}: ${name}`);
    });
    expect(documented.sort()).toEqual(inCode.sort());
  });
});

describe('tables of states', () => {
  const documented = (heading: string): string[] =>
    rows(section(RULES, heading)).flatMap(([from, to]) => {
      const states = from.startsWith('any but') ? ['PENDING', 'TRIAL', 'ACTIVE', 'PAST_DUE', 'PAUSED'] : from.split(', ');
      return states.filter((state) => state !== '–').flatMap((state) => to.split(/, | or /).map((next) => `${state} → ${next}`));
    });
  const inCode = (table: Record<string, readonly string[]>): string[] =>
    Object.entries(table).flatMap(([from, next]) => next.map((to) => `${from} → ${to}`));

  it('are those of the code', () => {
    expect(documented('§7 Subscriptions').sort()).toEqual(inCode(SUBSCRIPTION_TRANSITIONS).sort());
    expect(documented('§8 Invoices').sort()).toEqual(inCode(INVOICE_TRANSITIONS).sort());
  });
});

describe('what documents and comments refer to', () => {
  it.each(DOCUMENTS)('links of %s lead somewhere', (document) => {
    for (const link of findAll(read(document), /\]\(([^)\s]+)\)/g).filter((target) => !/^[a-z]+:/.test(target))) {
      const [path, anchor] = link.split('#');
      const target = path === '' ? document : join(dirname(document), path);
      expect({ link, exists: existsSync(target) }).toEqual({ link, exists: true });
      if (anchor !== undefined) expect([...anchorsOf(read(target))]).toContain(anchor);
    }
  });

  it.each(DOCUMENTS)('files named in %s exist', (document) => {
    const prose = read(document).replaceAll('../', '');
    const named = findAll(prose, /(?<![\w/<>.-])((?:[\w.-]+\/)*[\w.-]+\.(?:ts|md|gql|cjs|ya?ml))\b/g);
    for (const name of new Set(named)) {
      expect({ name, exists: FILES.some((file) => `/${file}`.endsWith(`/${name}`)) }).toEqual({ name, exists: true });
    }
    for (const built of findAll(read(document), /\bdist\/(\S+)\.js\b/g)) expect(FILES).toContain(`${built}.ts`);
  });

  it.each(DOCUMENTS)('commands named in %s are scripts of package.json', (document) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const script of findAll(read(document), /\bnpm (?:run )?(start|test|(?<=run )[a-z:]+)\b/g)) {
      expect(Object.keys(scripts)).toContain(script);
    }
  });

  it('sections of the billing rules are there', () => {
    const numbers = new Set([...findAll(RULES, /^## §(\d) /gm), ...findAll(RULES, /^\*\*§(\d\.\d) /gm)]);
    const cited = [...CODE, ...DOCUMENTS].flatMap((file) =>
      findAll(read(file), /§(\d(?:\.\d)?)/g).map((number) => [file, number]),
    );
    expect(cited.length).toBeGreaterThan(30);
    expect(cited.filter(([, number]) => !numbers.has(number))).toEqual([]);
  });

  it('documents that comments name, and their anchors, are there', () => {
    for (const [, name, anchor] of CODE.flatMap((file) => [...read(file).matchAll(/(docs\/[\w-]+\.md)(?:#([\w-]+))?/g)])) {
      expect(DOCUMENTS).toContain(name);
      if (anchor !== undefined) expect([...anchorsOf(read(name))]).toContain(anchor);
    }
  });
});

describe('modules', () => {
  const modules = [...new Set(findAll(FILES.join('\n'), /^src\/modules\/([^/]+)\//gm))];

  it.each(modules)('%s has a README of at most 60 lines, with the four things that it says', (module) => {
    const text = read(`src/modules/${module}/README.md`);
    expect(text.split('\n').length).toBeLessThanOrEqual(61);
    expect(findAll(text, /^## (.+)$/gm)).toEqual(['Owns', 'Does not own', 'Words', 'Invariants']);
  });
});
