import type { Decimal } from '../../../shared/decimal.js';

/** One question to a meter: what did this customer use in [from, to)? */
export interface ReadingRequest {
  meterId: string;
  customerId: string;
  from: Date;
  to: Date;
}

/** The answer, with what it rests on. */
export interface Reading extends ReadingRequest {
  value: Decimal;
  eventCount: number;
  /** The sum of the digests of the events it rests on: the same events give the same, any other set another. */
  eventsHash: string;
}
