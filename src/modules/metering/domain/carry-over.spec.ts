import { describe, expect, it } from '@jest/globals';
import { carryOver, type CountedUsage } from './carry-over.js';

const row = (span: number, group: string | null, value: string, latest: string): CountedUsage<string | null> => ({
  span,
  group,
  value,
  latest,
  eventCount: 1,
});

/** `span group value (events)` of each row. */
const view = (rows: CountedUsage<string | null>[]) =>
  rows.map(({ span, group, value, eventCount }) => `${span} ${group ?? '*'} ${value} (${eventCount})`);

describe('carryOver', () => {
  it('LAST: a span without events has the value known before it', () => {
    const counted = [row(1, null, '5', '5')];
    expect(view(carryOver('LAST', 3, counted, [{ group: null, value: '2' }]))).toEqual(['0 * 2 (0)', '1 * 5 (1)', '2 * 5 (0)']);
  });

  it('LAST: a lower value takes the place of the one known before', () => {
    expect(view(carryOver('LAST', 1, [row(0, null, '1', '1')], [{ group: null, value: '2' }]))).toEqual(['0 * 1 (1)']);
  });

  it('MAX: a span starts with the last value, not with the highest', () => {
    // 9 fell to 4 within span 0: span 1 starts with 4, which its own 3 does not reach.
    const counted = [row(0, null, '9', '4'), row(1, null, '3', '3')];
    expect(view(carryOver('MAX', 3, counted, []))).toEqual(['0 * 9 (1)', '1 * 4 (1)', '2 * 3 (0)']);
  });

  it('MAX compares numbers, negative ones and long ones too', () => {
    const counted = [row(0, null, '-2', '-2'), row(1, null, '123456789012345678.1', '1')];
    expect(view(carryOver('MAX', 2, counted, [{ group: null, value: '-10' }]))).toEqual([
      '0 * -2 (1)',
      '1 * 123456789012345678.1 (1)',
    ]);
  });

  it('keeps groups apart, each from its first event on', () => {
    const counted = [row(1, 'b', '7', '7')];
    expect(view(carryOver('LAST', 3, counted, [{ group: 'a', value: '1' }]))).toEqual([
      '0 a 1 (0)',
      '1 a 1 (0)',
      '1 b 7 (1)',
      '2 a 1 (0)',
      '2 b 7 (0)',
    ]);
  });

  it('lists groups in the same order in every span, whichever was known first', () => {
    expect(view(carryOver('LAST', 2, [row(0, 'a', '7', '7')], [{ group: 'b', value: '1' }]))).toEqual([
      '0 a 7 (1)',
      '0 b 1 (0)',
      '1 a 7 (0)',
      '1 b 1 (0)',
    ]);
  });

  it('knows nothing before the first event', () => expect(carryOver('LAST', 2, [], [])).toEqual([]));
});
