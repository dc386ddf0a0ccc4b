import { expect, it } from 'vitest';
import { limitOf, limitWords } from './rate-limit';

it('a limit is a whole number that the server takes, or none', () => {
  expect([limitOf(''), limitOf('  ')]).toEqual([null, null]);
  expect([limitOf('1'), limitOf(' 50 '), limitOf('1000')]).toEqual([1, 50, 1_000]);
  for (const text of ['0', '1001', '-1', '1.5', '1e2', 'fast', '99999999999999999999']) {
    expect(limitOf(text), text).toBeUndefined();
  }
});

it('a limit is said in words', () => {
  expect([limitWords(null), limitWords(undefined)]).toEqual(['No limit', 'No limit']);
  expect([limitWords(1), limitWords(50)]).toEqual([
    'At most 1 attempt a second',
    'At most 50 attempts a second',
  ]);
});
