import { registerEnumType } from '@nestjs/graphql';

/** Registers a GraphQL enum whose values are their own names. */
export function enumOf<T extends string>(name: string, ...values: readonly T[]): Record<T, T> {
  const members = Object.fromEntries(values.map((value) => [value, value])) as Record<T, T>;
  registerEnumType(members, { name });
  return members;
}
