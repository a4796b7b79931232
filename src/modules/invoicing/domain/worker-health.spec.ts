import { describe, expect, it } from '@jest/globals';
import { overallStatus, workerHealth, type RunOutcome } from './worker-health.js';

/** A run at this time of a day; `trouble` makes it stop as a whole, or fail for one customer. */
const run = (time: string, trouble?: 'stopped' | 'one customer'): RunOutcome => ({
  startedAt: new Date(`2026-03-01T${time}:00Z`),
  finishedAt: new Date(`2026-03-01T${time}:01Z`),
  failed: trouble === 'one customer' ? 1 : 0,
  error: trouble === 'stopped' ? 'no database' : null,
});

describe('the health of an hourly worker', () => {
  it.each([
    ['has never run', [], '12:00', 'unknown', 0],
    ['ran well and is not due', [run('11:00')], '11:59', 'healthy', 0],
    ['missed one tick, up to the second', [run('11:00')], '13:00', 'healthy', 0],
    ['missed two ticks', [run('11:00')], '13:01', 'stale', 0],
    ['failed once', [run('11:00', 'stopped'), run('10:00')], '11:30', 'warning', 1],
    ['failed for one customer', [run('11:00', 'one customer'), run('10:00')], '11:30', 'warning', 1],
    ['failed twice', [run('11:00', 'one customer'), run('10:00', 'stopped'), run('09:00')], '11:30', 'warning', 2],
    ['failed three times', [run('11:00', 'stopped'), run('10:00', 'stopped'), run('09:00', 'stopped')], '11:30', 'critical', 3],
    ['failed and recovered', [run('11:00'), run('10:00', 'stopped')], '11:30', 'healthy', 0],
    ['failed once and has been still since', [run('11:00', 'stopped'), run('10:00')], '14:00', 'stale', 1],
  ])('that %s', (_, runs, now, status, failures) => {
    expect(workerHealth(runs, 60, new Date(`2026-03-01T${now}:00Z`))).toEqual({
      status,
      consecutive_failures: failures,
      last_run: runs[0]?.startedAt.toISOString() ?? null,
    });
  });

  it('warns as long as something is parked, though the runs go well', () => {
    const health = (parked: number, ...runs: RunOutcome[]) => workerHealth(runs, 60, new Date('2026-03-01T11:30:00Z'), parked);
    expect(health(0, run('11:00'))).toMatchObject({ status: 'healthy', consecutive_failures: 0, parked: 0 });
    expect(health(2, run('11:00'))).toMatchObject({ status: 'warning', consecutive_failures: 0, parked: 2 });
    expect(health(2, run('09:00'))).toMatchObject({ status: 'stale', parked: 2 });
  });

  it('is overall that of the worst', () => {
    const worker = (status: 'healthy' | 'warning' | 'critical' | 'stale' | 'unknown') => ({
      status,
      consecutive_failures: 0,
      last_run: null,
    });
    expect(overallStatus([worker('healthy'), worker('healthy')])).toBe('healthy');
    expect(overallStatus([worker('unknown'), worker('healthy')])).toBe('unknown');
    expect(overallStatus([worker('stale'), worker('unknown')])).toBe('stale');
    expect(overallStatus([worker('stale'), worker('warning')])).toBe('warning');
    expect(overallStatus([worker('critical'), worker('warning')])).toBe('critical');
  });
});
