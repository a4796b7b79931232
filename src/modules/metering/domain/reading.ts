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
}
