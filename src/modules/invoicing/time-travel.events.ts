import { DomainEvent } from '../../platform/events/domain-events.js';

export interface ClockMove {
  organizationId: string;
  testClockId: string;
  from: Date;
  to: Date;
}

/** A test clock has moved, and nothing that falls due at `to` has been done yet. */
export const testClockMoved = new DomainEvent<ClockMove>('test_clock.moved');
