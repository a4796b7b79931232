import { describe, expect, it } from '@jest/globals';
import { SystemClock } from './clock.js';

describe('the system clock', () => {
  it('shows the time that the process shows', () => {
    const sinceStart = performance.timeOrigin + performance.now();
    // The two are set apart where the system's time is put right; not by a minute while tests run.
    expect(Math.abs(new SystemClock().now().getTime() - sinceStart)).toBeLessThan(60_000);
  });
});
