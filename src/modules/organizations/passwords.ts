import { hash, verify } from '@node-rs/argon2';
import { DomainError, invalid } from '../../shared/errors.js';
import { checkText } from '../../shared/text.js';

const LEAST_CHARACTERS = 12;
const MOST_CHARACTERS = 200;
/** A hash takes 19 MiB and some 30 ms of a processor: beyond this many at a time, requests are turned away. */
const MAX_AT_ONCE = 8;

let running = 0;

async function atMost<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) throw new DomainError('RATE_LIMITED', 'Too many people are signing in right now. Try again.');
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
  }
}

export function checkPassword(password: string): void {
  checkText('password', password, { least: LEAST_CHARACTERS, most: MOST_CHARACTERS });
  if (new Set(password).size < 5) throw invalid('password', 'password must have at least 5 different characters.');
}

/** argon2id with the parameters that OWASP recommends (19 MiB, 2 passes), which are the package's own. */
export const hashPassword = (password: string): Promise<string> => atMost(() => hash(password));

let nobodys: Promise<string> | null = null;

/** Whether it is the password; a user who does not exist takes as long as one who does. */
export async function isPassword(password: string, passwordHash: string | null): Promise<boolean> {
  if (password.length > 2 * MOST_CHARACTERS) return false;
  const against = passwordHash ?? (await (nobodys ??= hash('a password that nobody has')));
  const matches = await atMost(() => verify(against, password));
  return matches && passwordHash !== null;
}
