import { CustomScalar, Scalar } from '@nestjs/graphql';
import { Kind, type ValueNode } from 'graphql';
import { Instant } from '../../shared/instant.js';

export class DateTimeScalarType {}

@Scalar('DateTime', () => DateTimeScalarType)
export class DateTimeScalar implements CustomScalar<string, Instant> {
  description = 'An instant: ISO 8601 with an offset in ("2026-01-31T00:00:00+01:00"), UTC out.';

  serialize(value: unknown): string {
    if (value instanceof Date) return value.toISOString();
    if (typeof value === 'string') return value;
    throw new Error('A DateTime must be a Date or ISO text.');
  }

  parseValue(value: unknown): Instant {
    const instant = typeof value === 'string' ? Instant.read(value) : null;
    if (!instant) throw malformed();
    return instant;
  }

  parseLiteral(node: ValueNode): Instant {
    if (node.kind !== Kind.STRING) throw malformed();
    return this.parseValue(node.value);
  }
}

const malformed = (): Error => new Error('Not an instant in ISO 8601 with an offset, such as 2026-01-31T00:00:00Z.');
