import { isUtf8 } from 'node:buffer';
import { DomainError } from '../../../shared/errors.js';

const QUOTE = 34;
const COMMA_TO_COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const NEWLINE = 10;

/** Takes a body in pieces and hands over each event's text when it is complete. Nothing but an unfinished event is kept. */
export interface EventReader {
  push(chunk: Buffer): void;
  end(): void;
}

export class NdjsonReader implements EventReader {
  private rest: Buffer[] = [];

  constructor(private readonly onEvent: (text: string) => void) {}

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.line(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.rest.push(chunk.subarray(start));
  }

  end(): void {
    this.line(Buffer.alloc(0));
  }

  private line(last: Buffer): void {
    const line = textOf(this.rest.length === 0 ? last : Buffer.concat([...this.rest, last]));
    this.rest = [];
    if (line.trim() !== '') this.onEvent(line);
  }
}

/**
 * Reads `{"events": […]}`. An object in an array of the outermost object is handed over, and its place taken by `{"#": its number}`;
 * what is left in the end, the frame, is small and says whether the whole was JSON.
 */
export class JsonEventsReader implements EventReader {
  private readonly frame: Buffer[] = [];
  private events = 0;
  /** Whether each open bracket, outermost first, is that of an array. */
  private readonly open: boolean[] = [];
  private inString = false;
  private escaped = false;
  /** Pieces of the event under way; null: none. */
  private event: Buffer[] | null = null;

  constructor(
    private readonly onEvent: (text: string) => void,
    private readonly onFrame: (text: string) => void,
  ) {}

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let start = 0;
    let index = this.inString ? this.endOfString(chunk, 0) : 0;
    for (; index < chunk.length; index += 1) {
      const byte = chunk[index];
      if (byte === QUOTE) index = this.endOfString(chunk, index + 1) - 1;
      else if (byte <= COMMA_TO_COLON) continue;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (byte === OPEN_OBJECT && this.event === null && this.open.length === 2 && !this.open[0] && this.open[1]) {
          this.frame.push(chunk.subarray(start, index));
          this.event = [];
          start = index;
        }
        this.open.push(byte === OPEN_ARRAY);
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.open.pop();
        if (this.event !== null && this.open.length === 2) {
          this.onEvent(
            textOf(this.event.length === 0 ? chunk.subarray(start, index + 1) : this.joined(chunk.subarray(start, index + 1))),
          );
          this.frame.push(Buffer.from(`{"#":${this.events++}}`));
          this.event = null;
          start = index + 1;
        }
      }
    }
    if (start >= chunk.length) return;
    if (this.event === null) this.frame.push(chunk.subarray(start));
    else this.event.push(chunk.subarray(start));
  }

  end(): void {
    if (this.event !== null) throw notJson();
    this.onFrame(textOf(Buffer.concat(this.frame)));
  }

  private joined(last: Buffer): Buffer {
    return Buffer.concat([...(this.event ?? []), last]);
  }

  /** Where the string ends that goes on at `from`; the chunk's end if it goes on beyond. */
  private endOfString(chunk: Buffer, from: number): number {
    let index = from;
    this.inString = true;
    if (this.escaped && index < chunk.length) {
      this.escaped = false;
      index += 1;
    }
    for (;;) {
      const end = chunk.indexOf(QUOTE, index);
      let slashes = (end === -1 ? chunk.length : end) - 1;
      while (slashes >= index && chunk[slashes] === BACKSLASH) slashes -= 1;
      const isOdd = ((end === -1 ? chunk.length : end) - 1 - slashes) % 2 === 1;
      if (end === -1) {
        this.escaped = isOdd;
        return chunk.length;
      }
      index = end + 1;
      if (!isOdd) {
        this.inString = false;
        return index;
      }
    }
  }
}

export const notJson = (): DomainError => new DomainError('MALFORMED_REQUEST', 'The body is not JSON.');

export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new DomainError('MALFORMED_REQUEST', 'The body is not UTF-8.');
  return bytes.toString('utf8');
}
