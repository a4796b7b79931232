import {
  buildClientSchema,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLField,
  type GraphQLInputType,
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
const ARGUMENTS: Record<string, string> = { 'Customer.balance': '(currency: "USD")' };
const NESTED_PAGE = '(first: 1)';

/** The deepest useful selection: every field, as far as no type comes back on its own path. */
export function deepSelection(type: GraphQLObjectType, path: readonly string[] = []): string {
  const here = [...path, type.name];
  return Object.values(type.getFields())
    .map((field) => {
      const named = getNamedType(field.type);
      const args = ARGUMENTS[`${type.name}.${field.name}`] ?? (field.args.some((arg) => arg.name === 'first') ? NESTED_PAGE : '');
      if (args === '' && field.args.some(isRequiredArgument)) throw new Error(`Give ${type.name}.${field.name} its arguments.`);
      if (!isObjectType(named)) return `${field.name}${args}`;
      if (here.includes(named.name)) return '';
      // The node of an edge is the same as among `nodes`: its cursor is enough.
      const selection = named.name.endsWith('Edge') ? 'cursor' : deepSelection(named, here);
      return selection.trim() === '' ? '' : `${field.name}${args} { ${selection} }`;
    })
    .join(' ');
}

/** Every place in the arguments that takes one of these scalars: `input.charges.0.meterId`. */
export const pathsOf = ({ field }: Operation, scalars: readonly string[]): string[] =>
  field.args.flatMap((arg) => pathsIn(arg.type, arg.name, scalars));

function pathsIn(type: GraphQLInputType, path: string, scalars: readonly string[]): string[] {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return pathsIn(nullable.ofType as GraphQLInputType, `${path}.0`, scalars);
  if (!isInputObjectType(nullable)) return scalars.includes(nullable.name) ? [path] : [];
  return Object.values(nullable.getFields()).flatMap((field) => pathsIn(field.type, `${path}.${field.name}`, scalars));
}

const SCALAR_VALUES: Record<string, unknown> = {
  ID: '018f0000-0000-7000-8000-000000000000',
  String: 'text',
  Int: 1,
  Boolean: false,
  Decimal: '1',
  DateTime: '2026-01-01T00:00:00Z',
  JSONObject: {},
};

/** Arguments that pass the schema: what is required, and what `path` leads through, with `value` at its end. */
export function argumentsOf({ field }: Operation, path = '', value?: unknown): Record<string, unknown> {
  const [name, ...rest] = path.split('.');
  const given = field.args.filter((arg) => isRequiredArgument(arg) || arg.name === name);
  return Object.fromEntries(given.map((arg) => [arg.name, valueOf(arg.type, arg.name === name ? rest : null, value)]));
}

function valueOf(type: GraphQLInputType, path: string[] | null, value: unknown): unknown {
  if (path?.length === 0) return value;
  const nullable = getNullableType(type);
  const [name, ...rest] = path ?? [];
  if (isListType(nullable)) return [valueOf(nullable.ofType as GraphQLInputType, path && rest, value)];
  if (isEnumType(nullable)) return nullable.getValues()[0].name;
  if (!isInputObjectType(nullable)) return SCALAR_VALUES[nullable.name];
  const fields = Object.values(nullable.getFields()).filter((field) => isRequiredInputField(field) || field.name === name);
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field.type, field.name === name ? rest : null, value)]));
}
