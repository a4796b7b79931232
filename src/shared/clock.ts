/** Where every *now* comes from. Nothing else in the product reads the system clock. */
export abstract class Clock {
  /** The present instant (millisecond precision). */
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}
