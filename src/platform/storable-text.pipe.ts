import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { invalid } from '../shared/errors.js';
import { faultOfJson } from '../shared/text.js';

/** Names of a path that are shown. */
const SHOWN = 8;

/**
 * Refuses what cannot be stored (NUL, half a surrogate pair, endless nesting) in any named argument of any operation, lookups
 * included, with the path that leads to it. A list of objects is left alone: the events of a batch are judged one by one.
 */
@Injectable()
export class StorableTextPipe implements PipeTransform {
  transform(value: unknown, { data }: ArgumentMetadata): unknown {
    if (data === undefined) return value;
    const found = faultOfJson(Array.isArray(value) ? value.filter((item) => typeof item === 'string') : value);
    if (!found) return value;
    const field = fieldOf(data, found.path.slice(0, SHOWN));
    throw invalid(field, `${field} ${found.fault}.`);
  }
}

/** `charges[0].displayName`: the argument `input` is left out, as everywhere in `field`. */
function fieldOf(argument: string, path: string[]): string {
  const names = argument === 'input' && path.length > 0 ? path : [argument, ...path];
  return names.map((name, index) => (/^\d+$/.test(name) ? `[${name}]` : index === 0 ? name : `.${name}`)).join('');
}
