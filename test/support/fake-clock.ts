import { Clock } from '../../src/shared/clock.js';

/** A clock that stands still until it is set. */
export class FakeClock extends Clock {
  private present: Date;

  constructor(start: string) {
    super();
    this.present = new Date(start);
  }

  now(): Date {
    return new Date(this.present);
  }

  set(instant: string): void {
    this.present = new Date(instant);
  }
}
