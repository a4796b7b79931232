import { invalid } from './errors.js';

/** NUL and half a surrogate pair: no encoding of text that is stored or sent can hold them. */
const UNSTORABLE = /\u0000|\p{Surrogate}/u;
const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_LINES = /(?![\n\r\t])\p{Cc}/u;

export const isStorable = (text: string): boolean => !UNSTORABLE.test(text);

interface TextLimits {
  least?: number;
  most?: number;
  /** Prose: line breaks and tabs are welcome. */
  lines?: boolean;
}

/** Checks text that is to be kept: its length in characters, not blank, no control characters. Absent text passes. */
export function checkText(field: string, text: string | null | undefined, limits: TextLimits = {}): void {
  if (text === null || text === undefined) return;
  const { least = 1, most = 255, lines = false } = limits;
  // Twice as many code units are too many characters, whatever they are: no need to count.
  const length = text.length > 2 * most ? text.length : Array.from(text).length;
  if (length > most || Array.from(text.trim()).length < least)
    throw invalid(field, `${field} must have ${least} to ${most} characters.`);
  if (!isStorable(text) || (lines ? CONTROL_BUT_LINES : CONTROL).test(text))
    throw invalid(field, `${field} must not contain control characters.`);
}

/** Levels of arrays and objects that JSON from outside may have. */
const MAX_JSON_LEVELS = 64;

export interface JsonFault {
  /** The keys that lead to it. */
  path: string[];
  /** The end of a sentence. */
  fault: string;
}

const NOT_STORABLE = 'holds NUL or half a surrogate pair';

/** What keeps JSON from outside from being stored, and where; null: nothing. */
export function faultOfJson(value: unknown, levels = MAX_JSON_LEVELS): JsonFault | null {
  if (typeof value === 'string') return isStorable(value) ? null : { path: [], fault: NOT_STORABLE };
  if (typeof value !== 'object' || value === null) return null;
  if (levels === 0) return { path: [], fault: `is nested deeper than ${MAX_JSON_LEVELS} levels` };
  for (const [key, item] of Object.entries(value)) {
    if (!isStorable(key)) return { path: [], fault: NOT_STORABLE };
    const found = faultOfJson(item, levels - 1);
    if (found) return { ...found, path: [key, ...found.path] };
  }
  return null;
}
