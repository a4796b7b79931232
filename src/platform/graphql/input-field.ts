import { Kind, parse, visit, type ASTNode, type DocumentNode, type GraphQLError } from 'graphql';

/**
 * The input field that a request was refused for, as `extensions.field` names it (`charges[0].amount`; the argument `input` is
 * left out), whether the value stood in a variable or in the document. Undefined: the refusal is not about a field.
 */
export function inputFieldOf(error: GraphQLError): string | undefined {
  const variable = VARIABLE.exec(error.message)?.groups;
  const path = variable ? pathInVariable(variable.name, variable.path, variable.rest) : pathInDocument(error);
  if (path === undefined) return undefined;
  const field = missingOrUnknown(variable?.rest ?? error.message) ?? '';
  return [path, field].filter((name) => name !== '').join('.') || undefined;
}

const VARIABLE = /^Variable "\$(?<name>\w+)" (?:got invalid value .*?(?: at "(?<path>[^"]+)")?; )?(?<rest>[^;]*)$/s;

/** The variable of an input object is not part of the path: `plan.charges[0]` is `charges[0]`. */
function pathInVariable(name: string, path: string | undefined, rest: string): string {
  if (path !== undefined) return path.replace(new RegExp(`^${name}\\.`), '');
  return missingOrUnknown(rest) === undefined ? name : '';
}

const missingOrUnknown = (message: string): string | undefined =>
  /^Field "(?:\w+\.)?(?<field>\w+)" (?:of required type|is not defined)/.exec(message)?.groups?.field;

/** Where the refused value stands in the document, by the names of arguments and fields around it. */
function pathInDocument({ nodes, source }: GraphQLError): string | undefined {
  const refused = nodes?.[0];
  if (!source || !refused?.loc || !IN_INPUT.has(refused.kind)) return undefined;
  const { kind, loc } = refused;
  const document = parse(source.body);
  let found: string | undefined;
  visit(document, {
    enter(node, _key, _parent, keys) {
      if (found === undefined && node.kind === kind && node.loc?.start === loc.start)
        found = nameOf(document, kind === Kind.OBJECT_FIELD ? keys.slice(0, -2) : keys);
    },
  });
  return found;
}

const IN_INPUT: ReadonlySet<string> = new Set([
  Kind.OBJECT_FIELD,
  Kind.OBJECT,
  Kind.LIST,
  Kind.STRING,
  Kind.INT,
  Kind.FLOAT,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.NULL,
]);

/** The path of an input value: argument, then fields and list places. */
function nameOf(document: DocumentNode, keys: readonly (string | number)[]): string {
  let path = '';
  let node: unknown = document;
  let listed = false;
  for (const key of keys) {
    node = (node as Record<string | number, unknown>)[key];
    if (key === 'values') listed = true;
    else if (listed) {
      path += `[${key}]`;
      listed = false;
    }
    const { kind, name } = node as ASTNode & { name?: { value: string } };
    if (kind === Kind.ARGUMENT) path = name?.value === 'input' ? '' : (name?.value ?? '');
    else if (kind === Kind.OBJECT_FIELD) path += path === '' ? name?.value : `.${name?.value}`;
  }
  return path;
}
