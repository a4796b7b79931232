import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { invalid } from '../shared/errors.js';
import { isStorable } from '../shared/text.js';

/**
 * Refuses text that Postgres cannot take (NUL, half a surrogate pair) in any named argument of any operation, lookups
 * included, with the path that leads to it. A list of objects is left alone: the events of a batch are judged one by one.
 */
@Injectable()
export class StorableTextPipe implements PipeTransform {
  transform(value: unknown, { data }: ArgumentMetadata): unknown {
    if (data === undefined) return value;
    const items = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : value;
    const path = pathOfUnstorable(items);
    if (path !== null) throw invalid(fieldOf(data, path), 'Text must not hold NUL or half a surrogate pair.');
    return value;
  }
}

/** The keys that lead to the first text that cannot be stored; null: there is none. */
function pathOfUnstorable(value: unknown): string[] | null {
  if (typeof value === 'string') return isStorable(value) ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, item] of Object.entries(value)) {
    const rest = isStorable(key) ? pathOfUnstorable(item) : [];
    if (rest) return [isStorable(key) ? key : '', ...rest];
  }
  return null;
}

/** `charges[0].displayName`: the argument `input` is left out, as everywhere in `field`. */
function fieldOf(argument: string, path: string[]): string {
  const names = argument === 'input' ? path : [argument, ...path];
  return names.map((name, index) => (/^\d+$/.test(name) ? `[${name}]` : index === 0 ? name : `.${name}`)).join('');
}
