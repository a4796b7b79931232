import { pino, type Logger } from 'pino';
import type { LogLevel } from '../config.js';

/** The process's log: one JSON line an entry. No personal data and no event properties go in. */
export abstract class Log {
  abstract info(details: object, message: string): void;
  abstract warn(details: object, message: string): void;
  abstract error(details: object, message: string): void;
}

export const createLog = (level: LogLevel): Logger => pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
