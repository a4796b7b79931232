import {
  buildClientSchema,
  getIntrospectionQuery,
  getNamedType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql';
import type { GraphqlClient } from './graphql-client.js';

/** The schema as clients see it: read through the API. Tests that must leave no operation out are made from it. */
export async function loadSchema(api: GraphqlClient): Promise<GraphQLSchema> {
  return buildClientSchema(await api.query<IntrospectionQuery>(getIntrospectionQuery()));
}

export interface Operation {
  kind: 'query' | 'mutation';
  field: GraphQLField<unknown, unknown>;
}

/** Every query and mutation. */
export const operationsOf = (schema: GraphQLSchema): Operation[] => [
  ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ({ kind: 'query' as const, field })),
  ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => ({ kind: 'mutation' as const, field })),
];

/** A document that runs the operation with its arguments in variables; `selection` of what it returns. */
export function documentOf({ kind, field }: Operation, selection?: string): string {
  const declared = field.args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
  const passed = field.args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const fields = isCompositeType(getNamedType(field.type)) ? ` { ${selection ?? '__typename'} }` : '';
  return `${kind}${declared ? ` (${declared})` : ''} { result: ${field.name}${passed ? `(${passed})` : ''}${fields} }`;
}

/** Arguments that nested fields need. */
const ARGUMENTS: Record<string, string> = { balance: '(currency: "USD")' };
const NESTED_PAGE = '(first: 2)';

/** The deepest useful selection: every field, as far as no type comes back on its own path. */
export function deepSelection(type: GraphQLObjectType, path: readonly string[] = []): string {
  const here = [...path, type.name];
  return Object.values(type.getFields())
    .map((field) => {
      const named = getNamedType(field.type);
      const args = ARGUMENTS[field.name] ?? (field.args.some((arg) => arg.name === 'first') ? NESTED_PAGE : '');
      if (args === '' && field.args.some(isRequiredArgument)) throw new Error(`Give ${type.name}.${field.name} its arguments.`);
      if (!isObjectType(named)) return `${field.name}${args}`;
      if (here.includes(named.name)) return '';
      // The node of an edge is the same as among `nodes`: its cursor is enough.
      const selection = named.name.endsWith('Edge') ? 'cursor' : deepSelection(named, here);
      return selection.trim() === '' ? '' : `${field.name}${args} { ${selection} }`;
    })
    .join(' ');
}
