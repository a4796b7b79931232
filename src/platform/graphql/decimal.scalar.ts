import { CustomScalar, Scalar } from '@nestjs/graphql';
import { Kind, type ValueNode } from 'graphql';
import { Decimal, decimalText, MAX_FRACTION_DIGITS, MAX_INTEGER_DIGITS, parseDecimal } from '../../shared/decimal.js';
import { numberText } from '../json.js';

export class DecimalScalarType {}

/** Exact decimals: text inside the API layer, parsed by `decimal()` where something is computed. */
@Scalar('Decimal', () => DecimalScalarType)
export class DecimalScalar implements CustomScalar<string, string> {
  description = 'An exact decimal number: a string out ("0.001"), a string or a number in.';

  serialize(value: unknown): string {
    if (value instanceof Decimal) return decimalText(value);
    if (typeof value === 'string') return decimalText(new Decimal(value));
    throw new Error('A Decimal must be a decimal or its text.');
  }

  parseValue(value: unknown): string {
    const text = typeof value === 'string' ? value : numberText(value);
    const parsed = text === null ? null : parseDecimal(text);
    if (parsed === null) throw malformed();
    return decimalText(parsed);
  }

  parseLiteral(node: ValueNode): string {
    if (node.kind !== Kind.INT && node.kind !== Kind.FLOAT && node.kind !== Kind.STRING) throw malformed();
    return this.parseValue(node.value);
  }
}

/** A plain error: graphql-js then adds where the value stood, which a GraphQLError of ours would not know. */
const malformed = (): Error =>
  new Error(`Not a decimal number of at most ${MAX_INTEGER_DIGITS} digits before and ${MAX_FRACTION_DIGITS} after the point.`);
