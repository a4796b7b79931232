import { isSafeNumber, LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * JSON from the outside, read without losing a digit: a number that a double holds exactly becomes a number, any other
 * a LosslessNumber that keeps its text.
 */
export const parseJson = (text: string): unknown =>
  parse(text, undefined, (number) => (isSafeNumber(number) ? Number(number) : new LosslessNumber(number)));

/** A number in JSON text that a double may not hold as it is written: 16 digits or more, or an exponent. */
const DELICATE_NUMBER = /[:[,]\s*-?(?:\d(?:\.?\d){15}|\d[\d.]*[eE])/;

/**
 * As `parseJson`, in a fraction of the time: the engine's own parser does the work where nothing can be lost. Text with delicate
 * numbers, or with a key twice in one object (which `parseJson` refuses), is left to `parseJson`.
 */
export function parseJsonQuickly(text: string): unknown {
  if (DELICATE_NUMBER.test(text)) return parseJson(text);
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && keysIn(value) !== colonsIn(text) ? parseJson(text) : value;
}

/** Colons outside strings: one a key. */
function colonsIn(text: string): number {
  let colons = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === COLON) colons += 1;
    else if (code === QUOTE) {
      do {
        index = text.indexOf('"', index + 1);
      } while (isEscaped(text, index));
    }
  }
  return colons;
}

const COLON = 58;
const QUOTE = 34;
const BACKSLASH = 92;

function isEscaped(text: string, index: number): boolean {
  let start = index;
  while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
  return (index - start) % 2 === 1;
}

function keysIn(value: object): number {
  if (Array.isArray(value)) {
    let keys = 0;
    for (const item of value as unknown[]) if (typeof item === 'object' && item !== null) keys += keysIn(item);
    return keys;
  }
  let keys = 0;
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    keys += typeof item === 'object' && item !== null ? 1 + keysIn(item) : 1;
  }
  return keys;
}

/** JSON text for an answer: as it is where a double holds every number in it. */
export const jsonForOutput = (text: string): string =>
  DELICATE_NUMBER.test(text) ? JSON.stringify(parseJsonForOutput(text)) : text;

/** As `parseJson`, for answers: a number that a double cannot hold is given as its text. */
export const parseJsonForOutput = (text: string): unknown =>
  parse(text, undefined, (number) => (isSafeNumber(number) ? Number(number) : number));

/** Writes JSON with the digits that were read. */
export const writeJson = (value: unknown): string => stringify(value) ?? 'null';

/** A body of one JSON value a line, still to be parsed: a line that is none is no reason to refuse the others. */
export class Ndjson {
  constructor(readonly text: string) {}
}

/** Parsed JSON as text with sorted keys and the digits that were read: the same content has the same text. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null || value instanceof LosslessNumber) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`).join(',')}}`;
}

/** Parsed JSON as an answer shows it, so that it can be stored by what knows no lossless numbers. */
export const plainJson = (value: object): object => parseJsonForOutput(writeJson(value)) as object;

/** The text of a JSON number as it was sent, or null when the value is no number. */
export function numberText(value: unknown): string | null {
  if (value instanceof LosslessNumber) return value.toString();
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}
