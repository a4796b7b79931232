import { describe, expect, it } from '@jest/globals';
import { checkText, faultOfJson, isStorable } from './text.js';

describe('checkText', () => {
  it.each([
    ['absent text', null, {}],
    ['255 characters beyond the basic plane', '🚀'.repeat(255), {}],
    ['spaces around text', ' a ', {}],
    ['an empty text where none is needed', '', { least: 0 }],
    ['lines where they are welcome', 'one\n\ttwo\r\n', { lines: true }],
  ])('takes %s', (_, text, limits) => expect(() => checkText('name', text, limits)).not.toThrow());

  it.each([
    ['nothing', '', {}],
    ['spaces only', ' \u00a0\t', {}],
    ['256 characters', 'a'.repeat(256), {}],
    ['a line break in a name', 'a\nb', {}],
    ['NUL', 'a\u0000', {}],
    ['NUL in prose', 'a\u0000', { lines: true }],
    ['an escape character in prose', 'a\u001b[2J', { lines: true }],
    ['half a surrogate pair', 'a\ud83d', {}],
    ['the other half', '\ude80a', { lines: true }],
    ['fewer than the least', 'ab', { least: 3 }],
  ])('refuses %s', (_, text, limits) =>
    expect(() => checkText('name', text, limits)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED', field: 'name' })),
  );
});

describe('isStorable', () => {
  it('knows a pair from its halves', () => {
    expect(isStorable('🚀')).toBe(true);
    expect(isStorable('\ud83d \ude80')).toBe(false);
  });
});

describe('faultOfJson', () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level += 1) value = { a: value };
    return value;
  };

  it('takes what can be stored', () => {
    expect(faultOfJson({ a: [1, 'x', null, true], b: { c: '\\u0000' } })).toBeNull();
    expect(faultOfJson(nested(64))).toBeNull();
  });

  it('finds depth, NUL and surrogates, in keys too', () => {
    expect(faultOfJson(nested(65))?.fault).toBe('is nested deeper than 64 levels');
    expect(faultOfJson(nested(100_000))?.path).toHaveLength(64);
    expect(faultOfJson({ a: ['x', '\u0000'] })).toEqual({ path: ['a', '1'], fault: 'holds NUL or half a surrogate pair' });
    expect(faultOfJson({ a: { '\ud800': 1 } })).toEqual({ path: ['a'], fault: 'holds NUL or half a surrogate pair' });
  });
});
