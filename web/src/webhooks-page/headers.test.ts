import { describe, expect, it } from 'vitest';
import { type HeaderLine, headerChanges, headersWords, tidyLine, whyNotHeader } from './headers';

const fresh = (name: string, value: string): HeaderLine => ({ name, value, isKept: false });
const kept = (name: string, value = ''): HeaderLine => ({ name, value, isKept: true });

describe('a header', () => {
  it('may be what the server takes', () => {
    for (const line of [
      fresh('x-gate', 'let me in'),
      fresh('authorization', 'Bearer a.b-c_d~'),
      fresh('x', '~'.repeat(1_024)),
      fresh('x'.repeat(64), '0'),
      // Left alone, or kept as it is.
      fresh('', ''),
      kept('x-gate'),
      kept('x-gate', 'another one'),
    ]) {
      expect(whyNotHeader(line, []), line.name).toBeNull();
    }
  });

  it('that the server would refuse is named, with its field', () => {
    const wrong: readonly (readonly [HeaderLine, 'name' | 'value', RegExp])[] = [
      [fresh('', 'x'), 'name', /Say the name/],
      [fresh('a b', 'x'), 'name', /“a b” is no name/],
      [fresh('a:b', 'x'), 'name', /no name/],
      [fresh('x'.repeat(65), 'x'), 'name', /no name/],
      [fresh('färber', 'x'), 'name', /no name/],
      [fresh('host', 'x'), 'name', /“host” is reserved/],
      [fresh('webhook-id', 'x'), 'name', /reserved/],
      [fresh('x-forwarded-for', 'x'), 'name', /reserved/],
      [fresh('x-gate', ''), 'value', /Say the value of “x-gate”/],
      [fresh('x-gate', 'ä'), 'value', /must be plain/],
      [kept('x-gate', 'a\tb'), 'value', /must be plain/],
      [fresh('x-gate', 'x'.repeat(1_025)), 'value', /must be plain/],
      [kept('x-gate', '***'), 'value', /not shown/],
    ];
    for (const [line, field, words] of wrong) {
      expect(whyNotHeader(line, []), line.name).toEqual([field, expect.stringMatching(words)]);
    }
  });

  it('is there once, whatever letters somebody types', () => {
    const again = tidyLine(fresh(' X-Gate ', ' b '));
    expect(again).toEqual(fresh('x-gate', 'b'));
    expect(whyNotHeader(again, [kept('x-gate')])).toEqual(['name', '“x-gate” is there twice.']);
    // It is said of the new one, which can be called otherwise.
    expect(whyNotHeader(kept('x-gate'), [again])).toBeNull();
  });
});

describe('a change of headers', () => {
  it('names those alone that are another one or go', () => {
    const lines = [kept('a'), kept('b', 'new'), fresh('d', '4'), fresh('', '')];
    const { set, removed } = headerChanges(['a', 'b', 'c'], lines);
    expect([...set]).toEqual([
      ['b', 'new'],
      ['d', '4'],
    ]);
    expect([...removed]).toEqual(['c']);
  });

  it('sets one that was taken away and added again', () => {
    const { set, removed } = headerChanges(['a'], [fresh('a', 'again')]);
    expect([[...set], [...removed]]).toEqual([[['a', 'again']], []]);
  });
});

it('values are not told in words', () => {
  expect(headersWords({})).toBe('None');
  expect(headersWords({ 'x-gate': '***' })).toBe('x-gate (1 value not shown)');
  expect(headersWords({ a: '***', b: '***' })).toBe('a, b (2 values not shown)');
});
