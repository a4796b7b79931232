import { CustomScalar, Scalar } from '@nestjs/graphql';
import { Kind, type ObjectValueNode, type ValueNode } from 'graphql';
import { LosslessNumber } from 'lossless-json';
import { parseJson, parseJsonForOutput } from '../json.js';

export type JsonObject = Record<string, unknown>;
export class JsonObjectScalarType {}

@Scalar('JSONObject', () => JsonObjectScalarType)
export class JsonObjectScalar implements CustomScalar<JsonObject, JsonObject> {
  description = 'A JSON object; its numbers keep their digits (one that a double cannot hold comes out as a string).';

  serialize(value: unknown): JsonObject {
    return (typeof value === 'string' ? parseJsonForOutput(value) : value) as JsonObject;
  }

  parseValue(value: unknown): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof LosslessNumber) {
      throw new Error('Not a JSON object.');
    }
    return value as JsonObject;
  }

  parseLiteral(node: ValueNode): JsonObject {
    if (node.kind !== Kind.OBJECT) throw new Error('Not a JSON object.');
    return objectOf(node);
  }
}

const objectOf = (node: ObjectValueNode): JsonObject =>
  Object.fromEntries(node.fields.map((field) => [field.name.value, literalOf(field.value)]));

function literalOf(node: ValueNode): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      return objectOf(node);
    case Kind.LIST:
      return node.values.map(literalOf);
    case Kind.INT:
    case Kind.FLOAT:
      return parseJson(node.value);
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      throw new Error('A variable inside a JSONObject literal is not supported: pass the whole object as a variable.');
    default:
      return node.value;
  }
}
