import { isSafeNumber, LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * JSON from the outside, read without losing a digit: a number that a double holds exactly becomes a number, any other
 * a LosslessNumber that keeps its text.
 */
export const parseJson = (text: string): unknown =>
  parse(text, undefined, (number) => (isSafeNumber(number) ? Number(number) : new LosslessNumber(number)));

/** As `parseJson`, for answers: a number that a double cannot hold is given as its text. */
export const parseJsonForOutput = (text: string): unknown =>
  parse(text, undefined, (number) => (isSafeNumber(number) ? Number(number) : number));

/** Writes JSON with the digits that were read. */
export const writeJson = (value: unknown): string => stringify(value) ?? 'null';

/** A body of one JSON value a line, still to be parsed: a line that is none is no reason to refuse the others. */
export class Ndjson {
  constructor(readonly text: string) {}
}

/** Parsed JSON as an answer shows it, so that it can be stored by what knows no lossless numbers. */
export const plainJson = (value: object): object => parseJsonForOutput(writeJson(value)) as object;

/** The text of a JSON number as it was sent, or null when the value is no number. */
export function numberText(value: unknown): string | null {
  if (value instanceof LosslessNumber) return value.toString();
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}
